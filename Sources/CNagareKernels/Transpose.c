#include "NagareTranspose.h"

/// Rows and columns of the squares that are transposed at a time, so that both sides stay in the
/// first-level cache.
#define SQUARE 16

#define TRANSPOSE(T)                                                                           \
  static void transpose_##T(                                                                   \
      int64_t rows, int64_t columns, int64_t source_step, int64_t target_step,                 \
      const T *restrict source, T *restrict target) {                                          \
    for (int64_t i = 0; i < rows; i += SQUARE)                                                 \
      for (int64_t j = 0; j < columns; j += SQUARE) {                                          \
        int64_t bottom = rows - i < SQUARE ? rows : i + SQUARE;                                \
        int64_t right = columns - j < SQUARE ? columns : j + SQUARE;                           \
        for (int64_t x = j; x < right; x++)                                                    \
          for (int64_t y = i; y < bottom; y++)                                                 \
            target[x * target_step + y] = source[y * source_step + x];                         \
      }                                                                                        \
  }

TRANSPOSE(uint8_t)
TRANSPOSE(uint16_t)
TRANSPOSE(uint32_t)
TRANSPOSE(uint64_t)

void nagare_transpose(
    int64_t rows, int64_t columns, int64_t source_step, int64_t target_step,
    int64_t element_bytes, const void *source, void *target) {
  switch (element_bytes) {
    case 1: transpose_uint8_t(rows, columns, source_step, target_step, source, target); break;
    case 2: transpose_uint16_t(rows, columns, source_step, target_step, source, target); break;
    case 4: transpose_uint32_t(rows, columns, source_step, target_step, source, target); break;
    case 8: transpose_uint64_t(rows, columns, source_step, target_step, source, target); break;
    default: break;
  }
}
