/// The pieces of Winograd's convolution F(4×4, 3×3); to be included in a body (see Multiversion.h).
///
/// Four by four results of a 3×3 filter come from 6×6 elements of the source: both the elements and
/// the filter are evaluated as polynomials at six points, the values are multiplied, and the results
/// interpolated from the products. Of the points 0, ±0.625, ±1.5 and ∞ the usual ±1 and ±2 would
/// lose four times the precision.
///
/// The 36 values of a tile lie in 36 planes of [tile][channel], so that the sum of the products over
/// channels or tiles is 36 products of matrices.
#include "VectorTypes.h"

#define PANEL (2 * LANES)
#define POINT_1 0.625f
#define POINT_2 1.5f
#define SQUARE_1 (POINT_1 * POINT_1)
#define SQUARE_2 (POINT_2 * POINT_2)
/// The filter's values are divided by the products of the differences of the points.
#define SCALE_0 (1 / (SQUARE_1 * SQUARE_2))
#define SCALE_1 (1 / (2 * SQUARE_1 * (SQUARE_1 - SQUARE_2)))
#define SCALE_2 (1 / (2 * SQUARE_2 * (SQUARE_2 - SQUARE_1)))

/// The values of six elements along one axis.
INLINE void NAME(evaluate_source)(const VECTOR *d, VECTOR *value) {
  const VECTOR even_1 = d[4] - SQUARE_2 * d[2], odd_1 = d[3] - SQUARE_2 * d[1];
  const VECTOR even_2 = d[4] - SQUARE_1 * d[2], odd_2 = d[3] - SQUARE_1 * d[1];
  value[0] = even_1 - SQUARE_1 * (d[2] - SQUARE_2 * d[0]);
  value[1] = even_1 + POINT_1 * odd_1;
  value[2] = even_1 - POINT_1 * odd_1;
  value[3] = even_2 + POINT_2 * odd_2;
  value[4] = even_2 - POINT_2 * odd_2;
  value[5] = d[5] - SQUARE_2 * d[3] - SQUARE_1 * odd_1;
}

/// The values of three elements of a filter along one axis.
INLINE void NAME(evaluate_filter)(const VECTOR *w, VECTOR *value) {
  const VECTOR even_1 = SCALE_1 * (w[0] + SQUARE_1 * w[2]), odd_1 = SCALE_1 * POINT_1 * w[1];
  const VECTOR even_2 = SCALE_2 * (w[0] + SQUARE_2 * w[2]), odd_2 = SCALE_2 * POINT_2 * w[1];
  value[0] = SCALE_0 * w[0];
  value[1] = even_1 + odd_1;
  value[2] = even_1 - odd_1;
  value[3] = even_2 + odd_2;
  value[4] = even_2 - odd_2;
  value[5] = w[2];
}

/// Four results along one axis from the products at the six points.
INLINE void NAME(interpolate)(const VECTOR *product, VECTOR *result) {
  const VECTOR sum_1 = product[1] + product[2], difference_1 = product[1] - product[2];
  const VECTOR sum_2 = product[3] + product[4], difference_2 = product[3] - product[4];
  result[0] = product[0] + sum_1 + sum_2;
  result[1] = POINT_1 * difference_1 + POINT_2 * difference_2;
  result[2] = SQUARE_1 * sum_1 + SQUARE_2 * sum_2;
  result[3] = product[5] + POINT_1 * SQUARE_1 * difference_1 + POINT_2 * SQUARE_2 * difference_2;
}

/// The transpose of `interpolate`: what the gradients of four results are at the six points.
INLINE void NAME(evaluate_gradient)(const VECTOR *g, VECTOR *value) {
  const VECTOR even_1 = g[0] + SQUARE_1 * g[2];
  const VECTOR odd_1 = POINT_1 * g[1] + POINT_1 * SQUARE_1 * g[3];
  const VECTOR even_2 = g[0] + SQUARE_2 * g[2];
  const VECTOR odd_2 = POINT_2 * g[1] + POINT_2 * SQUARE_2 * g[3];
  value[0] = g[0];
  value[1] = even_1 + odd_1;
  value[2] = even_1 - odd_1;
  value[3] = even_2 + odd_2;
  value[4] = even_2 - odd_2;
  value[5] = g[3];
}

/// The transpose of `evaluate_filter`: the gradients of three elements of a filter.
INLINE void NAME(interpolate_filter)(const VECTOR *s, VECTOR *result) {
  const VECTOR sum_1 = SCALE_1 * (s[1] + s[2]), sum_2 = SCALE_2 * (s[3] + s[4]);
  const VECTOR odd_1 = SCALE_1 * POINT_1 * (s[1] - s[2]);
  const VECTOR odd_2 = SCALE_2 * POINT_2 * (s[3] - s[4]);
  result[0] = SCALE_0 * s[0] + sum_1 + sum_2;
  result[1] = odd_1 + odd_2;
  result[2] = s[5] + SQUARE_1 * sum_1 + SQUARE_2 * sum_2;
}

/// A square of pixels, of which those outside the picture are zero.
typedef struct {
  /// Whether all pixels are inside, and so at `corner` + y · row + x · pixel.
  bool inside;
  const REAL *corner;
  int64_t row, pixel;
  /// The pixels row by row, if not.
  const REAL *at[36];
} NAME(square);

/// The square of `side` pixels whose corner is at (`top`, `left`) of a picture. `zeros` holds as many
/// zeros as a pixel has elements.
INLINE void NAME(find)(
    const REAL *picture, int64_t height, int64_t width, int64_t pixel, int64_t top, int64_t left,
    const int64_t side, const REAL *zeros, NAME(square) *square) {
  square->row = width * pixel;
  square->pixel = pixel;
  square->inside = top >= 0 && left >= 0 && top + side <= height && left + side <= width;
  if (square->inside) {
    square->corner = picture + (top * width + left) * pixel;
    return;
  }
  for (int64_t y = 0; y < side; y++)
    for (int64_t x = 0; x < side; x++) {
      const bool exists =
          top + y >= 0 && top + y < height && left + x >= 0 && left + x < width;
      square->at[y * side + x] =
          exists ? picture + ((top + y) * width + left + x) * pixel : zeros;
    }
}

/// The pixels of tiles that are read soon, and are fetched into the second-level cache while the products
/// of others are computed.
typedef struct {
  /// Pictures of `height` rows of `width` pixels of `pixel` elements, `elements` of which are fetched.
  const REAL *pictures;
  int64_t height, width, pixel, elements;
  /// Where the first tile of a picture begins.
  int64_t top, left;
  /// The tile, and how many of its four rows, and of all, have been fetched.
  place at;
  int64_t row, done;
  int64_t tiles;
} NAME(upcoming);

/// Fetches part number `part` of `parts`.
INLINE void NAME(fetch)(
    NAME(upcoming) *next, int64_t down, int64_t across, int64_t part, int64_t parts) {
  const int64_t end = bound(4 * next->tiles, part + 1, parts);
  for (; next->done < end; next->done++) {
    const int64_t y = next->at.y * 4 + next->row - next->top, x = next->at.x * 4 - next->left;
    if (y >= 0 && y < next->height && x >= 0 && x + 4 <= next->width) {
      const REAL *pixel =
          next->pictures +
          ((next->at.image * next->height + y) * next->width + x) * next->pixel;
      for (int64_t i = 0; i < 4; i++, pixel += next->pixel)
        for (int64_t c = 0; c < next->elements; c += 16) __builtin_prefetch(pixel + c, 0, 2);
    }
    if (++next->row < 4) continue;
    next->row = 0;
    advance(&next->at, down, across);
  }
}

/// A vector of channels, `count` of which exist, of pixel (y, x) of a square.
INLINE VECTOR NAME(element)(
    const NAME(square) *square, const bool inside, const int64_t side, int64_t y, int64_t x,
    int64_t channel, int64_t count) {
  if (inside) return NAME(load)(square->corner + y * square->row + x * square->pixel + channel);
  return NAME(load_part)(square->at[y * side + x] + channel, count);
}

/// The 36 values of a vector of channels of a 6×6 square of the source.
INLINE void NAME(evaluate_source_vector)(
    const NAME(square) *square, const bool inside, int64_t channel, int64_t count, REAL *values,
    int64_t plane) {
  VECTOR half[6][6];
  for (int64_t x = 0; x < 6; x++) {
    VECTOR d[6], value[6];
#pragma clang loop unroll(full)
    for (int64_t y = 0; y < 6; y++)
      d[y] = NAME(element)(square, inside, 6, y, x, channel, count);
    NAME(evaluate_source)(d, value);
#pragma clang loop unroll(full)
    for (int64_t y = 0; y < 6; y++) half[y][x] = value[y];
  }
  for (int64_t y = 0; y < 6; y++, values += 6 * plane) {
    VECTOR value[6];
    NAME(evaluate_source)(half[y], value);
#pragma clang loop unroll(full)
    for (int64_t x = 0; x < 6; x++) NAME(store)(values + x * plane, value[x]);
  }
}

/// The 36 values of `channels` channels of a 6×6 square of the source.
static void NAME(evaluate_source_square)(
    const NAME(square) *square, int64_t channels, REAL *values, int64_t plane) {
  int64_t c = 0;
  if (square->inside)
    for (; c + LANES <= channels; c += LANES)
      NAME(evaluate_source_vector)(square, true, c, LANES, values + c, plane);
  else
    for (; c + LANES <= channels; c += LANES)
      NAME(evaluate_source_vector)(square, false, c, LANES, values + c, plane);
  if (c == channels) return;
  NAME(square) rest = *square;
  if (square->inside)
    for (int64_t i = 0; i < 36; i++)
      rest.at[i] = square->corner + i / 6 * square->row + i % 6 * square->pixel;
  NAME(evaluate_source_vector)(&rest, false, c, channels - c, values + c, plane);
}

/// One k: sum[i] += A[i] · B, the elements of A `a_row` apart.
INLINE void NAME(product_step)(
    const int rows, const int vectors, const REAL *a, int64_t a_row, const REAL *b,
    VECTOR sum[][2]) {
  const VECTOR b0 = NAME(load)(b);
  const VECTOR b1 = vectors > 1 ? NAME(load)(b + LANES) : b0;
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    sum[i][0] += a[i * a_row] * b0;
    if (vectors > 1) sum[i][1] += a[i * a_row] * b1;
  }
}

/// C[i][j] = Σ_k A[i][k] B[k][j] for `groups` times `rows` rows and as many vectors of columns, or
/// that added to C. A[i][k] is a[i · a_row + k · a_step], one of which is 1 as `along` says: it means
/// that k is consecutive. What lies behind B is fetched meanwhile.
INLINE void NAME(product)(
    const int rows, const int vectors, const bool along, const REAL *a, int64_t a_stride,
    const REAL *b, int64_t b_row, int64_t depth, REAL *c, int64_t c_row, int64_t groups,
    bool accumulate) {
  const int64_t a_row = along ? a_stride : 1, a_step = along ? 1 : a_stride;
  const char *ahead = (const char *)(b + depth * b_row);
  for (; groups > 0; groups--, a += rows * a_row, c += rows * c_row) {
    VECTOR sum[12][2];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = (VECTOR){0};
    const REAL *x = a, *y = b;
    int64_t k = 0;
#if VECTOR_REGISTERS == 32
    // There is room for A by vectors, of k or of rows, whichever are consecutive.
    for (; along && k + LANES <= depth; k += LANES, x += LANES) {
      VECTOR row[12];
#pragma clang loop unroll(full)
      for (int i = 0; i < rows; i++) row[i] = NAME(load)(x + i * a_row);
#pragma clang loop unroll(full)
      for (int j = 0; j < LANES; j++, y += b_row) {
        const VECTOR b0 = NAME(load)(y);
        const VECTOR b1 = vectors > 1 ? NAME(load)(y + LANES) : b0;
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
          sum[i][0] += row[i][j] * b0;
          if (vectors > 1) sum[i][1] += row[i][j] * b1;
        }
      }
    }
    for (; !along && rows % LANES == 0 && k < depth; k++, x += a_step, y += b_row) {
      const VECTOR b0 = NAME(load)(y);
      const VECTOR b1 = vectors > 1 ? NAME(load)(y + LANES) : b0;
#pragma clang loop unroll(full)
      for (int i = 0; i < rows; i++) {
        const VECTOR column = NAME(load)(x + i / LANES * LANES);
        sum[i][0] += column[i % LANES] * b0;
        if (vectors > 1) sum[i][1] += column[i % LANES] * b1;
      }
    }
#endif
#pragma clang loop unroll(disable)
    for (; k + 4 <= depth; k += 4) {
      __builtin_prefetch(ahead, 0, 3);
      ahead += 64;
#pragma clang loop unroll(full)
      for (int j = 0; j < 4; j++, x += a_step, y += b_row)
        NAME(product_step)(rows, vectors, x, a_row, y, sum);
    }
#pragma clang loop unroll(disable)
    for (; k < depth; k++, x += a_step, y += b_row)
      NAME(product_step)(rows, vectors, x, a_row, y, sum);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) {
        REAL *to = c + i * c_row + v * LANES;
        NAME(store)(to, accumulate ? NAME(load)(to) + sum[i][v] : sum[i][v]);
      }
  }
}

typedef void (*NAME(product_function))(
    const REAL *a, int64_t a_stride, const REAL *b, int64_t b_row, int64_t depth, REAL *c,
    int64_t c_row, int64_t groups, bool accumulate);

#define PRODUCT(ROWS, VECTORS)                                                                 \
  static void NAME(product_##ROWS##_##VECTORS)(                                                \
      const REAL *a, int64_t a_stride, const REAL *b, int64_t b_row, int64_t depth, REAL *c,   \
      int64_t c_row, int64_t groups, bool accumulate) {                                        \
    NAME(product)(                                                                             \
        ROWS, VECTORS, PRODUCT_ALONG, a, a_stride, b, b_row, depth, c, c_row, groups,          \
        accumulate);                                                                           \
  }
PRODUCT(1, 2)
PRODUCT(2, 2)
PRODUCT(3, 2)
PRODUCT(4, 2)
PRODUCT(5, 2)
PRODUCT(6, 2)
PRODUCT(1, 1)
PRODUCT(2, 1)
PRODUCT(3, 1)
PRODUCT(4, 1)
PRODUCT(5, 1)
PRODUCT(6, 1)
PRODUCT(8, 1)
PRODUCT(12, 1)
#if VECTOR_REGISTERS == 32
PRODUCT(8, 2)
PRODUCT(12, 2)
#define TALL_PRODUCTS , NULL, NAME(product_8_2), NULL, NULL, NULL, NAME(product_12_2)
#else
#define TALL_PRODUCTS
#endif
#undef PRODUCT
/// By vectors and rows, less one each.
static const NAME(product_function) NAME(products)[2][12] = {
    {NAME(product_1_1), NAME(product_2_1), NAME(product_3_1), NAME(product_4_1),
     NAME(product_5_1), NAME(product_6_1), NULL, NAME(product_8_1), NULL, NULL, NULL,
     NAME(product_12_1)},
    {NAME(product_1_2), NAME(product_2_2), NAME(product_3_2), NAME(product_4_2),
     NAME(product_5_2), NAME(product_6_2) TALL_PRODUCTS}};
#undef TALL_PRODUCTS

/// Rows that are multiplied at a time where there are as many, or 0 for at most six: what fits into the
/// registers beside its operands.
INLINE int64_t NAME(tall_rows)(int64_t rows, bool narrow) {
  if ((!narrow && VECTOR_REGISTERS < 32) || rows < 8) return 0;
  // 12 × 2 vectors leave no room for a vector of each row.
  if (!narrow && PRODUCT_ALONG) return 8;
  return rows % 12 != 0 && rows % 8 == 0 ? 8 : 12;
}

/// C = A · B, or that added to C, for any number of rows and one panel of columns, one vector wide if
/// `narrow`.
static void NAME(multiply_panel)(
    const REAL *a, int64_t a_stride, int64_t rows, const REAL *b, int64_t b_row, int64_t depth,
    bool narrow, REAL *c, int64_t c_row, bool accumulate) {
  const NAME(product_function) *products = NAME(products)[!narrow];
  const int64_t a_row = PRODUCT_ALONG ? a_stride : 1;
  const int64_t tall = NAME(tall_rows)(rows, narrow);
  if (tall > 0 && rows >= tall) {
    const int64_t groups = rows / tall, done = groups * tall;
    products[tall - 1](a, a_stride, b, b_row, depth, c, c_row, groups, accumulate);
    a += done * a_row;
    c += done * c_row;
    rows -= done;
  }
  if (rows == 0) return;
  const int64_t count = (rows + 5) / 6, height = rows / count, taller = rows % count;
  if (taller > 0)
    products[height](a, a_stride, b, b_row, depth, c, c_row, taller, accumulate);
  a += taller * (height + 1) * a_row;
  c += taller * (height + 1) * c_row;
  products[height - 1](a, a_stride, b, b_row, depth, c, c_row, count - taller, accumulate);
}
