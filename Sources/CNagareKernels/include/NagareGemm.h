#pragma once

#include <stdbool.h>
#include <stdint.h>

/// Matrix products. `m`, `n` and `k` may be 0.

/// Bytes of scratch memory that a product needs.
int64_t nagare_gemm_scratch_bytes_f32(int64_t m, int64_t n, int64_t k);
int64_t nagare_gemm_scratch_bytes_f64(int64_t m, int64_t n, int64_t k);

/// C[m,n] = A[m,k] · B[k,n], or C += A · B with `accumulate`. `lda`, `ldb` and `ldc` are the
/// elements between rows as stored; with `transpose_a` A is stored as [k,m], with `transpose_b` B as
/// [n,k]. An element of C has the same bits whatever part of C is computed with it, so a caller may
/// divide C into tasks at will.
void nagare_gemm_f32(
    bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float *a,
    int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc, bool accumulate,
    void *scratch);
void nagare_gemm_f64(
    bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const double *a,
    int64_t lda, const double *b, int64_t ldb, double *c, int64_t ldc, bool accumulate,
    void *scratch);
