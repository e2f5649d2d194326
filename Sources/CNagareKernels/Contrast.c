#ifndef REAL

#include "NagareContrast.h"

#define NAGARE_FLOAT32_ONLY
#define NAGARE_BODY "Contrast.c"
#include "Multiversion.h"

void nagare_sum_halves_f32(int64_t pixels, int64_t channels, const float *source, float *sums) {
  NAGARE_DISPATCH(sum_halves_f32, (pixels, channels, source, sums));
}

void nagare_adjust_contrast_f32(
    int64_t pixels, int64_t channels, const float *source, const float *means, float factor,
    float *target) {
  NAGARE_DISPATCH(adjust_contrast_f32, (pixels, channels, source, means, factor, target));
}

#else

static void NAME(sum_halves)(
    int64_t pixels, int64_t channels, const float *source, float *sums) {
  if (pixels == 1) memcpy(sums, source, (size_t)channels * sizeof *sums);
  while (pixels > 1) {
    const int64_t right = pixels / 2;
    const int64_t left = pixels - right;
    const float *second = source + left * channels;
    // What is written was read, or will not be.
    _Pragma("clang loop vectorize(assume_safety)") for (int64_t i = 0; i < right * channels; i++) {
      sums[i] = source[i] + second[i];
    }
    if (left > right && source != sums) {
      memcpy(sums + right * channels, source + right * channels, (size_t)channels * sizeof *sums);
    }
    source = sums;
    pixels = left;
  }
}

static void NAME(adjust_contrast)(
    int64_t pixels, int64_t channels, const float *restrict source, const float *means,
    float factor, float *restrict target) {
  _Pragma("clang fp contract(off)") if (channels == 1) {
    const float mean = means[0];
    for (int64_t i = 0; i < pixels; i++) target[i] = mean + factor * (source[i] - mean);
    return;
  }
  for (int64_t pixel = 0; pixel < pixels; pixel++) {
    for (int64_t c = 0; c < channels; c++) {
      const int64_t i = pixel * channels + c;
      target[i] = means[c] + factor * (source[i] - means[c]);
    }
  }
}

#endif
