/// Compiles NAGARE_BODY once for every pair of element type and instruction set.
///
/// A kernel's file includes this header and names itself as the body; within the body (where REAL
/// is defined) `NAME(f)` is `f_f32_avx2` and so on, and vectors have the instruction set's width.
/// The same source, written with the compiler's vector types, so serves all of them.
/// NAGARE_INTEGERS asks for the integer types as well, NAGARE_UINT32 and NAGARE_UINT64 for the unsigned
/// ones, whose arithmetic wraps and so serves signed integers too.
#include <float.h>
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
#define REAL_NAME f32
#define REAL_BITS int32_t
#define REAL_LOWEST (-FLT_MAX)
#define REAL_FLOATING 1
#include "MultiversionType.h"

#ifndef NAGARE_FLOAT32_ONLY
#define REAL double
#define REAL_NAME f64
#define REAL_BITS int64_t
#define REAL_LOWEST (-DBL_MAX)
#define REAL_FLOATING 1
#include "MultiversionType.h"
#endif

#ifdef NAGARE_INTEGERS
#define REAL int8_t
#define REAL_NAME i8
#define REAL_BITS int8_t
#define REAL_LOWEST INT8_MIN
#define REAL_FLOATING 0
#include "MultiversionType.h"

#define REAL int16_t
#define REAL_NAME i16
#define REAL_BITS int16_t
#define REAL_LOWEST INT16_MIN
#define REAL_FLOATING 0
#include "MultiversionType.h"

#define REAL int32_t
#define REAL_NAME i32
#define REAL_BITS int32_t
#define REAL_LOWEST INT32_MIN
#define REAL_FLOATING 0
#include "MultiversionType.h"

#define REAL int64_t
#define REAL_NAME i64
#define REAL_BITS int64_t
#define REAL_LOWEST INT64_MIN
#define REAL_FLOATING 0
#include "MultiversionType.h"

#define REAL uint8_t
#define REAL_NAME u8
#define REAL_BITS int8_t
#define REAL_LOWEST 0
#define REAL_FLOATING 0
#include "MultiversionType.h"

#define REAL uint16_t
#define REAL_NAME u16
#define REAL_BITS int16_t
#define REAL_LOWEST 0
#define REAL_FLOATING 0
#include "MultiversionType.h"
#endif

#ifdef NAGARE_UINT32
#define REAL uint32_t
#define REAL_NAME u32
#define REAL_BITS int32_t
#define REAL_LOWEST 0
#define REAL_FLOATING 0
#include "MultiversionType.h"
#endif

#ifdef NAGARE_UINT64
#define REAL uint64_t
#define REAL_NAME u64
#define REAL_BITS int64_t
#define REAL_LOWEST 0
#define REAL_FLOATING 0
#include "MultiversionType.h"
#endif
