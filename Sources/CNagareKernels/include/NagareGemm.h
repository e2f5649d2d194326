#pragma once

#include <stdbool.h>
#include <stdint.h>

/// Matrix products. `m`, `n` and `k` may be 0.

/// Bytes of scratch memory that a product of elements of this size needs.
int64_t nagare_gemm_scratch_bytes(int64_t m, int64_t n, int64_t k, int64_t element_bytes);

/// For an element type T: C[m,n] = A[m,k] · B[k,n], or C += A · B with `accumulate`. `lda`, `ldb` and
/// `ldc` are the elements between rows as stored; with `transpose_a` A is stored as [k,m], with
/// `transpose_b` B as [n,k]. An element of C has the same bits whatever part of C is computed with it,
/// so a caller may divide C into tasks at will. Integers wrap.
#define NAGARE_DECLARE_GEMM(T, S)                                                              \
  void nagare_gemm_##S(                                                                        \
      bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const T *a,         \
      int64_t lda, const T *b, int64_t ldb, T *c, int64_t ldc, bool accumulate, void *scratch);

NAGARE_DECLARE_GEMM(float, f32)
NAGARE_DECLARE_GEMM(double, f64)
NAGARE_DECLARE_GEMM(int32_t, i32)
NAGARE_DECLARE_GEMM(int64_t, i64)
