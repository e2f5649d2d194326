#ifndef REAL

#include "NagarePeak.h"

#define NAGARE_FLOAT32_ONLY
#define NAGARE_BODY "Peak.c"
#include "Multiversion.h"

double nagare_multiply_adds(int64_t rounds) {
  return NAGARE_DISPATCH(multiply_adds_f32, (rounds));
}

#else

#include "VectorTypes.h"

/// With their operands in registers.
#undef CHAINS
#if VECTOR_REGISTERS == 32
#define CHAINS 24
#else
#define CHAINS 12
#endif

static double NAME(multiply_adds)(int64_t rounds) {
  VECTOR sum[CHAINS];
  VECTOR x = NAME(splat)(0.999f), y = NAME(splat)(0.001f);
  // Their product is not to be known beforehand.
  __asm__ volatile("" : "+m"(x), "+m"(y));
  for (int i = 0; i < CHAINS; i++) sum[i] = NAME(splat)((REAL)i);
  for (int64_t round = 0; round < rounds; round++) {
    // The values stay where the compiler cannot see them, so that no round is left out.
    __asm__ volatile("" : "+m"(rounds));
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS; i++) sum[i] += x * y;
  }
  VECTOR total = sum[0];
  for (int i = 1; i < CHAINS; i++) total += sum[i];
  REAL kept = total[0];
  __asm__ volatile("" : "+m"(kept));
  return (double)(CHAINS * LANES);
}

#endif
