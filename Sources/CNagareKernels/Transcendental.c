#ifndef REAL

#include "NagareTranscendental.h"

#include <math.h>

#define NAGARE_FLOAT32_ONLY
#define NAGARE_BODY "Transcendental.c"
#include "Multiversion.h"

void nagare_exp_f32(int64_t count, const float *x, float *y) {
  NAGARE_DISPATCH(exponential_f32, (count, x, y));
}

void nagare_log_f32(int64_t count, const float *x, float *y) {
  NAGARE_DISPATCH(logarithm_f32, (count, x, y));
}

void nagare_tanh_f32(int64_t count, const float *x, float *y) {
  NAGARE_DISPATCH(hyperbolic_tangent_f32, (count, x, y));
}

void nagare_sigmoid_f32(int64_t count, const float *x, float *y) {
  NAGARE_DISPATCH(sigmoid_f32, (count, x, y));
}

#else

#include "VectorTypes.h"

typedef uint32_t NAME(bits) __attribute__((vector_size(VECTOR_BYTES)));

/// exp(x) = 2ⁿ · exp(r), where n is x / ln 2 rounded and |r| ≤ ln 2 / 2. The polynomials of this file
/// interpolate at the Chebyshev nodes of their interval.
INLINE VECTOR NAME(exp_vector)(VECTOR x) {
  // Beyond these the result is 0 or ∞ already.
  x = NAME(select)((MASK)(x < -104.0f), NAME(splat)(-104.0f), x);
  x = NAME(select)((MASK)(x > 89.0f), NAME(splat)(89.0f), x);
  // Adding 3 · 2²² leaves the rounded integer in the low bits.
  const VECTOR shifted = x * 0x1.715476p0f + 0x1.8p23f;
  const VECTOR n = shifted - 0x1.8p23f;
  const MASK power = (MASK)((NAME(bits))shifted - 0x4b400000u);
  const VECTOR r = (x - n * 0.693145751953125f) - n * 1.42860677e-6f;
  VECTOR p = r * 0.00139261817f + 0.008363178f;
  p = p * r + 0.0416665561f;
  p = p * r + 0.166665763f;
  p = p * r + 0.5f;
  p = p * (r * r) + r + 1.0f;
  // Two steps, for 2ⁿ itself may not be a normal number where the result is one.
  const MASK half = power >> 1;
  const VECTOR first = (VECTOR)((NAME(bits))(half + 127) << 23);
  const VECTOR second = (VECTOR)((NAME(bits))(power - half + 127) << 23);
  return p * first * second;
}

/// log(x) = e · ln 2 + log(1 + f), where x = 2ᵉ (1 + f) and 1 + f lies between √½ and √2.
INLINE VECTOR NAME(log_vector)(VECTOR x) {
  const MASK small = (MASK)(x < 0x1p-126f);
  const VECTOR scaled = NAME(select)(small, x * 0x1p23f, x);
  const NAME(bits) pattern = (NAME(bits))scaled;
  const MASK exponent = (MASK)(pattern - 0x3f3504f3u) >> 23;
  const VECTOR f = (VECTOR)(pattern - ((NAME(bits))exponent << 23)) - 1.0f;
  const VECTOR e = __builtin_convertvector(exponent - (small & 23), VECTOR);
  const VECTOR square = f * f;
  VECTOR p = f * 0.0697161183f - 0.114797339f;
  p = p * f + 0.116854198f;
  p = p * f - 0.124256872f;
  p = p * f + 0.142490581f;
  p = p * f - 0.166678026f;
  p = p * f + 0.200007156f;
  p = p * f - 0.24999997f;
  p = p * f + 0.333333313f;
  VECTOR y = p * (f * square) + e * 1.42860677e-6f;
  y = y - 0.5f * square;
  y = (f + y) + e * 0.693145751953125f;
  y = NAME(select)((MASK)(x == 0.0f), NAME(splat)(-INFINITY), y);
  y = NAME(select)((MASK)(x < 0.0f), NAME(splat)(NAN), y);
  // ∞ and NaN are their own logarithm.
  return NAME(select)((MASK)(x < INFINITY), y, x);
}

INLINE VECTOR NAME(tanh_vector)(VECTOR x) {
  const MASK sign = (MASK)x & (MASK)NAME(splat)(-0.0f);
  const VECTOR size = (VECTOR)((MASK)x ^ sign);
  // 1 − 2 / (exp(2 |x|) + 1) loses digits near zero, where a polynomial holds.
  const VECTOR square = size * size;
  VECTOR p = square * -0.00609671418f + 0.0209971797f;
  p = p * square - 0.0538509078f;
  p = p * square + 0.133327693f;
  p = p * square - 0.333333284f;
  const VECTOR near = p * (square * size) + size;
  const VECTOR far = 1.0f - 2.0f / (NAME(exp_vector)(size + size) + 1.0f);
  return (VECTOR)((MASK)NAME(select)((MASK)(size < 0.625f), near, far) | sign);
}

INLINE VECTOR NAME(sigmoid_vector)(VECTOR x) {
  const VECTOR e = NAME(exp_vector)((VECTOR)((MASK)x | (MASK)NAME(splat)(-0.0f)));
  const VECTOR numerator = NAME(select)((MASK)(x < 0.0f), e, NAME(splat)(1.0f));
  return numerator / (e + 1.0f);
}

#define LOOP(LOOP_NAME, FUNCTION)                                                              \
  static void NAME(LOOP_NAME)(int64_t count, const REAL *x, REAL *y) {                         \
    int64_t i = 0;                                                                             \
    for (; i + LANES <= count; i += LANES) NAME(store)(y + i, NAME(FUNCTION)(NAME(load)(x + i))); \
    if (i < count)                                                                             \
      NAME(store_part)(y + i, NAME(FUNCTION)(NAME(load_part)(x + i, count - i)), count - i);   \
  }
LOOP(exponential, exp_vector)
LOOP(logarithm, log_vector)
LOOP(hyperbolic_tangent, tanh_vector)
LOOP(sigmoid, sigmoid_vector)
#undef LOOP

#endif
