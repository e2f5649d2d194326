#pragma once

#include <stdbool.h>
#include <stdint.h>

/// One step of Adam (TensorFlow's ApplyAdam) over `count` elements, in place:
///
///     m += (g − m) · (1 − beta1);  v += (g² − v) · (1 − beta2);
///     variable −= alpha · m / (√v + epsilon)
///
/// or, with `nesterov`, with g · (1 − beta1) + beta1 · m in place of m at the end. `alpha` is
/// learning rate · √(1 − beta2ᵗ) / (1 − beta1ᵗ).
void nagare_adam_f32(
    int64_t count, float *variable, float *m, float *v, const float *gradient, float alpha,
    float beta1, float beta2, float epsilon, bool nesterov);
void nagare_adam_f64(
    int64_t count, double *variable, double *m, double *v, const double *gradient, double alpha,
    double beta1, double beta2, double epsilon, bool nesterov);
