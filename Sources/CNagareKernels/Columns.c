#ifndef REAL

#include "NagareColumns.h"

#define NAGARE_BODY "Columns.c"
#include "Multiversion.h"

#define EXPORT(T, S)                                                                           \
  void nagare_column_sums_##S(int64_t rows, int64_t columns, const T *x, T *sums) {            \
    NAGARE_DISPATCH(column_sums_##S, (rows, columns, x, sums));                                \
  }                                                                                            \
  void nagare_column_squares_##S(                                                              \
      int64_t rows, int64_t columns, const T *x, const T *mean, T *sums) {                     \
    NAGARE_DISPATCH(column_squares_##S, (rows, columns, x, mean, sums));                       \
  }                                                                                            \
  void nagare_column_products_##S(                                                             \
      int64_t rows, int64_t columns, const T *g, const T *x, const T *mean, T *sums) {         \
    NAGARE_DISPATCH(column_products_##S, (rows, columns, g, x, mean, sums));                   \
  }                                                                                            \
  void nagare_column_normalize_##S(                                                            \
      int64_t rows, int64_t columns, const T *x, const T *mean, const T *scale,                \
      const T *offset, T *y) {                                                                 \
    NAGARE_DISPATCH(column_normalize_##S, (rows, columns, x, mean, scale, offset, y));         \
  }                                                                                            \
  void nagare_column_normalize_gradient_##S(                                                   \
      int64_t rows, int64_t columns, const T *g, const T *x, const T *mean, const T *shift,    \
      const T *slope, const T *scale, T *y) {                                                  \
    NAGARE_DISPATCH(                                                                           \
        column_normalize_gradient_##S, (rows, columns, g, x, mean, shift, slope, scale, y));   \
  }                                                                                            \
  void nagare_column_add_##S(                                                                  \
      int64_t rows, int64_t columns, const T *x, const T *bias, T *y) {                        \
    NAGARE_DISPATCH(column_add_##S, (rows, columns, x, bias, y));                              \
  }

EXPORT(float, f32)
EXPORT(double, f64)

#else

#include "VectorTypes.h"

/// Channels go by vectors, the last by as many lanes as are left; for each, the rows in order.
#define FOR_CHANNELS                                                                           \
  for (int64_t c = 0; c < columns; c += LANES) {                                               \
    const int64_t count = columns - c < LANES ? columns - c : LANES;
#define END_CHANNELS }

static void NAME(column_sums)(int64_t rows, int64_t columns, const REAL *x, REAL *sums) {
  const int64_t stride = columns;
  // Four vectors at a time, so that memory is read by whole cache lines.
  for (; columns >= 4 * LANES; columns -= 4 * LANES, x += 4 * LANES, sums += 4 * LANES) {
    VECTOR sum[2][4] = {{{0}}};
    int64_t r = 0;
    for (; r + 2 <= rows; r += 2)
      for (int i = 0; i < 2; i++)
        for (int v = 0; v < 4; v++) sum[i][v] += NAME(load)(x + (r + i) * stride + v * LANES);
    if (r < rows)
      for (int v = 0; v < 4; v++) sum[0][v] += NAME(load)(x + r * stride + v * LANES);
    for (int v = 0; v < 4; v++) NAME(store)(sums + v * LANES, sum[0][v] + sum[1][v]);
  }
  FOR_CHANNELS
  // Four chains hide the latency of the additions.
  VECTOR sum[4] = {{0}};
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4)
    for (int i = 0; i < 4; i++) sum[i] += NAME(load_part)(x + (r + i) * stride + c, count);
  for (; r < rows; r++) sum[0] += NAME(load_part)(x + r * stride + c, count);
  NAME(store_part)(sums + c, (sum[0] + sum[1]) + (sum[2] + sum[3]), count);
  END_CHANNELS
}

static void NAME(column_squares)(
    int64_t rows, int64_t columns, const REAL *x, const REAL *mean, REAL *sums) {
  FOR_CHANNELS
  const VECTOR center = NAME(load_part)(mean + c, count);
  VECTOR sum[2] = {{0}};
  for (int64_t r = 0; r < rows; r++) {
    const VECTOR d = NAME(load_part)(x + r * columns + c, count) - center;
    sum[r % 2] += d * d;
  }
  NAME(store_part)(sums + c, sum[0] + sum[1], count);
  END_CHANNELS
}

static void NAME(column_products)(
    int64_t rows, int64_t columns, const REAL *g, const REAL *x, const REAL *mean, REAL *sums) {
  FOR_CHANNELS
  const VECTOR center = NAME(load_part)(mean + c, count);
  VECTOR sum[2] = {{0}};
  for (int64_t r = 0; r < rows; r++)
    sum[r % 2] += NAME(load_part)(g + r * columns + c, count) *
                  (NAME(load_part)(x + r * columns + c, count) - center);
  NAME(store_part)(sums + c, sum[0] + sum[1], count);
  END_CHANNELS
}

static void NAME(column_normalize)(
    int64_t rows, int64_t columns, const REAL *x, const REAL *mean, const REAL *scale,
    const REAL *offset, REAL *y) {
  for (int64_t r = 0; r < rows; r++, x += columns, y += columns) {
    FOR_CHANNELS
    const VECTOR d = NAME(load_part)(x + c, count) - NAME(load_part)(mean + c, count);
    NAME(store_part)(
        y + c, d * NAME(load_part)(scale + c, count) + NAME(load_part)(offset + c, count), count);
    END_CHANNELS
  }
}

static void NAME(column_normalize_gradient)(
    int64_t rows, int64_t columns, const REAL *g, const REAL *x, const REAL *mean,
    const REAL *shift, const REAL *slope, const REAL *scale, REAL *y) {
  for (int64_t r = 0; r < rows; r++, g += columns, x += columns, y += columns) {
    FOR_CHANNELS
    const VECTOR d = NAME(load_part)(x + c, count) - NAME(load_part)(mean + c, count);
    const VECTOR e = NAME(load_part)(g + c, count) - NAME(load_part)(shift + c, count) -
                     d * NAME(load_part)(slope + c, count);
    NAME(store_part)(y + c, e * NAME(load_part)(scale + c, count), count);
    END_CHANNELS
  }
}

static void NAME(column_add)(
    int64_t rows, int64_t columns, const REAL *x, const REAL *bias, REAL *y) {
  for (int64_t r = 0; r < rows; r++, x += columns, y += columns) {
    FOR_CHANNELS
    NAME(store_part)(
        y + c, NAME(load_part)(x + c, count) + NAME(load_part)(bias + c, count), count);
    END_CHANNELS
  }
}

#undef FOR_CHANNELS
#undef END_CHANNELS

#endif
