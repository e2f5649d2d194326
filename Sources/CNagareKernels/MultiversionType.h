/// Compiles NAGARE_BODY for the element type that is defined, once an instruction set, and undefines
/// the type (see Multiversion.h). An instruction set is its name, the width of its vectors, and whether
/// it has 32 vector registers or 16, which tells how large a tile of a product may be.
#define ISA_NAME portable
#define VECTOR_BYTES 16
#define VECTOR_REGISTERS 16
#include NAGARE_BODY
#undef VECTOR_REGISTERS
#undef VECTOR_BYTES
#undef ISA_NAME

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define ISA_NAME avx2
#define VECTOR_BYTES 32
#define VECTOR_REGISTERS 16
#include NAGARE_BODY
#undef VECTOR_REGISTERS
#undef VECTOR_BYTES
#undef ISA_NAME
#pragma clang attribute pop
#elif defined(__aarch64__)
// Every processor of the architecture has NEON with fused multiply-add: no target is needed.
#define ISA_NAME neon
#define VECTOR_BYTES 16
#define VECTOR_REGISTERS 32
#include NAGARE_BODY
#undef VECTOR_REGISTERS
#undef VECTOR_BYTES
#undef ISA_NAME
#endif

#undef REAL
#undef REAL_NAME
#undef REAL_BITS
#undef REAL_LOWEST
#undef REAL_FLOATING
