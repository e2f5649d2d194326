#ifndef REAL

#include "NagareGemm.h"

/// Blocks of the product: a packed panel of B and a tile's rows of A share the first-level cache,
/// a block of A and the packed block of B the second-level one.
#define BLOCK_M 192
#define BLOCK_N 256
#define BLOCK_K 256
/// Rows of A up to which B is read where it is: packing it would take longer than the product.
#define FEW_ROWS 3
/// Rows of B up to which a single column is not worth a vector.
#define SHORT_COLUMN 8

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

/// The product for few rows and B as stored. A sum is formed as the packed product forms it: block by
/// block of k, in order, so that an element has the same bits.
static void NAME(gemm_few_rows)(
    bool transpose_a, int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda, const REAL *b,
    int64_t ldb, REAL *c, int64_t ldc, bool accumulate) {
  const int64_t step = transpose_a ? lda : 1;
  for (int64_t j = 0; j < n; j += BLOCK_N) {
    const int64_t columns = n - j < BLOCK_N ? n - j : BLOCK_N;
    for (int64_t p = 0; p < k; p += BLOCK_K) {
      const int64_t depth = k - p < BLOCK_K ? k - p : BLOCK_K;
      for (int64_t i = 0; i < m; i++) {
        REAL sum[BLOCK_N] = {0};
        const REAL *x = transpose_a ? a + p * lda + i : a + i * lda + p;
        int64_t q = 0;
        for (; q + 4 <= depth; q += 4) {
          const REAL x0 = x[q * step], x1 = x[(q + 1) * step];
          const REAL x2 = x[(q + 2) * step], x3 = x[(q + 3) * step];
          const REAL *b0 = b + (p + q) * ldb + j;
          const REAL *b1 = b0 + ldb, *b2 = b1 + ldb, *b3 = b2 + ldb;
          int64_t v = 0;
          for (; v + LANES <= columns; v += LANES) {
            VECTOR s = NAME(load)(sum + v);
            s += x0 * NAME(load)(b0 + v);
            s += x1 * NAME(load)(b1 + v);
            s += x2 * NAME(load)(b2 + v);
            s += x3 * NAME(load)(b3 + v);
            NAME(store)(sum + v, s);
          }
          for (; v < columns; v++) {
            sum[v] += x0 * b0[v];
            sum[v] += x1 * b1[v];
            sum[v] += x2 * b2[v];
            sum[v] += x3 * b3[v];
          }
        }
        for (; q < depth; q++) {
          const REAL x0 = x[q * step];
          const REAL *b0 = b + (p + q) * ldb + j;
          for (int64_t v = 0; v < columns; v++) sum[v] += x0 * b0[v];
        }
        REAL *target = c + i * ldc + j;
        if (accumulate || p > 0) {
          for (int64_t v = 0; v < columns; v++) target[v] += sum[v];
        } else {
          memcpy(target, sum, (size_t)columns * sizeof(REAL));
        }
      }
    }
  }
}

/// The product for one short column, of `k` rows.
INLINE void NAME(gemm_column)(
    int64_t m, const int64_t k, const REAL *restrict a, int64_t lda, const REAL *column,
    REAL *restrict c, int64_t ldc, bool accumulate) {
  for (int64_t i = 0; i < m; i++) {
    REAL sum = 0;
    // By vectors, where sums in order can be, products would be rounded before they are added.
#pragma clang loop vectorize(disable)
    for (int64_t p = 0; p < k; p++) sum += a[i * lda + p] * column[p];
    c[i * ldc] = accumulate ? c[i * ldc] + sum : sum;
  }
}

static void NAME(gemm)(
    bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const REAL *a,
    int64_t lda, const REAL *b, int64_t ldb, REAL *c, int64_t ldc, bool accumulate,
    void *scratch) {
  if (k == 0 && !accumulate)
    for (int64_t i = 0; i < m; i++) memset(c + i * ldc, 0, (size_t)n * sizeof(REAL));
  if (m <= FEW_ROWS && !transpose_b) {
    NAME(gemm_few_rows)(transpose_a, m, n, k, a, lda, b, ldb, c, ldc, accumulate);
    return;
  }
  if (n == 1 && k <= SHORT_COLUMN && !transpose_a) {
    REAL column[SHORT_COLUMN];
    for (int64_t p = 0; p < k; p++) column[p] = b[transpose_b ? p : p * ldb];
    if (k == 3 && lda == 3 && ldc == 1 && !accumulate)
      NAME(gemm_column)(m, 3, a, 3, column, c, 1, false);
    else
      NAME(gemm_column)(m, k, a, lda, column, c, ldc, accumulate);
    return;
  }
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
            columns, accumulate || p > 0, NULL);
      }
    }
  }
}

#endif
