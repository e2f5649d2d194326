/// Compiles NAGARE_BODY once for every pair of element type and instruction set.
///
/// A kernel's file includes this header and names itself as the body; within the body (where REAL
/// is defined) `NAME(f)` is `f_f32_avx2` and so on, and vectors have the instruction set's width.
/// The same source, written with the compiler's vector types, so serves all of them.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "InstructionSet.h"

#define NAGARE_JOIN(A, B, C) A##_##B##_##C
#define NAGARE_JOIN_EXPANDED(A, B, C) NAGARE_JOIN(A, B, C)
#define NAME(F) NAGARE_JOIN_EXPANDED(F, REAL_NAME, ISA_NAME)

#define INLINE static inline __attribute__((always_inline))

#define REAL float
#define REAL_BITS int32_t
#define REAL_NAME f32
#define ISA_NAME portable
#define VECTOR_BYTES 16
#include NAGARE_BODY
#undef VECTOR_BYTES
#undef ISA_NAME
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define ISA_NAME avx2
#define VECTOR_BYTES 32
#include NAGARE_BODY
#undef VECTOR_BYTES
#undef ISA_NAME
#pragma clang attribute pop
#endif
#undef REAL
#undef REAL_BITS
#undef REAL_NAME

#ifndef NAGARE_FLOAT32_ONLY
#define REAL double
#define REAL_BITS int64_t
#define REAL_NAME f64
#define ISA_NAME portable
#define VECTOR_BYTES 16
#include NAGARE_BODY
#undef VECTOR_BYTES
#undef ISA_NAME
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define ISA_NAME avx2
#define VECTOR_BYTES 32
#include NAGARE_BODY
#undef VECTOR_BYTES
#undef ISA_NAME
#pragma clang attribute pop
#endif
#undef REAL
#undef REAL_BITS
#undef REAL_NAME
#endif
