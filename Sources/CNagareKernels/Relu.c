#include "NagareRelu.h"

void nagare_relu_f32(int64_t count, const float *x, float *y) {
  // Written so that NaN passes.
  for (int64_t i = 0; i < count; i++) y[i] = x[i] <= 0 ? 0 : x[i];
}

void nagare_relu6_f32(int64_t count, const float *x, float *y) {
  for (int64_t i = 0; i < count; i++) y[i] = x[i] <= 0 ? 0 : x[i] >= 6 ? 6 : x[i];
}

void nagare_relu_gradient_f32(int64_t count, const float *gradient, const float *x, float *y) {
  // A product, so that what is infinite or NaN shows where the derivative is zero.
  for (int64_t i = 0; i < count; i++) y[i] = gradient[i] * (x[i] > 0 ? 1.0f : 0.0f);
}
