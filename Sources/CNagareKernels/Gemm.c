#ifndef REAL

#include "NagareGemm.h"

/// Blocks of the product: a packed panel of B and a tile's rows of A share the first-level cache,
/// a block of A and the packed block of B the second-level one.
#define BLOCK_M 192
#define BLOCK_N 256
#define BLOCK_K 256

#define NAGARE_UINT32
#define NAGARE_UINT64
#define NAGARE_BODY "Gemm.c"
#include "Multiversion.h"

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t scratch_elements(int64_t m, int64_t n, int64_t k) {
  int64_t depth = smaller(k, BLOCK_K), columns = (smaller(n, BLOCK_N) + 15) / 16 * 16;
  return depth * columns + smaller(m, BLOCK_M) * depth;
}

int64_t nagare_gemm_scratch_bytes(int64_t m, int64_t n, int64_t k, int64_t element_bytes) {
  return scratch_elements(m, n, k) * element_bytes;
}

#define EXPORT(T, S, U, V)                                                                     \
  void nagare_gemm_##S(                                                                        \
      bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const T *a,         \
      int64_t lda, const T *b, int64_t ldb, T *c, int64_t ldc, bool accumulate,                \
      void *scratch) {                                                                         \
    NAGARE_DISPATCH(                                                                           \
        gemm_##V, (transpose_a, transpose_b, m, n, k, (const U *)a, lda, (const U *)b, ldb,    \
                   (U *)c, ldc, accumulate, scratch));                                         \
  }

EXPORT(float, f32, float, f32)
EXPORT(double, f64, double, f64)
EXPORT(int32_t, i32, uint32_t, u32)
EXPORT(int64_t, i64, uint64_t, u64)

#else

#include "Product.h"

static void NAME(gemm)(
    bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const REAL *a,
    int64_t lda, const REAL *b, int64_t ldb, REAL *c, int64_t ldc, bool accumulate,
    void *scratch) {
  if (k == 0 && !accumulate)
    for (int64_t i = 0; i < m; i++) memset(c + i * ldc, 0, (size_t)n * sizeof(REAL));
  REAL *packed = scratch;
  int64_t a_row[BLOCK_M], c_row[BLOCK_M];
  for (int64_t j = 0; j < n; j += BLOCK_N) {
    int64_t columns = n - j < BLOCK_N ? n - j : BLOCK_N;
    for (int64_t p = 0; p < k; p += BLOCK_K) {
      int64_t depth = k - p < BLOCK_K ? k - p : BLOCK_K;
      NAME(pack)(
          transpose_b ? b + j * ldb + p : b + p * ldb + j, depth, 0, depth, columns,
          transpose_b ? 1 : ldb, transpose_b ? ldb : 1, packed);
      REAL *turned = packed + depth * NAME(padded_columns)(columns);
      for (int64_t i = 0; i < m; i += BLOCK_M) {
        int64_t rows = m - i < BLOCK_M ? m - i : BLOCK_M;
        if (transpose_a)
          for (int64_t r = 0; r < rows; r += 16)
            for (int64_t q = 0; q < depth; q++)
              for (int64_t s = r; s < rows && s < r + 16; s++)
                turned[s * depth + q] = a[(p + q) * lda + i + s];
        for (int64_t r = 0; r < rows; r++) {
          a_row[r] = transpose_a ? r * depth : (i + r) * lda + p;
          c_row[r] = (i + r) * ldc + j;
        }
        int64_t start = 0;
        NAME(multiply)(
            transpose_a ? turned : a, a_row, rows, &start, 1, depth, packed, depth, 0, c, c_row,
            columns, accumulate || p > 0, NULL, false);
      }
    }
  }
}

#endif
