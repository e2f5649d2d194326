#pragma once

#include <stdint.h>

/// Functions of mathematics over `count` elements; `y` may be `x`. NaN stays NaN, infinities and signed
/// zeros give what C's functions give. The greatest error found over every 23rd float, in units of the
/// last place of the exact result: exp 1.1, log 0.8, tanh 1.4, sigmoid 2.3.
void nagare_exp_f32(int64_t count, const float *x, float *y);
void nagare_log_f32(int64_t count, const float *x, float *y);
void nagare_tanh_f32(int64_t count, const float *x, float *y);
/// 1 / (1 + exp(−x)).
void nagare_sigmoid_f32(int64_t count, const float *x, float *y);
