#ifndef REAL

#include "NagareOptimizers.h"

#include <math.h>

#define NAGARE_BODY "Optimizers.c"
#include "Multiversion.h"

#define EXPORT(T, S)                                                                           \
  void nagare_adam_##S(                                                                        \
      int64_t count, T *variable, T *m, T *v, const T *gradient, T alpha, T beta1, T beta2,    \
      T epsilon, bool nesterov) {                                                              \
    NAGARE_DISPATCH(                                                                           \
        adam_##S, (count, variable, m, v, gradient, alpha, beta1, beta2, epsilon, nesterov));  \
  }

EXPORT(float, f32)
EXPORT(double, f64)

#else

#include "VectorTypes.h"

static void NAME(adam)(
    int64_t count, REAL *variable, REAL *m, REAL *v, const REAL *gradient, REAL alpha, REAL beta1,
    REAL beta2, REAL epsilon, bool nesterov) {
  const REAL rest1 = 1 - beta1, rest2 = 1 - beta2;
  for (int64_t i = 0; i < count; i += LANES) {
    const int64_t lanes = count - i < LANES ? count - i : LANES;
    const VECTOR g = NAME(load_part)(gradient + i, lanes);
    VECTOR first = NAME(load_part)(m + i, lanes), second = NAME(load_part)(v + i, lanes);
    first += (g - first) * rest1;
    second += (g * g - second) * rest2;
    const VECTOR direction = nesterov ? g * rest1 + first * beta1 : first;
    const VECTOR step = direction * alpha / (__builtin_elementwise_sqrt(second) + epsilon);
    NAME(store_part)(m + i, first, lanes);
    NAME(store_part)(v + i, second, lanes);
    NAME(store_part)(variable + i, NAME(load_part)(variable + i, lanes) - step, lanes);
  }
}

#endif
