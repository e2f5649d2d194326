#pragma once

/// The instruction set that has forms of the kernels beside the portable ones.
#if defined(__x86_64__)
#define NAGARE_FAST avx2
#elif defined(__aarch64__)
#define NAGARE_FAST neon
#endif

/// Whether those forms are to be called: the processor has the instruction set, and nobody asked for the
/// portable forms.
int nagare_use_fast(void);

#ifdef NAGARE_FAST
#define NAGARE_FORM(NAME, SET) NAME##_##SET
#define NAGARE_FORM_EXPANDED(NAME, SET) NAGARE_FORM(NAME, SET)
#define NAGARE_DISPATCH(NAME, ARGUMENTS)                                                       \
  (nagare_use_fast() ? NAGARE_FORM_EXPANDED(NAME, NAGARE_FAST) ARGUMENTS                       \
                     : NAME##_portable ARGUMENTS)
#else
#define NAGARE_DISPATCH(NAME, ARGUMENTS) NAME##_portable ARGUMENTS
#endif
