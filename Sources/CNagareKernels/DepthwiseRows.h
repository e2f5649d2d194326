/// What depthwise convolution and its gradients do to rows, within the body of a kernel (see Multiversion.h).

#ifndef FIXED
/// Makes the compiler compute addresses from this pointer, not each from the one before, in a long chain,
/// nor all before the loop, for which there are too few registers.
#define FIXED(POINTER) __asm__("" : "+r"(POINTER))
#endif

/// Repeats every element `times` times, so that input channels line up with output channels.
static void NAME(repeat)(
    const REAL *restrict source, int64_t count, int64_t times, REAL *restrict target) {
  for (int64_t i = 0; i < count; i++)
    for (int64_t j = 0; j < times; j++) *target++ = source[i];
}
