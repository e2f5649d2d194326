/// Compiles NAGARE_BODY for the element type that is defined, once an instruction set, and undefines
/// the type (see Multiversion.h).
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
#undef REAL_NAME
#undef REAL_BITS
#undef REAL_LOWEST
#undef REAL_FLOATING
