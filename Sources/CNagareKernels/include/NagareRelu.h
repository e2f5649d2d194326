#pragma once

#include <stdint.h>

/// y = max(x, 0). `y` may be `x`.
void nagare_relu_f32(int64_t count, const float *x, float *y);

/// y = min(max(x, 0), 6). `y` may be `x`.
void nagare_relu6_f32(int64_t count, const float *x, float *y);

/// y = gradient where x > 0, 0 elsewhere. `y` may be `gradient`.
void nagare_relu_gradient_f32(int64_t count, const float *gradient, const float *x, float *y);
