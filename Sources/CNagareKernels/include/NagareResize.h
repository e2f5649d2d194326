#pragma once

#include <stdint.h>

/// One row of a picture resized by bilinear interpolation, `width` pixels of `channels` numbers:
/// `upper` and `lower` are the two rows of the input between which it lies, `row_fraction` how far it
/// is from the upper one; `before`, `after` and `fractions` say the same of each pixel in the row. No
/// product is fused with a sum, so that the numbers are those of TensorFlow.
void nagare_resize_row_u8(
    int64_t width, int64_t channels, const uint8_t *upper, const uint8_t *lower,
    const int32_t *before, const int32_t *after, const float *fractions, float row_fraction,
    float *target);
void nagare_resize_row_f32(
    int64_t width, int64_t channels, const float *upper, const float *lower,
    const int32_t *before, const int32_t *after, const float *fractions, float row_fraction,
    float *target);

/// The same numbers as floats.
void nagare_cast_u8_f32(int64_t count, const uint8_t *source, float *target);
