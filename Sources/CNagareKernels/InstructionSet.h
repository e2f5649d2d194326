#pragma once

/// Whether the AVX2 forms of the kernels are to be called: the processor has AVX2 and FMA, and nobody
/// asked for the portable forms.
int nagare_use_avx2(void);

#if defined(__x86_64__)
#define NAGARE_DISPATCH(NAME, ARGUMENTS) \
  (nagare_use_avx2() ? NAME##_avx2 ARGUMENTS : NAME##_portable ARGUMENTS)
#else
#define NAGARE_DISPATCH(NAME, ARGUMENTS) NAME##_portable ARGUMENTS
#endif
