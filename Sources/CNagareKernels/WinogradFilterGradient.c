#ifndef REAL

#include "ConvolutionAlgorithms.h"

#include "Division.h"

/// Elements of the transformed source and gradient of a block.
#define BLOCK_VALUES 262144
#define MOST_TILES 48
/// Channels of the input and of the output of which a task sums the products.
#define CHUNK 128
#define PLANE_GAP 16

/// How a filter gradient is divided into tasks: over chunks of input and output channels and over parts
/// of the tiles.
typedef struct {
  int64_t down, across, tiles;
  int64_t input_chunks, output_chunks, parts;
  /// Channels of a chunk at most, in memory, and tiles of a block.
  int64_t input_width, output_width, block_tiles;
} division;

static division divided(const nagare_convolution *shape) {
  division d = {
      .down = quotient_up(shape->output_height, 4),
      .across = quotient_up(shape->output_width, 4),
      .input_chunks = quotient_up(shape->input_channels, CHUNK),
      .output_chunks = quotient_up(shape->output_channels, CHUNK)};
  d.tiles = shape->batch * d.down * d.across;
  d.input_width = rounded_up(least(CHUNK, shape->input_channels), 8);
  d.output_width = rounded_up(least(CHUNK, shape->output_channels), 8);
  d.block_tiles = BLOCK_VALUES / (36 * (d.input_width + d.output_width));
  d.block_tiles = most(16, least(d.block_tiles, MOST_TILES));
  const int64_t chunks = d.input_chunks * d.output_chunks;
  const int64_t filter = 9 * shape->input_channels * shape->output_channels;
  d.parts = least(quotient_up(16, chunks), most(1, PARTIAL_ELEMENTS / filter));
  d.parts = most(1, least(d.parts, d.tiles / 48));
  // A few threads get as many parts each.
  if (d.parts > 4) d.parts -= d.parts % 4;
  return d;
}

/// The place of a tile: its picture, and its row and column of tiles.
typedef struct {
  int64_t image, y, x;
} place;

static place place_of(int64_t tile, int64_t down, int64_t across) {
  return (place){.image = tile / across / down, .y = tile / across % down, .x = tile % across};
}

static void advance(place *at, int64_t down, int64_t across) {
  if (++at->x < across) return;
  at->x = 0;
  if (++at->y < down) return;
  at->y = 0;
  at->image++;
}

#define NAGARE_FLOAT32_ONLY
#define NAGARE_BODY "WinogradFilterGradient.c"
#include "Multiversion.h"

bool nagare_winograd_filter_gradient_suits(const nagare_convolution *shape) {
  const division d = divided(shape);
  return shape->filter_height == 3 && shape->filter_width == 3 && shape->stride_height == 1 &&
         shape->stride_width == 1 && shape->dilation_height == 1 && shape->dilation_width == 1 &&
         shape->groups == 1 && shape->input_channels >= 8 &&
         6 * d.down * d.across <= shape->output_height * shape->output_width && d.tiles >= 16;
}
int64_t nagare_winograd_filter_gradient_task_count_f32(const nagare_convolution *shape) {
  const division d = divided(shape);
  return d.input_chunks * d.output_chunks * d.parts;
}
int64_t nagare_winograd_filter_gradient_part_count_f32(const nagare_convolution *shape) {
  return divided(shape).parts;
}
int64_t nagare_winograd_filter_gradient_scratch_bytes_f32(const nagare_convolution *shape) {
  const division d = divided(shape);
  return (36 * (d.input_width * d.output_width +
                d.block_tiles * (d.input_width + d.output_width) + 3 * PLANE_GAP) +
          rounded_up(most(d.input_width, d.output_width), 16)) *
         (int64_t)sizeof(float);
}
void nagare_winograd_filter_gradient_f32(
    const nagare_convolution *shape, const float *input, const float *output_gradient,
    float *partials, float *bias_partials, int64_t task, void *scratch) {
  const division d = divided(shape);
  NAGARE_DISPATCH(
      filter_gradient_f32,
      (shape, &d, input, output_gradient, partials, bias_partials, task, scratch));
}
void nagare_winograd_filter_gradient_sum_f32(
    const nagare_convolution *shape, const float *partials, float *filter_gradient) {
  nagare_sum_partials_f32(
      divided(shape).parts, 9 * shape->input_channels * shape->output_channels, partials,
      filter_gradient);
}

#else

#define PRODUCT_ALONG false
#include "WinogradTransforms.h"
#include "BiasGradient.h"

/// The 36 values of a vector of channels of a 4×4 square of the output gradient.
INLINE void NAME(evaluate_gradient_vector)(
    const NAME(square) *square, const bool inside, int64_t channel, int64_t count, REAL *values,
    int64_t plane) {
  VECTOR half[6][4];
  for (int64_t x = 0; x < 4; x++) {
    VECTOR g[4], value[6];
#pragma clang loop unroll(full)
    for (int64_t y = 0; y < 4; y++)
      g[y] = NAME(element)(square, inside, 4, y, x, channel, count);
    NAME(evaluate_gradient)(g, value);
#pragma clang loop unroll(full)
    for (int64_t y = 0; y < 6; y++) half[y][x] = value[y];
  }
  for (int64_t y = 0; y < 6; y++, values += 6 * plane) {
    VECTOR value[6];
    NAME(evaluate_gradient)(half[y], value);
#pragma clang loop unroll(full)
    for (int64_t x = 0; x < 6; x++) NAME(store)(values + x * plane, value[x]);
  }
}

static void NAME(evaluate_gradient_square)(
    const NAME(square) *square, int64_t channels, REAL *values, int64_t plane) {
  int64_t c = 0;
  if (square->inside)
    for (; c + LANES <= channels; c += LANES)
      NAME(evaluate_gradient_vector)(square, true, c, LANES, values + c, plane);
  else
    for (; c + LANES <= channels; c += LANES)
      NAME(evaluate_gradient_vector)(square, false, c, LANES, values + c, plane);
  if (c == channels) return;
  NAME(square) rest = *square;
  if (square->inside)
    for (int64_t i = 0; i < 16; i++)
      rest.at[i] = square->corner + i / 4 * square->row + i % 4 * square->pixel;
  NAME(evaluate_gradient_vector)(&rest, false, c, channels - c, values + c, plane);
}

/// Adds the sum of the pixels of a 4×4 square of the output gradient to `sums`.
static void NAME(add_square)(const NAME(square) *square, int64_t channels, REAL *sums) {
  if (square->inside) {
    for (int64_t y = 0; y < 4; y++)
      NAME(add_rows)(
          square->corner + y * square->row, 4, square->pixel, channels, sums);
  } else {
    for (int64_t i = 0; i < 16; i++) NAME(add_rows)(square->at[i], 1, 0, channels, sums);
  }
}

/// The gradient of the filter's channels [inputs, outputs] from its values in 36 planes.
static void NAME(finish)(
    const REAL *sums, int64_t plane, int64_t inputs, int64_t outputs, int64_t width,
    REAL *target, int64_t tap, int64_t row) {
  for (int64_t c = 0; c < inputs; c++)
    for (int64_t j = 0; j < outputs; j += LANES) {
      VECTOR half[3][6];
      for (int64_t x = 0; x < 6; x++) {
        VECTOR value[6], result[3];
        for (int64_t y = 0; y < 6; y++)
          value[y] = NAME(load)(sums + (y * 6 + x) * plane + c * width + j);
        NAME(interpolate_filter)(value, result);
        for (int64_t y = 0; y < 3; y++) half[y][x] = result[y];
      }
      for (int64_t y = 0; y < 3; y++) {
        VECTOR result[3];
        NAME(interpolate_filter)(half[y], result);
        for (int64_t x = 0; x < 3; x++)
          NAME(store_part)(target + (y * 3 + x) * tap + c * row + j, result[x], outputs - j);
      }
    }
}

static void NAME(filter_gradient)(
    const nagare_convolution *shape, const division *d, const REAL *input,
    const REAL *output_gradient, REAL *partials, REAL *bias_partials, int64_t task,
    void *scratch) {
  const int64_t output_chunk = task % d->output_chunks * CHUNK;
  const int64_t input_chunk = task / d->output_chunks % d->input_chunks * CHUNK;
  const int64_t part = task / (d->output_chunks * d->input_chunks);
  const int64_t inputs = least(CHUNK, shape->input_channels - input_chunk);
  const int64_t outputs = least(CHUNK, shape->output_channels - output_chunk);
  const int64_t input_width = rounded_up(inputs, LANES);
  const int64_t output_width = rounded_up(outputs, LANES);
  const int64_t input_plane = d->block_tiles * input_width + PLANE_GAP;
  const int64_t output_plane = d->block_tiles * output_width + PLANE_GAP;
  const int64_t sum_plane = inputs * output_width + PLANE_GAP;
  REAL *input_values = scratch;
  REAL *output_values = input_values + 36 * input_plane;
  REAL *sums = output_values + 36 * output_plane;
  REAL *zeros = sums + 36 * sum_plane;
  memset(zeros, 0, (size_t)most(input_width, output_width) * sizeof(REAL));

  // Of the tasks that read the same tiles of the gradient, the first; summed block by block.
  REAL *bias = bias_partials && input_chunk == 0
                   ? bias_partials + part * shape->output_channels + output_chunk
                   : NULL;
  REAL block_bias[CHUNK];
  if (bias) memset(bias, 0, (size_t)outputs * sizeof(REAL));

  const int64_t begin = bound(d->tiles, part, d->parts);
  const int64_t end = bound(d->tiles, part + 1, d->parts);
  place at = place_of(begin, d->down, d->across);
  for (int64_t first = begin; first < end; first += d->block_tiles) {
    const int64_t tiles = least(d->block_tiles, end - first);
    memset(block_bias, 0, sizeof block_bias);
    for (int64_t t = 0; t < tiles; t++, advance(&at, d->down, d->across)) {
      const int64_t y = at.y * 4, x = at.x * 4;
      NAME(square) square;
      NAME(find)(
          input + at.image * shape->input_height * shape->input_width * shape->input_channels +
              input_chunk,
          shape->input_height, shape->input_width, shape->input_channels,
          y - shape->padding_top, x - shape->padding_left, 6, zeros, &square);
      NAME(evaluate_source_square)(&square, inputs, input_values + t * input_width, input_plane);
      NAME(find)(
          output_gradient +
              at.image * shape->output_height * shape->output_width * shape->output_channels +
              output_chunk,
          shape->output_height, shape->output_width, shape->output_channels, y, x, 4, zeros,
          &square);
      NAME(evaluate_gradient_square)(
          &square, outputs, output_values + t * output_width, output_plane);
      if (bias) NAME(add_square)(&square, outputs, block_bias);
    }
    if (bias) NAME(add_rows)(block_bias, 1, 0, outputs, bias);
    const int64_t following = least(d->block_tiles, end - first - tiles);
    NAME(upcoming) next_input = {
        .pictures = input + input_chunk, .height = shape->input_height,
        .width = shape->input_width, .pixel = shape->input_channels, .elements = inputs,
        .top = shape->padding_top - 2, .left = shape->padding_left - 2, .at = at,
        .tiles = following};
    NAME(upcoming) next_gradient = {
        .pictures = output_gradient + output_chunk, .height = shape->output_height,
        .width = shape->output_width, .pixel = shape->output_channels, .elements = outputs,
        .at = at, .tiles = following};
    const int64_t panels = quotient_up(output_width, PANEL);
    for (int64_t i = 0; i < 36; i++)
      for (int64_t j = 0; j < output_width; j += PANEL) {
        const int64_t part = i * panels + j / PANEL;
        NAME(fetch)(&next_input, d->down, d->across, part, 36 * panels);
        NAME(fetch)(&next_gradient, d->down, d->across, part, 36 * panels);
        NAME(multiply_panel)(
            input_values + i * input_plane, input_width, inputs,
            output_values + i * output_plane + j, output_width, tiles,
            output_width - j == LANES, sums + i * sum_plane + j, output_width, first > begin);
      }
  }
  const int64_t taps = shape->input_channels * shape->output_channels;
  NAME(finish)(
      sums, sum_plane, inputs, outputs, output_width,
      partials + part * 9 * taps + input_chunk * shape->output_channels + output_chunk, taps,
      shape->output_channels);
}

#undef PRODUCT_ALONG
#endif
