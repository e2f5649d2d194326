/// The gradient of a convolution to its filter as a product of matrices, both of which are packed: the
/// input elements under a tap with one row a channel and one column a position of the filter, and the
/// output gradient with one row a position. For any geometry with enough channels.
#ifndef REAL

#include "ConvolutionAlgorithms.h"

#include "Division.h"

/// Positions that are packed and summed at a time.
#define BLOCK_POSITIONS 256
/// Output channels that are packed at a time, so that they stay in the second-level cache.
#define BLOCK_COLUMNS 256
/// Input channels that are packed at a time, and in one panel of them.
#define BLOCK_ROWS 66
#define PANEL_ROWS 6
/// Channels of either side from which on packing pays.
#define FEWEST_CHANNELS 16
/// Positions below which the gradient gets no further accumulator.
#define PART_POSITIONS 512

/// The division into tasks: over positions (parts, each with its own accumulator) and over blocks of
/// rows of the filter (slices).
typedef struct {
  int64_t inputs, outputs, taps;
  int64_t positions, units, parts;
  /// Blocks of rows of each tap, and of all.
  int64_t pieces, row_blocks, slices;
} division;

static division divided(const nagare_convolution *shape) {
  division d = {
      .inputs = shape->input_channels / shape->groups,
      .outputs = shape->output_channels / shape->groups,
      .taps = shape->filter_height * shape->filter_width,
      .positions = shape->batch * shape->output_height * shape->output_width};
  d.units = quotient_up(d.positions, BLOCK_POSITIONS);
  d.pieces = quotient_up(d.inputs, BLOCK_ROWS);
  d.row_blocks = d.taps * d.pieces;
  const int64_t filter = d.taps * d.inputs * shape->output_channels;
  d.parts = least(16, most(1, PARTIAL_ELEMENTS / filter));
  d.parts = most(1, least(d.parts, least(d.units, d.positions / PART_POSITIONS)));
  d.slices = least(d.row_blocks, quotient_up(16, d.parts * shape->groups));
  return d;
}

#define NAGARE_FLOAT32_ONLY
#define NAGARE_BODY "PackedGemm.c"
#include "Multiversion.h"

bool nagare_packed_gemm_filter_gradient_suits(const nagare_convolution *shape) {
  return shape->input_channels / shape->groups >= FEWEST_CHANNELS &&
         shape->output_channels / shape->groups >= FEWEST_CHANNELS;
}
int64_t nagare_packed_gemm_filter_gradient_task_count_f32(const nagare_convolution *shape) {
  const division d = divided(shape);
  return shape->groups * d.parts * d.slices;
}
int64_t nagare_packed_gemm_filter_gradient_part_count_f32(const nagare_convolution *shape) {
  return divided(shape).parts;
}
int64_t nagare_packed_gemm_filter_gradient_scratch_bytes_f32(const nagare_convolution *shape) {
  const int64_t columns =
      rounded_up(least(BLOCK_COLUMNS, shape->output_channels / shape->groups), 16);
  return BLOCK_POSITIONS * (columns + BLOCK_ROWS) * (int64_t)sizeof(float);
}
void nagare_packed_gemm_filter_gradient_f32(
    const nagare_convolution *shape, const float *input, const float *output_gradient,
    float *partials, float *bias_partials, int64_t task, void *scratch) {
  NAGARE_DISPATCH(
      packed_filter_gradient_f32,
      (shape, input, output_gradient, partials, bias_partials, task, scratch));
}
void nagare_packed_gemm_filter_gradient_sum_f32(
    const nagare_convolution *shape, const float *partials, float *filter_gradient) {
  const division d = divided(shape);
  nagare_sum_partials_f32(
      d.parts, d.taps * d.inputs * shape->output_channels, partials, filter_gradient);
}

#else

#include "Product.h"
#include "BiasGradient.h"

/// Where the filter's first tap reads at each position of a unit, and the picture that it reads.
typedef struct {
  int64_t count;
  int64_t y[BLOCK_POSITIONS], x[BLOCK_POSITIONS], image[BLOCK_POSITIONS];
} NAME(positions);

static void NAME(find_positions)(
    const nagare_convolution *shape, int64_t first, int64_t count, NAME(positions) *positions) {
  positions->count = count;
  int64_t x = first % shape->output_width, rest = first / shape->output_width;
  int64_t y = rest % shape->output_height, image = rest / shape->output_height;
  for (int64_t k = 0; k < count; k++) {
    positions->y[k] = y * shape->stride_height - shape->padding_top;
    positions->x[k] = x * shape->stride_width - shape->padding_left;
    positions->image[k] = image;
    if (++x < shape->output_width) continue;
    x = 0;
    if (++y < shape->output_height) continue;
    y = 0;
    image++;
  }
}

/// The first `width` elements of `source` to every position's place in a panel, zeros where the source
/// is outside the picture (and its offset -1).
INLINE void NAME(pack_panel)(
    const int width, const REAL *restrict source, const int64_t *restrict offset, int64_t count,
    REAL *restrict panel) {
  for (int64_t k = 0; k < count; k++, panel += PANEL_ROWS) {
    if (offset[k] < 0)
      memset(panel, 0, (size_t)width * sizeof(REAL));
    else
      memcpy(panel, source + offset[k], (size_t)width * sizeof(REAL));
  }
}

static void NAME(pack_rows)(
    const REAL *source, const int64_t *offset, int64_t count, int64_t rows, REAL *packed) {
  for (; rows > 0; rows -= PANEL_ROWS, source += PANEL_ROWS) {
    switch (rows) {
      case 1: NAME(pack_panel)(1, source, offset, count, packed); break;
      case 2: NAME(pack_panel)(2, source, offset, count, packed); break;
      case 3: NAME(pack_panel)(3, source, offset, count, packed); break;
      case 4: NAME(pack_panel)(4, source, offset, count, packed); break;
      case 5: NAME(pack_panel)(5, source, offset, count, packed); break;
      default: NAME(pack_panel)(PANEL_ROWS, source, offset, count, packed); break;
    }
    packed += BLOCK_POSITIONS * PANEL_ROWS;
  }
}

static void NAME(packed_filter_gradient)(
    const nagare_convolution *shape, const REAL *input, const REAL *output_gradient,
    REAL *partials, REAL *bias_partials, int64_t task, void *scratch) {
  const division d = divided(shape);
  const int64_t slice = task % d.slices, part = task / d.slices % d.parts;
  const int64_t group = task / (d.slices * d.parts);
  REAL *packed = scratch;
  REAL *rows = packed + BLOCK_POSITIONS * rounded_up(least(BLOCK_COLUMNS, d.outputs), PANEL);
  REAL *sums = partials + part * d.taps * d.inputs * shape->output_channels;
  // Of the tasks that read the same positions, the first.
  REAL *bias = bias_partials && slice == 0
                   ? bias_partials + part * shape->output_channels + group * d.outputs
                   : NULL;
  if (bias) memset(bias, 0, (size_t)d.outputs * sizeof(REAL));
  int64_t step[BLOCK_POSITIONS], offset[BLOCK_POSITIONS];
  int64_t a_row[BLOCK_ROWS], c_row[BLOCK_ROWS];
  for (int64_t k = 0; k < BLOCK_POSITIONS; k++) step[k] = k * PANEL_ROWS;
  for (int64_t r = 0; r < BLOCK_ROWS; r++)
    a_row[r] = r / PANEL_ROWS * BLOCK_POSITIONS * PANEL_ROWS + r % PANEL_ROWS;
  NAME(positions) positions;

  const int64_t first_unit = bound(d.units, part, d.parts);
  const int64_t last_unit = bound(d.units, part + 1, d.parts);
  const int64_t last_block = bound(d.row_blocks, slice + 1, d.slices);
  for (int64_t unit = first_unit; unit < last_unit; unit++) {
    const int64_t first = bound(d.positions, unit, d.units);
    const int64_t count = bound(d.positions, unit + 1, d.units) - first;
    NAME(find_positions)(shape, first, count, &positions);
    for (int64_t column = 0; column < d.outputs; column += BLOCK_COLUMNS) {
      const int64_t columns = least(BLOCK_COLUMNS, d.outputs - column);
      const int64_t from = group * d.outputs + column;
      const REAL *gradient = output_gradient + first * shape->output_channels + from;
      NAME(pack)(gradient, count, 0, count, columns, shape->output_channels, 1, packed);
      if (bias)
        NAME(add_rows)(gradient, count, shape->output_channels, columns, bias + column);
      int64_t tap = -1;
      for (int64_t block = bound(d.row_blocks, slice, d.slices); block < last_block; block++) {
        const int64_t piece = block % d.pieces;
        if (tap != block / d.pieces) {
          tap = block / d.pieces;
          const int64_t down = tap / shape->filter_width * shape->dilation_height;
          const int64_t right = tap % shape->filter_width * shape->dilation_width;
          for (int64_t k = 0; k < count; k++) {
            const int64_t y = positions.y[k] + down, x = positions.x[k] + right;
            const bool inside =
                y >= 0 && y < shape->input_height && x >= 0 && x < shape->input_width;
            offset[k] = inside ? ((positions.image[k] * shape->input_height + y) *
                                      shape->input_width + x) * shape->input_channels
                               : -1;
          }
        }
        const int64_t channel = bound(d.inputs, piece, d.pieces);
        const int64_t channels = bound(d.inputs, piece + 1, d.pieces) - channel;
        NAME(pack_rows)(
            input + group * d.inputs + channel, offset, count, channels, rows);
        for (int64_t r = 0; r < channels; r++)
          c_row[r] = (tap * d.inputs + channel + r) * shape->output_channels;
        NAME(multiply)(
            rows, a_row, channels, step, count, 1, packed, count, 0, sums + from, c_row, columns,
            unit > first_unit, NULL);
      }
    }
  }
}

#endif
