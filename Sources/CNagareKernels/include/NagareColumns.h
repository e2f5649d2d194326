#pragma once

#include <stdint.h>

/// Loops over a matrix x[rows][columns] whose columns are channels: bias gradients and batch
/// normalisation. Sums go over the rows in order; a caller that divides the rows adds the partial sums
/// in order.
#define NAGARE_DECLARE_COLUMNS(T, S)                                                           \
  /** sums[c] = Σ x[r][c]. */                                                                  \
  void nagare_column_sums_##S(int64_t rows, int64_t columns, const T *x, T *sums);             \
  /** sums[c] = Σ (x[r][c] − mean[c])². */                                                     \
  void nagare_column_squares_##S(                                                              \
      int64_t rows, int64_t columns, const T *x, const T *mean, T *sums);                      \
  /** sums[c] = Σ g[r][c] · (x[r][c] − mean[c]). */                                            \
  void nagare_column_products_##S(                                                             \
      int64_t rows, int64_t columns, const T *g, const T *x, const T *mean, T *sums);          \
  /** y[r][c] = (x[r][c] − mean[c]) · scale[c] + offset[c]. */                                 \
  void nagare_column_normalize_##S(                                                            \
      int64_t rows, int64_t columns, const T *x, const T *mean, const T *scale,                \
      const T *offset, T *y);                                                                  \
  /** y[r][c] = (g[r][c] − shift[c] − (x[r][c] − mean[c]) · slope[c]) · scale[c]. */           \
  void nagare_column_normalize_gradient_##S(                                                   \
      int64_t rows, int64_t columns, const T *g, const T *x, const T *mean, const T *shift,    \
      const T *slope, const T *scale, T *y);                                                   \
  /** y[r][c] = x[r][c] + bias[c]; y may be x. */                                              \
  void nagare_column_add_##S(                                                                  \
      int64_t rows, int64_t columns, const T *x, const T *bias, T *y);

NAGARE_DECLARE_COLUMNS(float, f32)
NAGARE_DECLARE_COLUMNS(double, f64)
