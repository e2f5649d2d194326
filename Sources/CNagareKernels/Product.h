/// The register-blocked product on which matrix multiplication and convolution stand; to be
/// included in a body (see Multiversion.h).
///
/// It computes a tile C[i][j] = Σ_k A[i][k] B[k][j] of a few rows and one panel of columns. The
/// elements of A are read where they are: A[i][k] = a[a_row[i] + step[k]], with k running over `steps`
/// entries of `step` and `run` consecutive elements from each. So the same loop reads a matrix
/// (one step, a long run), the pixels under a filter (one step a tap, a run over the channels) or,
/// for the gradient to a filter, one channel of many pixels (one step a pixel, runs of 1).
/// B is packed in panels of PANEL columns, [k][PANEL], padded with zeros; a last panel of at most
/// LANES columns is packed [k][LANES].
#include "NagareConvolution.h"
#include "VectorTypes.h"
#include "Epilogue.h"

#define PANEL (2 * LANES)
/// Rows of the widest tile: 6 × 2 vectors and 9 × 1 vector fill, with their operands, 16 registers;
/// 8 × 2 and 12 × 1 fill 32, for there A is read by vectors.
#undef WIDE_ROWS
#undef NARROW_ROWS
#if VECTOR_REGISTERS == 32
#define WIDE_ROWS 8
#define NARROW_ROWS 12
#else
#define WIDE_ROWS 6
#define NARROW_ROWS 9
#endif
/// Pairs of sums that keep the processor busy: it begins two a cycle and ends them four cycles later.
#define FEW_SUMS 4
/// Elements of B that may pass through the first-level cache again for each few rows of A.
#define SMALL_PRODUCT 16384

/// The product of rows of A and one panel.
typedef struct {
  const REAL *a;
  const int64_t *a_row, *step;
  /// At least one step.
  int64_t steps, run;
  const REAL *b;
  /// From where to where is read next, which is fetched into the second-level cache meanwhile.
  const char *ahead, *ahead_end;
  /// C[i][j] is c[c_row[i] + j].
  REAL *c;
  const int64_t *c_row;
  /// Columns of the panel that exist.
  int64_t columns;
  /// Whether the product is added to what C holds.
  bool accumulate;
  /// What is done at the end, unless null; the panel begins at its channel `channel`.
  const NAME(epilogue) *epilogue;
  int64_t channel;
} NAME(panel_product);

/// One k: sum[i] += A[i][k] · B[k].
INLINE void NAME(multiply_step)(
    const int rows, const int vectors, const REAL *const *a, int64_t at, const REAL *b,
    VECTOR sum[][2]) {
  VECTOR b0 = NAME(load)(b);
  VECTOR b1 = vectors > 1 ? NAME(load)(b + LANES) : b0;
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    REAL x = a[i][at];
    sum[i][0] += x * b0;
    if (vectors > 1) sum[i][1] += x * b1;
  }
}

#if VECTOR_REGISTERS == 32
/// As many k as a vector has lanes, the elements of A by vectors.
INLINE void NAME(multiply_steps)(
    const int rows, const int vectors, const REAL *const *a, int64_t at, const REAL *b,
    VECTOR sum[][2]) {
  VECTOR x[NARROW_ROWS];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) x[i] = NAME(load)(a[i] + at);
#pragma clang loop unroll(full)
  for (int k = 0; k < LANES; k++, b += vectors * LANES) {
    VECTOR b0 = NAME(load)(b);
    VECTOR b1 = vectors > 1 ? NAME(load)(b + LANES) : b0;
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      sum[i][0] += x[i][k] * b0;
      if (vectors > 1) sum[i][1] += x[i][k] * b1;
    }
  }
}
#define STEPS LANES
#else
/// Four k one after the other.
INLINE void NAME(multiply_steps)(
    const int rows, const int vectors, const REAL *const *a, int64_t at, const REAL *b,
    VECTOR sum[][2]) {
  NAME(multiply_step)(rows, vectors, a, at, b, sum);
  NAME(multiply_step)(rows, vectors, a, at + 1, b + vectors * LANES, sum);
  NAME(multiply_step)(rows, vectors, a, at + 2, b + 2 * vectors * LANES, sum);
  NAME(multiply_step)(rows, vectors, a, at + 3, b + 3 * vectors * LANES, sum);
}
#define STEPS 4
#endif

/// Ends and stores a tile whose rows begin at `c_row`, all its vectors at once where `finish` of Epilogue.h takes
/// one. `whole` says that all its columns exist. What it needs is read before the first store, which might be to
/// anywhere: a tile of few products is begun before this one has ended only if the end is short.
INLINE void NAME(end_tile)(
    const int rows, const int vectors, const bool whole, VECTOR sum[][2],
    const NAME(panel_product) *product, const int64_t *c_row) {
  REAL *const c = product->c;
  const int64_t columns = product->columns;
  int64_t row[NARROW_ROWS];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) row[i] = c_row[i];
#define EACH(WORK)                                                                             \
  _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; v++) {                       \
    const int64_t count = whole ? LANES : columns - v * LANES;                                 \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {                        \
      const int64_t at = row[i] + v * LANES;                                                   \
      (void)at, (void)count;                                                                   \
      WORK;                                                                                    \
    }                                                                                          \
  }
  if (product->accumulate) EACH(sum[i][v] += NAME(load_part)(c + at, count));
  if (product->epilogue) {
    const NAME(epilogue) epilogue = *product->epilogue;
    if (epilogue.bias) {
      const REAL *bias = epilogue.bias + product->channel;
      EACH(sum[i][v] += NAME(load_part)(bias + v * LANES, count));
    }
    if (epilogue.addend) {
      const REAL *addend = epilogue.addend + product->channel;
      EACH(sum[i][v] += NAME(load_part)(addend + at, count));
    }
    if (epilogue.relu) EACH(sum[i][v] = NAME(relu)(sum[i][v]));
    if (epilogue.capped) EACH(sum[i][v] = NAME(cap)(sum[i][v]));
  }
  EACH(NAME(store_part)(c + at, sum[i][v], count));
#undef EACH
}

/// `tiles` tiles of `rows` rows, one below the other. `single` says that `run` is 1.
INLINE void NAME(tile)(
    const int rows, const int vectors, const bool single, NAME(panel_product) *product,
    int64_t tiles) {
  const int64_t width = vectors * LANES, run = product->run;
  const int64_t *const last = product->step + product->steps - 1;
  // Runs of one element are found by their step, longer ones by pointers that go on from step to step.
  const REAL *const first = product->a + (single ? 0 : product->step[0]);
  const int64_t *a_row = product->a_row, *c_row = product->c_row;
  const char *ahead = product->ahead, *const ahead_end = product->ahead_end;
  for (; tiles > 0; tiles--, a_row += rows, c_row += rows) {
    const int64_t stride = ahead < ahead_end ? 64 : 0;
    VECTOR sum[NARROW_ROWS][2];
    const REAL *pointer[NARROW_ROWS];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      pointer[i] = first + a_row[i];
      sum[i][0] = (VECTOR){0};
      sum[i][1] = (VECTOR){0};
    }
    const REAL *b = product->b;
    const int64_t *step = product->step;
    if (single) {
      for (; step <= last; step++, b += width)
        NAME(multiply_step)(rows, vectors, pointer, *step, b, sum);
    } else {
      for (;; step++) {
        int64_t k = 0;
        for (; k <= run - STEPS; k += STEPS, b += STEPS * width) {
          __builtin_prefetch(ahead, 0, 2);
          ahead += stride;
          NAME(multiply_steps)(rows, vectors, pointer, k, b, sum);
        }
        for (; k < run; k++, b += width)
          NAME(multiply_step)(rows, vectors, pointer, k, b, sum);
        if (step == last) break;
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) pointer[i] += step[1] - step[0];
      }
    }
    if (product->columns == width)
      NAME(end_tile)(rows, vectors, true, sum, product, c_row);
    else
      NAME(end_tile)(rows, vectors, false, sum, product, c_row);
  }
  product->a_row = a_row;
  product->c_row = c_row;
  product->ahead = ahead;
}

/// Products of `rows` rows, of which there are so few that the sums of one panel would wait for each other, and
/// as many whole panels as keep the processor busy, `stride` elements apart.
INLINE void NAME(few_rows)(
    const int rows, const int panels, NAME(panel_product) product, int64_t stride) {
  VECTOR sum[FEW_SUMS][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows * panels; i++) sum[i][0] = sum[i][1] = (VECTOR){0};
  const REAL *b = product.b;
  for (int64_t s = 0; s < product.steps; s++) {
    const int64_t at = product.step[s];
#pragma clang loop unroll_count(2)
    for (int64_t k = 0; k < product.run; k++, b += PANEL) {
#pragma clang loop unroll(full)
      for (int p = 0; p < panels; p++) {
        const VECTOR b0 = NAME(load)(b + p * stride), b1 = NAME(load)(b + p * stride + LANES);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
          const REAL x = product.a[product.a_row[i] + at + k];
          sum[p * rows + i][0] += x * b0;
          sum[p * rows + i][1] += x * b1;
        }
      }
    }
  }
#pragma clang loop unroll(full)
  for (int p = 0; p < panels; p++) {
    NAME(end_tile)(rows, 2, true, sum + p * rows, &product, product.c_row);
    product.c += PANEL;
    product.channel += PANEL;
  }
}

typedef void (*NAME(tile_function))(NAME(panel_product) *product, int64_t tiles);

#define TILE(ROWS, VECTORS)                                                                    \
  static void NAME(tile_##ROWS##_##VECTORS)(NAME(panel_product) *product, int64_t tiles) {     \
    NAME(tile)(ROWS, VECTORS, false, product, tiles);                                          \
  }                                                                                            \
  static void NAME(single_tile_##ROWS##_##VECTORS)(                                            \
      NAME(panel_product) *product, int64_t tiles) {                                           \
    NAME(tile)(ROWS, VECTORS, true, product, tiles);                                           \
  }
TILE(1, 2)
TILE(2, 2)
TILE(3, 2)
TILE(4, 2)
TILE(5, 2)
TILE(6, 2)
TILE(1, 1)
TILE(2, 1)
TILE(3, 1)
TILE(4, 1)
TILE(5, 1)
TILE(6, 1)
TILE(7, 1)
TILE(8, 1)
TILE(9, 1)
#if VECTOR_REGISTERS == 32
TILE(7, 2)
TILE(8, 2)
TILE(10, 1)
TILE(11, 1)
TILE(12, 1)
#define MORE_WIDE_TILES(KIND) , NAME(KIND##_7_2), NAME(KIND##_8_2)
#define MORE_NARROW_TILES(KIND) , NAME(KIND##_10_1), NAME(KIND##_11_1), NAME(KIND##_12_1)
#else
#define MORE_WIDE_TILES(KIND)
#define MORE_NARROW_TILES(KIND)
#endif
#undef TILE
#undef STEPS

#define TILES(KIND, V)                                                                         \
  NAME(KIND##_1_##V), NAME(KIND##_2_##V), NAME(KIND##_3_##V), NAME(KIND##_4_##V),              \
      NAME(KIND##_5_##V), NAME(KIND##_6_##V)
#define WIDE_TILES(KIND) {TILES(KIND, 2) MORE_WIDE_TILES(KIND)}
#define NARROW_TILES(KIND)                                                                     \
  {TILES(KIND, 1), NAME(KIND##_7_1), NAME(KIND##_8_1),                                         \
   NAME(KIND##_9_1) MORE_NARROW_TILES(KIND)}
/// By whether runs are of one element, and by rows less one.
static const NAME(tile_function) NAME(wide_tiles)[2][WIDE_ROWS] = {
    WIDE_TILES(tile), WIDE_TILES(single_tile)};
static const NAME(tile_function) NAME(narrow_tiles)[2][NARROW_ROWS] = {
    NARROW_TILES(tile), NARROW_TILES(single_tile)};
#undef TILES
#undef WIDE_TILES
#undef NARROW_TILES
#undef MORE_WIDE_TILES
#undef MORE_NARROW_TILES

/// Columns that packed B has for `columns` columns.
INLINE int64_t NAME(padded_columns)(int64_t columns) {
  return (columns + LANES - 1) / LANES * LANES;
}

/// Packs B[k][j] = b[k · row_stride + j · column_stride] in panels: depth · padded_columns(columns)
/// elements in all. Of its rows this call packs `count`, from `first` on; `b` points at the first.
static void NAME(pack)(
    const REAL *restrict b, int64_t depth, int64_t first, int64_t count, int64_t columns,
    int64_t row_stride, int64_t column_stride, REAL *restrict packed) {
  for (int64_t j = 0; j < columns; j += PANEL) {
    int64_t existing = columns - j < PANEL ? columns - j : PANEL;
    int64_t width = existing > LANES ? PANEL : LANES;
    REAL *restrict panel = packed + j * depth + first * width;
    const REAL *restrict source = b + j * column_stride;
    if (column_stride == 1 && existing == PANEL) {
      for (int64_t k = 0; k < count; k++) {
        NAME(store)(panel, NAME(load)(source));
        NAME(store)(panel + LANES, NAME(load)(source + LANES));
        panel += PANEL;
        source += row_stride;
      }
    } else if (column_stride == 1) {
      for (int64_t k = 0; k < count; k++) {
        for (int64_t i = 0; i < existing; i++) panel[i] = source[i];
        for (int64_t i = existing; i < width; i++) panel[i] = 0;
        panel += width;
        source += row_stride;
      }
    } else {
      for (int64_t begin = 0; begin < count; begin += 16) {
        int64_t end = count - begin < 16 ? count : begin + 16;
        for (int64_t i = 0; i < existing; i++) {
          const REAL *restrict column = source + i * column_stride;
          for (int64_t k = begin; k < end; k++) panel[k * width + i] = column[k * row_stride];
        }
      }
      for (int64_t i = existing; i < width; i++)
        for (int64_t k = 0; k < count; k++) panel[k * width + i] = 0;
    }
  }
}

/// C = A · B over all panels: `rows` entries of `a_row` and `c_row`, `columns` columns of C.
/// Of the packed B, which has `depth` rows, those from `first` on are used, `steps` · `run`.
/// Rows are spread evenly over tiles, so that no tile is nearly empty. Whatever stays in the cache
/// longer is the outer loop: a panel of B, or, when all of B is small, the rows of A and C. While a panel
/// is used the next is fetched, with the last one the rows that follow in the first, then what lies behind B.
static void NAME(multiply)(
    const REAL *a, const int64_t *a_row, int64_t rows, const int64_t *step, int64_t steps,
    int64_t run, const REAL *b, int64_t depth, int64_t first, REAL *c, const int64_t *c_row,
    int64_t columns, bool accumulate, const NAME(epilogue) *epilogue) {
  const bool small = columns > PANEL && steps * run * columns <= SMALL_PRODUCT;
  const int64_t group_rows = small ? 6 * WIDE_ROWS : rows;
  const int64_t end = first + steps * run;
  const REAL *following = b + (end < depth ? end * (columns > LANES ? PANEL : LANES)
                                           : depth * NAME(padded_columns)(columns));
  for (int64_t begin = 0; begin < rows; begin += group_rows) {
    const int64_t group = rows - begin < group_rows ? rows - begin : group_rows;
    for (int64_t j = 0; j < columns; j += PANEL) {
      int64_t existing = columns - j < PANEL ? columns - j : PANEL;
      bool narrow = existing <= LANES;
      const NAME(tile_function) *tiles =
          narrow ? NAME(narrow_tiles)[run == 1] : NAME(wide_tiles)[run == 1];
      const int64_t tallest = narrow ? NARROW_ROWS : WIDE_ROWS;
      const int64_t count = (group + tallest - 1) / tallest;
      const int64_t height = group / count, taller = group % count;
      const REAL *panel = b + j * depth + first * (narrow ? LANES : PANEL);
      const REAL *next = j + PANEL < columns ? panel + PANEL * depth : following;
      NAME(panel_product) product = {
          .a = a, .a_row = a_row + begin, .step = step, .steps = steps, .run = run, .b = panel,
          .ahead = (const char *)next, .ahead_end = (const char *)(next + PANEL * steps * run),
          .c = c + j, .c_row = c_row + begin, .columns = existing, .accumulate = accumulate,
          .epilogue = epilogue, .channel = j};
      if (group <= FEW_SUMS / 2 && j + FEW_SUMS / group * PANEL <= columns) {
        product.columns = PANEL;
        if (group == 1)
          NAME(few_rows)(1, FEW_SUMS, product, PANEL * depth);
        else
          NAME(few_rows)(2, FEW_SUMS / 2, product, PANEL * depth);
        j += (FEW_SUMS / group - 1) * PANEL;
        continue;
      }
      if (taller > 0) tiles[height](&product, taller);
      tiles[height - 1](&product, count - taller);
    }
  }
}
