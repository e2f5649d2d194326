#include "NagareRelu.h"

/// An element depends on the same place alone, so that loops may be in place and vectorised.
#define IN_PLACE _Pragma("clang loop vectorize(assume_safety)")

void nagare_relu_f32(int64_t count, const float *x, float *y) {
  // Written so that NaN passes.
  IN_PLACE for (int64_t i = 0; i < count; i++) y[i] = x[i] <= 0 ? 0 : x[i];
}

void nagare_relu6_f32(int64_t count, const float *x, float *y) {
  IN_PLACE for (int64_t i = 0; i < count; i++) {
    const float above = x[i] <= 0 ? 0 : x[i];
    y[i] = above >= 6 ? 6 : above;
  }
}

void nagare_relu_gradient_f32(int64_t count, const float *gradient, const float *x, float *y) {
  // A product, so that what is infinite or NaN shows where the derivative is zero.
  IN_PLACE for (int64_t i = 0; i < count; i++) y[i] = gradient[i] * (x[i] > 0 ? 1.0f : 0.0f);
}
