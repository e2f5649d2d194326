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

/// The channels of a pixel, up to four.
typedef float NAME(pixel) __attribute__((vector_size(16)));
typedef float NAME(loose_pixel) __attribute__((vector_size(16), aligned(4), may_alias));
typedef uint8_t NAME(bytes) __attribute__((vector_size(4)));
typedef uint8_t NAME(loose_bytes) __attribute__((vector_size(4), aligned(1), may_alias));

INLINE NAME(pixel) NAME(pixel_u8)(const uint8_t *source) {
  return __builtin_convertvector((NAME(bytes)) * (const NAME(loose_bytes) *)source, NAME(pixel));
}
INLINE NAME(pixel) NAME(pixel_f32)(const float *source) {
  return *(const NAME(loose_pixel) *)source;
}

// Four numbers are read and written where there are three channels, except for the pixels after which
// memory may end or belong to another thread.
#define RESIZE_ROW(TYPE, TYPE_NAME)                                                            \
  INLINE void NAME(resize_pixels_##TYPE_NAME)(                                                 \
      int64_t width, int64_t channels, int32_t last, const TYPE *upper, const TYPE *lower,     \
      const int32_t *before, const int32_t *after, const float *fractions,                     \
      float row_fraction, float *target) {                                                     \
    _Pragma("clang fp contract(off)") for (int64_t i = 0; i < width; i++) {                    \
      const int64_t left = before[i] * channels, right = after[i] * channels;                  \
      const float fraction = fractions[i];                                                     \
      if (channels == 4 || (channels == 3 && after[i] < last && i + 1 < width)) {              \
        const NAME(pixel) top_left = NAME(pixel_##TYPE_NAME)(upper + left);                    \
        const NAME(pixel) bottom_left = NAME(pixel_##TYPE_NAME)(lower + left);                 \
        const NAME(pixel) top =                                                                \
            top_left + (NAME(pixel_##TYPE_NAME)(upper + right) - top_left) * fraction;         \
        const NAME(pixel) bottom =                                                             \
            bottom_left + (NAME(pixel_##TYPE_NAME)(lower + right) - bottom_left) * fraction;   \
        *(NAME(loose_pixel) *)(target + i * channels) = top + (bottom - top) * row_fraction;   \
        continue;                                                                              \
      }                                                                                        \
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
    const int32_t last = after[width - 1];                                                     \
    switch (channels) {                                                                        \
      case 1:                                                                                  \
        NAME(resize_pixels_##TYPE_NAME)(                                                       \
            width, 1, last, upper, lower, before, after, fractions, row_fraction, target);     \
        break;                                                                                 \
      case 3:                                                                                  \
        NAME(resize_pixels_##TYPE_NAME)(                                                       \
            width, 3, last, upper, lower, before, after, fractions, row_fraction, target);     \
        break;                                                                                 \
      default:                                                                                 \
        NAME(resize_pixels_##TYPE_NAME)(                                                       \
            width, channels, last, upper, lower, before, after, fractions, row_fraction,       \
            target);                                                                           \
    }                                                                                          \
  }
RESIZE_ROW(uint8_t, u8)
RESIZE_ROW(float, f32)
#undef RESIZE_ROW

static void NAME(cast_u8)(int64_t count, const uint8_t *source, float *target) {
  for (int64_t i = 0; i < count; i++) target[i] = source[i];
}

#endif
