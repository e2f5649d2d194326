#pragma once

#include <stdint.h>

/// Adds the second half of some pixels to the first, and so on until one is left: `sums` begins with it.
/// With an odd number the middle one stays. `sums` has room for all pixels but the last half.
void nagare_sum_halves_f32(int64_t pixels, int64_t channels, const float *source, float *sums);

/// Each channel moved away from its mean: `mean + factor * (x - mean)`, rounded after each operation.
void nagare_adjust_contrast_f32(
    int64_t pixels, int64_t channels, const float *source, const float *means, float factor,
    float *target);
