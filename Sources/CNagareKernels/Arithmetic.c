#ifndef REAL

#include "NagareArithmetic.h"

#define NAGARE_FLOAT32_ONLY
#define NAGARE_BODY "Arithmetic.c"
#include "Multiversion.h"

#define EXPORT(F)                                                                              \
  void nagare_##F##_f32(                                                                       \
      int64_t count, const float *a, int64_t a_step, const float *b, int64_t b_step,           \
      float *y) {                                                                              \
    NAGARE_DISPATCH(F##_f32, (count, a, a_step, b, b_step, y));                                \
  }

EXPORT(add)
EXPORT(subtract)
EXPORT(multiply)
EXPORT(divide)

#else

// The result may be an operand: an element is written after it was read, and no other is.
#define LOOP _Pragma("clang loop vectorize(assume_safety)") for (int64_t i = 0; i < count; i++)

#define ARITHMETIC(F, OPERATOR)                                                                \
  static void NAME(F)(                                                                         \
      int64_t count, const REAL *a, int64_t a_step, const REAL *b, int64_t b_step, REAL *y) {  \
    if (a_step && b_step) {                                                                    \
      LOOP y[i] = a[i] OPERATOR b[i];                                                          \
    } else if (b_step) {                                                                       \
      const REAL x = a[0];                                                                     \
      LOOP y[i] = x OPERATOR b[i];                                                             \
    } else {                                                                                   \
      const REAL x = b[0];                                                                     \
      LOOP y[i] = a[i] OPERATOR x;                                                             \
    }                                                                                          \
  }

ARITHMETIC(add, +)
ARITHMETIC(subtract, -)
ARITHMETIC(multiply, *)
ARITHMETIC(divide, /)

#undef ARITHMETIC
#undef LOOP

#endif
