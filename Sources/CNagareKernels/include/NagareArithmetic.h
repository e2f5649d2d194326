#pragma once

#include <stdint.h>

/// y = a + b and so on for `count` elements. A step is 1, or 0 for an operand that is one number. `y` may
/// be `a` or `b` where that one's step is 1.
void nagare_add_f32(
    int64_t count, const float *a, int64_t a_step, const float *b, int64_t b_step, float *y);
void nagare_subtract_f32(
    int64_t count, const float *a, int64_t a_step, const float *b, int64_t b_step, float *y);
void nagare_multiply_f32(
    int64_t count, const float *a, int64_t a_step, const float *b, int64_t b_step, float *y);
void nagare_divide_f32(
    int64_t count, const float *a, int64_t a_step, const float *b, int64_t b_step, float *y);
