#ifndef REAL

#include "NagareReduction.h"

#define NAGARE_FLOAT32_ONLY
#define NAGARE_BODY "Reduction.c"
#include "Multiversion.h"

float nagare_sum_f32(int64_t count, const float *x) { return NAGARE_DISPATCH(sum_f32, (count, x)); }

#else

typedef float NAME(eight) __attribute__((vector_size(32)));
typedef float NAME(loose_eight) __attribute__((vector_size(32), aligned(4), may_alias));

static float NAME(sum)(int64_t count, const float *x) {
  NAME(eight) sums = {0};
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) sums += *(const NAME(loose_eight) *)(x + i);
  for (; i < count; i++) sums[0] += x[i];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

#endif
