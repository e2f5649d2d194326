#ifndef REAL

#include "NagareResize.h"

#define NAGARE_FLOAT32_ONLY
#define NAGARE_BODY "Resize.c"
#include "Multiversion.h"

void nagare_resize_row_u8(
    int64_t width, int64_t channels, const uint8_t *upper, const uint8_t *lower,
    const int32_t *before, const int32_t *after, const float *fractions, float row_fraction,
    float *target) {
  NAGARE_DISPATCH(
      resize_row_u8_f32,
      (width, channels, upper, lower, before, after, fractions, row_fraction, target));
}

void nagare_resize_row_f32(
    int64_t width, int64_t channels, const float *upper, const float *lower,
    const int32_t *before, const int32_t *after, const float *fractions, float row_fraction,
    float *target) {
  NAGARE_DISPATCH(
      resize_row_f32_f32,
      (width, channels, upper, lower, before, after, fractions, row_fraction, target));
}

void nagare_cast_u8_f32(int64_t count, const uint8_t *source, float *target) {
  NAGARE_DISPATCH(cast_u8_f32, (count, source, target));
}

#else

/// The channels of a pixel, up to four, and those of one in each of two rows.
typedef float NAME(pixel) __attribute__((vector_size(16)));
typedef float NAME(loose_pixel) __attribute__((vector_size(16), aligned(4), may_alias));
typedef float NAME(pixels) __attribute__((vector_size(32)));
typedef uint8_t NAME(loose_bytes) __attribute__((vector_size(4), aligned(1), may_alias));

#define BOTH(TYPE, UPPER, LOWER) \
  __builtin_shufflevector(*(const TYPE *)(UPPER), *(const TYPE *)(LOWER), 0, 1, 2, 3, 4, 5, 6, 7)
#define PIXELS_u8(UPPER, LOWER) \
  __builtin_convertvector(BOTH(NAME(loose_bytes), UPPER, LOWER), NAME(pixels))
#define PIXELS_f32(UPPER, LOWER) BOTH(NAME(loose_pixel), UPPER, LOWER)

// Four numbers are read and written where there are three channels, except for the pixels after which
// memory may end or belong to another thread.
#define RESIZE_ROW(TYPE, TYPE_NAME)                                                            \
  INLINE void NAME(resize_pixels_##TYPE_NAME)(                                                 \
      int64_t width, int64_t channels, const TYPE *upper, const TYPE *lower,                   \
      const int32_t *before, const int32_t *after, const float *fractions,                     \
      float row_fraction, float *target) {                                                     \
    _Pragma("clang fp contract(off)")                                                          \
    int64_t wide = channels == 4 ? width : channels == 3 ? width - 1 : 0;                      \
    while (channels == 3 && wide > 0 && after[wide - 1] == after[width - 1]) wide--;           \
    for (int64_t i = 0; i < wide; i++) {                                                       \
      const int64_t left = before[i] * channels, right = after[i] * channels;                  \
      const NAME(pixels) first = PIXELS_##TYPE_NAME(upper + left, lower + left);               \
      const NAME(pixels) second = PIXELS_##TYPE_NAME(upper + right, lower + right);            \
      const NAME(pixels) rows = first + (second - first) * fractions[i];                       \
      const NAME(pixel) top = __builtin_shufflevector(rows, rows, 0, 1, 2, 3);                 \
      const NAME(pixel) bottom = __builtin_shufflevector(rows, rows, 4, 5, 6, 7);              \
      *(NAME(loose_pixel) *)(target + i * channels) = top + (bottom - top) * row_fraction;     \
    }                                                                                          \
    for (int64_t i = wide; i < width; i++) {                                                   \
      const int64_t left = before[i] * channels, right = after[i] * channels;                  \
      const float fraction = fractions[i];                                                     \
      for (int64_t c = 0; c < channels; c++) {                                                 \
        const float top_left = upper[left + c], bottom_left = lower[left + c];                 \
        const float top = top_left + ((float)upper[right + c] - top_left) * fraction;          \
        const float bottom = bottom_left + ((float)lower[right + c] - bottom_left) * fraction; \
        target[i * channels + c] = top + (bottom - top) * row_fraction;                        \
      }                                                                                        \
    }                                                                                          \
  }                                                                                            \
  static void NAME(resize_row_##TYPE_NAME)(                                                    \
      int64_t width, int64_t channels, const TYPE *upper, const TYPE *lower,                   \
      const int32_t *before, const int32_t *after, const float *fractions,                     \
      float row_fraction, float *target) {                                                     \
    switch (channels) {                                                                        \
      case 1:                                                                                  \
        NAME(resize_pixels_##TYPE_NAME)(                                                       \
            width, 1, upper, lower, before, after, fractions, row_fraction, target);           \
        break;                                                                                 \
      case 3:                                                                                  \
        NAME(resize_pixels_##TYPE_NAME)(                                                       \
            width, 3, upper, lower, before, after, fractions, row_fraction, target);           \
        break;                                                                                 \
      default:                                                                                 \
        NAME(resize_pixels_##TYPE_NAME)(                                                       \
            width, channels, upper, lower, before, after, fractions, row_fraction, target);    \
    }                                                                                          \
  }
RESIZE_ROW(uint8_t, u8)
RESIZE_ROW(float, f32)
#undef RESIZE_ROW
#undef PIXELS_f32
#undef PIXELS_u8
#undef BOTH

static void NAME(cast_u8)(int64_t count, const uint8_t *source, float *target) {
  for (int64_t i = 0; i < count; i++) target[i] = source[i];
}

#endif
