/// Convolution as products over blocks of the picture that are read in place: no matrix of patches is
/// ever formed. For any geometry.
#ifndef REAL

#include "ConvolutionAlgorithms.h"

#include "Division.h"

#include <stdbool.h>

/// Elements of the source that a block may see, so that they stay in the second-level cache.
#define BLOCK_SOURCE 81920
/// Grid positions of a block.
#define BLOCK_POSITIONS 4096
/// Multiply-adds below which a task is not divided further.
#define SMALL_TASK 500000
/// Positions from which on a block is divided into slices of results rather than shorter blocks, and
/// the results of the thinnest slice.
#define FEW_POSITIONS 96
#define SLICE_RESULTS 32
/// Rows of the packed filter that are used at a time, so that a panel stays in the first-level
/// cache.
#define BLOCK_DEPTH 384
/// Runs of channels shorter than this are read element by element through a table.
#define SHORT_RUN 8
/// Positions over which a filter gradient is summed before it is added to the total.
#define SUM_POSITIONS 256
/// Positions below which a filter gradient gets no further accumulator.
#define PART_POSITIONS 1024

/// How a grid of positions, for each of which taps of a source are read, is cut into blocks.
typedef struct {
  int64_t height, width;
  int64_t rows, columns;
  /// Blocks down and across, and the parts of the results that each is divided into.
  int64_t down, across, slices;
} blocks;

/// `step` source elements lie between grid neighbours, `span` are covered by the taps of one. `results`
/// come out at each position, which take `products` products together.
static blocks cut(
    int64_t pictures, int64_t height, int64_t width, int64_t step_height, int64_t step_width,
    int64_t span_height, int64_t span_width, int64_t channels, int64_t products,
    int64_t results) {
  blocks result = {.height = height, .width = width};
  // A little that lies between neighbours and is not covered counts as nothing: in place it is not read.
  if (step_height <= 2 * span_height) step_height = least(step_height, span_height);
  if (step_width <= 2 * span_width) step_width = least(step_width, span_width);
  int64_t strip = most(1, BLOCK_SOURCE / most(1, channels * span_height));
  int64_t across = strip > span_width ? (strip - span_width) / step_width + 1 : 1;
  result.columns = least(width, most(48, least(across, BLOCK_POSITIONS)));
  int64_t line = ((result.columns - 1) * step_width + span_width) * channels;
  int64_t lines = most(span_height, BLOCK_SOURCE / line);
  result.rows = least(height, (lines - span_height) / step_height + 1);
  result.rows = most(1, least(result.rows, BLOCK_POSITIONS / result.columns));
  result.across = quotient_up(width, result.columns);
  result.slices = 1;
  const int64_t most_slices = quotient_up(results, SLICE_RESULTS);
  while (pictures * quotient_up(height, result.rows) * result.across * result.slices < 16 &&
         result.rows * result.columns * products > SMALL_TASK * result.slices) {
    // Every block reads all of a slice of the filter: short ones wait for memory.
    if (result.rows > 1 && result.rows * result.columns > FEW_POSITIONS)
      result.rows = quotient_up(result.rows, 2);
    else if (result.slices < most_slices)
      result.slices = least(2 * result.slices, most_slices);
    else if (result.rows > 1)
      result.rows = quotient_up(result.rows, 2);
    else
      break;
  }
  result.down = quotient_up(height, result.rows);
  result.rows = quotient_up(height, result.down);
  result.down = quotient_up(height, result.rows);
  result.columns = quotient_up(width, result.across);
  result.across = quotient_up(width, result.columns);
  return result;
}

static int64_t span(int64_t taps, int64_t dilation) { return (taps - 1) * dilation + 1; }

/// Output elements that reach one input element, all told.
static int64_t phase_span(int64_t taps, int64_t dilation, int64_t stride) {
  return (span(taps, dilation) - 1) / stride + 1;
}

static int64_t taps(const nagare_convolution *shape) {
  return shape->filter_height * shape->filter_width;
}

static int64_t depth(const nagare_convolution *shape) {
  return taps(shape) * (shape->input_channels / shape->groups);
}

static blocks forward_blocks(const nagare_convolution *shape) {
  return cut(
      shape->batch * shape->groups, shape->output_height, shape->output_width,
      shape->stride_height, shape->stride_width,
      span(shape->filter_height, shape->dilation_height),
      span(shape->filter_width, shape->dilation_width), shape->input_channels / shape->groups,
      depth(shape) * (shape->output_channels / shape->groups),
      shape->output_channels / shape->groups);
}

/// The grid of the input gradient has one position for every stride × stride input elements.
static blocks input_gradient_blocks(const nagare_convolution *shape) {
  return cut(
      shape->batch * shape->groups, quotient_up(shape->input_height, shape->stride_height),
      quotient_up(shape->input_width, shape->stride_width), 1, 1,
      phase_span(shape->filter_height, shape->dilation_height, shape->stride_height),
      phase_span(shape->filter_width, shape->dilation_width, shape->stride_width),
      shape->output_channels / shape->groups,
      depth(shape) * (shape->output_channels / shape->groups), 1);
}

/// The division of a filter gradient into tasks: over positions (parts, each with its own
/// accumulator) and over rows of the filter (slices).
typedef struct {
  blocks blocks;
  int64_t units, parts, slices;
} gradient_division;

static gradient_division filter_gradient_division(const nagare_convolution *shape) {
  gradient_division result = {.blocks = forward_blocks(shape)};
  result.units = shape->batch * result.blocks.down * result.blocks.across;
  int64_t rows = depth(shape);
  int64_t most_parts = most(1, PARTIAL_ELEMENTS / (rows * shape->output_channels));
  int64_t positions = shape->batch * result.blocks.height * result.blocks.width;
  most_parts = least(most_parts, most(1, positions / PART_POSITIONS));
  result.parts = least(least(result.units, most_parts), 16);
  result.slices = 1;
  if (result.parts * shape->groups < 8)
    result.slices = most(1, least(8 / (result.parts * shape->groups), rows / 48));
  return result;
}

/// The positions of taps relative to a grid position, in source elements.
typedef struct {
  int64_t count;
  int64_t *y, *x;
} tap_list;

/// Tables for a block of at most `positions` positions and `entries` steps.
typedef struct {
  int64_t *source, *target, *step, *tap_y, *tap_x;
  void *rest;
} tables;

static int64_t table_bytes(int64_t positions, int64_t entries, int64_t tap_count) {
  return (2 * positions + entries + 2 * tap_count + 8) * (int64_t)sizeof(int64_t);
}

static tables lay_out(void *scratch, int64_t positions, int64_t entries, int64_t tap_count) {
  tables result;
  result.source = scratch;
  result.target = result.source + positions;
  result.step = result.target + positions;
  result.tap_y = result.step + entries;
  result.tap_x = result.tap_y + tap_count;
  uintptr_t end = (uintptr_t)(result.tap_x + tap_count);
  result.rest = (void *)((end + 63) / 64 * 64);
  return result;
}

/// The part of a source that a block sees: rows from `top`, columns from `left`.
typedef struct {
  int64_t top, left, height, width;
} window;

static window seen(
    const tap_list *list, int64_t y, int64_t rows, int64_t x, int64_t columns,
    int64_t step_height, int64_t step_width) {
  int64_t top = list->y[0], bottom = top, left = list->x[0], right = left;
  for (int64_t t = 1; t < list->count; t++) {
    top = least(top, list->y[t]);
    bottom = most(bottom, list->y[t]);
    left = least(left, list->x[t]);
    right = most(right, list->x[t]);
  }
  return (window){
      .top = y * step_height + top, .left = x * step_width + left,
      .height = (rows - 1) * step_height + bottom - top + 1,
      .width = (columns - 1) * step_width + right - left + 1};
}

/// Elements that the windows of blocks have at most.
static int64_t window_elements(
    const blocks *cut, int64_t step_height, int64_t step_width, int64_t span_height,
    int64_t span_width, int64_t channels) {
  return ((cut->rows - 1) * step_height + span_height) *
         ((cut->columns - 1) * step_width + span_width) * channels;
}

static void forward_taps(const nagare_convolution *shape, tap_list *list) {
  list->count = 0;
  for (int64_t y = 0; y < shape->filter_height; y++)
    for (int64_t x = 0; x < shape->filter_width; x++) {
      list->y[list->count] = y * shape->dilation_height - shape->padding_top;
      list->x[list->count++] = x * shape->dilation_width - shape->padding_left;
    }
}

/// Whether filter tap `k` reaches input elements that are `phase` modulo `stride`; if so, from which
/// output element, relative to the grid position.
static bool reaches(
    int64_t k, int64_t phase, int64_t stride, int64_t dilation, int64_t padding, int64_t *at) {
  int64_t offset = phase + padding - k * dilation;
  if (offset % stride != 0) return false;
  *at = offset / stride;
  return true;
}

static bool phase_tap(
    const nagare_convolution *shape, int64_t phase_y, int64_t phase_x, int64_t tap, int64_t *y,
    int64_t *x) {
  return reaches(
             tap / shape->filter_width, phase_y, shape->stride_height, shape->dilation_height,
             shape->padding_top, y) &&
         reaches(
             tap % shape->filter_width, phase_x, shape->stride_width, shape->dilation_width,
             shape->padding_left, x);
}

/// Taps of all phases: fewer than the filter has where the input is smaller than the stride.
static int64_t packed_taps(const nagare_convolution *shape) {
  int64_t count = 0, y, x;
  for (int64_t py = 0; py < least(shape->stride_height, shape->input_height); py++)
    for (int64_t px = 0; px < least(shape->stride_width, shape->input_width); px++)
      for (int64_t t = 0; t < taps(shape); t++) count += phase_tap(shape, py, px, t, &y, &x);
  return count;
}

/// As many taps as lie one behind the other in memory, from each whole multiple of as many on.
static int64_t taps_in_a_row(const int64_t *at, int64_t count, int64_t channels) {
  int64_t length = 1;
  while (length < count && at[length] == at[length - 1] + channels) length++;
  if (count % length != 0) return 1;
  for (int64_t t = length; t < count; t++)
    if (t % length != 0 && at[t] != at[t - 1] + channels) return 1;
  return length;
}

static int64_t entries(int64_t tap_count, int64_t channels) {
  return channels < SHORT_RUN ? tap_count * channels : tap_count;
}

/// Elements from pixel to pixel for the filter gradient, which walks over pixels: not a power of two,
/// for then the pixels would fall into few sets of the cache.
static int64_t gradient_pitch(int64_t channels) {
  return channels % 32 == 0 ? channels + 16 : channels;
}

/// Elements of scratch memory beside the tables.
static int64_t forward_window(const nagare_convolution *shape, int64_t pitch) {
  blocks cut = forward_blocks(shape);
  return window_elements(
      &cut, shape->stride_height, shape->stride_width,
      span(shape->filter_height, shape->dilation_height),
      span(shape->filter_width, shape->dilation_width), pitch);
}

static int64_t input_gradient_window(const nagare_convolution *shape) {
  blocks cut = input_gradient_blocks(shape);
  return window_elements(
      &cut, 1, 1, phase_span(shape->filter_height, shape->dilation_height, shape->stride_height),
      phase_span(shape->filter_width, shape->dilation_width, shape->stride_width),
      shape->output_channels / shape->groups);
}

#define NAGARE_UINT32
#define NAGARE_BODY "ImplicitGemm.c"
#include "Multiversion.h"

static int64_t forward_scratch(const nagare_convolution *shape, int64_t element) {
  blocks cut = forward_blocks(shape);
  int64_t channels = shape->input_channels / shape->groups;
  return table_bytes(cut.rows * cut.columns, entries(taps(shape), channels), taps(shape)) +
         forward_window(shape, channels) * element;
}

static int64_t input_gradient_scratch(const nagare_convolution *shape, int64_t element) {
  blocks cut = input_gradient_blocks(shape);
  int64_t channels = shape->output_channels / shape->groups;
  return table_bytes(cut.rows * cut.columns, entries(taps(shape), channels), taps(shape)) +
         input_gradient_window(shape) * element;
}

static int64_t filter_gradient_scratch(const nagare_convolution *shape, int64_t element) {
  blocks cut = forward_blocks(shape);
  int64_t columns = (shape->output_channels / shape->groups + 15) / 16 * 16;
  int64_t pitch = gradient_pitch(shape->input_channels / shape->groups);
  return table_bytes(depth(shape), cut.rows * cut.columns, taps(shape)) +
         (forward_window(shape, pitch) + 16 + SUM_POSITIONS * columns) * element;
}

static int64_t forward_task_count(const nagare_convolution *shape) {
  blocks cut = forward_blocks(shape);
  return shape->batch * shape->groups * cut.down * cut.across * cut.slices;
}

static int64_t input_gradient_task_count(const nagare_convolution *shape) {
  blocks cut = input_gradient_blocks(shape);
  return shape->batch * shape->groups * cut.down * cut.across;
}

static int64_t filter_gradient_part_count(const nagare_convolution *shape) {
  return filter_gradient_division(shape).parts;
}

static int64_t filter_gradient_task_count(const nagare_convolution *shape) {
  gradient_division division = filter_gradient_division(shape);
  return shape->groups * division.parts * division.slices;
}

#define EXPORT(PREFIX, T, S, U, V)                                                             \
  int64_t PREFIX##_packed_count_##S(const nagare_convolution *shape) {                         \
    return NAGARE_DISPATCH(packed_count_##V, (shape));                                         \
  }                                                                                            \
  int64_t PREFIX##_pack_task_count_##S(const nagare_convolution *shape) {                      \
    (void)shape;                                                                               \
    return 1;                                                                                  \
  }                                                                                            \
  void PREFIX##_pack_##S(                                                                      \
      const nagare_convolution *shape, const T *filter, T *packed, int64_t task) {             \
    (void)task;                                                                                \
    NAGARE_DISPATCH(pack_filter_##V, (shape, (const U *)filter, (U *)packed));                 \
  }                                                                                            \
  int64_t PREFIX##_task_count_##S(const nagare_convolution *shape) {                           \
    return forward_task_count(shape);                                                          \
  }                                                                                            \
  int64_t PREFIX##_scratch_bytes_##S(const nagare_convolution *shape) {                        \
    return forward_scratch(shape, sizeof(T));                                                  \
  }                                                                                            \
  void PREFIX##_##S(                                                                           \
      const nagare_convolution *shape, const T *input, const T *packed,                        \
      const nagare_epilogue *epilogue, T *output, int64_t task, void *scratch) {               \
    NAGARE_DISPATCH(                                                                           \
        forward_##V, (shape, (const U *)input, (const U *)packed, epilogue, (U *)output, task, \
                      scratch));                                                               \
  }                                                                                            \
  int64_t PREFIX##_input_gradient_packed_count_##S(const nagare_convolution *shape) {          \
    return NAGARE_DISPATCH(input_gradient_packed_count_##V, (shape));                          \
  }                                                                                            \
  int64_t PREFIX##_input_gradient_pack_task_count_##S(const nagare_convolution *shape) {       \
    (void)shape;                                                                               \
    return 1;                                                                                  \
  }                                                                                            \
  void PREFIX##_input_gradient_pack_##S(                                                       \
      const nagare_convolution *shape, const T *filter, T *packed, int64_t task) {             \
    (void)task;                                                                                \
    NAGARE_DISPATCH(input_gradient_pack_##V, (shape, (const U *)filter, (U *)packed));         \
  }                                                                                            \
  int64_t PREFIX##_input_gradient_task_count_##S(const nagare_convolution *shape) {            \
    return input_gradient_task_count(shape);                                                   \
  }                                                                                            \
  int64_t PREFIX##_input_gradient_scratch_bytes_##S(const nagare_convolution *shape) {         \
    return input_gradient_scratch(shape, sizeof(T));                                           \
  }                                                                                            \
  void PREFIX##_input_gradient_##S(                                                            \
      const nagare_convolution *shape, const T *output_gradient, const T *packed,              \
      const T *mask, T *input_gradient, int64_t task, void *scratch) {                         \
    NAGARE_DISPATCH(                                                                           \
        input_gradient_##V, (shape, (const U *)output_gradient, (const U *)packed, mask,       \
                             (U *)input_gradient, task, scratch));                             \
  }                                                                                            \
  int64_t PREFIX##_filter_gradient_task_count_##S(const nagare_convolution *shape) {           \
    return filter_gradient_task_count(shape);                                                  \
  }                                                                                            \
  int64_t PREFIX##_filter_gradient_part_count_##S(const nagare_convolution *shape) {           \
    return filter_gradient_part_count(shape);                                                  \
  }                                                                                            \
  int64_t PREFIX##_filter_gradient_scratch_bytes_##S(const nagare_convolution *shape) {        \
    return filter_gradient_scratch(shape, sizeof(T));                                          \
  }                                                                                            \
  void PREFIX##_filter_gradient_##S(                                                           \
      const nagare_convolution *shape, const T *input, const T *output_gradient, T *partials,  \
      T *bias_partials, int64_t task, void *scratch) {                                         \
    NAGARE_DISPATCH(                                                                           \
        filter_gradient_##V, (shape, (const U *)input, (const U *)output_gradient,             \
                              (U *)partials, (U *)bias_partials, task, scratch));              \
  }                                                                                            \
  void PREFIX##_filter_gradient_sum_##S(                                                       \
      const nagare_convolution *shape, const T *partials, T *filter_gradient) {                \
    int64_t parts = filter_gradient_part_count(shape);                                         \
    int64_t count = depth(shape) * shape->output_channels;                                     \
    for (int64_t i = 0; i < count; i++) {                                                      \
      U sum = (U)partials[i];                                                                  \
      for (int64_t p = 1; p < parts; p++) sum += (U)partials[p * count + i];                   \
      filter_gradient[i] = (T)sum;                                                             \
    }                                                                                          \
  }

EXPORT(nagare_implicit_gemm, float, f32, float, f32)
EXPORT(nagare_conv2d, double, f64, double, f64)
EXPORT(nagare_conv2d, int32_t, i32, uint32_t, u32)

#else

#include "Product.h"
#include "BiasGradient.h"

/// A picture, or some of its channels.
typedef struct {
  const REAL *elements;
  int64_t height, width, channels;
  /// Elements from one pixel to the next.
  int64_t pixel;
} NAME(picture);

/// The elements of a window, zero outside the picture: in place if the window lies inside and
/// pixels may be `pitch` apart, else as a copy in `copied`.
static NAME(picture) NAME(view)(
    const NAME(picture) *source, window part, int64_t pitch, REAL *copied) {
  const int64_t pixel = source->pixel, channels = source->channels;
  if (pitch == channels && part.top >= 0 && part.left >= 0 && part.top + part.height <= source->height &&
      part.left + part.width <= source->width)
    return (NAME(picture)){
        .elements = source->elements + (part.top * source->width + part.left) * pixel,
        .height = part.height, .width = source->width, .channels = channels, .pixel = pixel};
  const int64_t first = least(most(-part.left, 0), part.width);
  const int64_t last = most(first, least(part.width, source->width - part.left));
  REAL *row = copied;
  for (int64_t y = part.top; y < part.top + part.height; y++, row += part.width * pitch) {
    if (y < 0 || y >= source->height) {
      memset(row, 0, (size_t)(part.width * pitch) * sizeof(REAL));
      continue;
    }
    memset(row, 0, (size_t)(first * pitch) * sizeof(REAL));
    memset(row + last * pitch, 0, (size_t)((part.width - last) * pitch) * sizeof(REAL));
    const REAL *from = source->elements + (y * source->width + part.left + first) * pixel;
    if (pixel == pitch) {
      memcpy(row + first * pitch, from, (size_t)((last - first) * pitch) * sizeof(REAL));
    } else {
      for (int64_t x = first; x < last; x++, from += pixel)
        memcpy(row + x * pitch, from, (size_t)channels * sizeof(REAL));
    }
  }
  return (NAME(picture)){
      .elements = copied, .height = part.height, .width = part.width, .channels = channels,
      .pixel = pitch};
}

/// Where the results of a grid go: elements between rows, between neighbours in a row, and results
/// at each position.
typedef struct {
  REAL *elements;
  int64_t row, position, channels;
} NAME(grid);

/// Results of a block of grid positions: target[p][n] = Σ_t Σ_c source[p · step + tap t][c] ·
/// packed[t, c][n].
static void NAME(correlate)(
    const NAME(picture) *source, const tap_list *list, int64_t step_height, int64_t step_width,
    const REAL *packed, const NAME(epilogue) *epilogue, const NAME(grid) *target, int64_t y,
    int64_t rows, int64_t x, int64_t columns, tables scratch) {
  window part = seen(list, y, rows, x, columns, step_height, step_width);
  NAME(picture) view = NAME(view)(source, part, source->channels, scratch.rest);
  const int64_t line = view.width * view.pixel, channels = view.channels;
  int64_t positions = 0;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++, positions++) {
      scratch.source[positions] = i * step_height * line + j * step_width * view.pixel;
      scratch.target[positions] = (y + i) * target->row + (x + j) * target->position;
    }
  const int64_t depth = list->count * channels;
  const int64_t base_y = part.top - y * step_height, base_x = part.left - x * step_width;
  for (int64_t t = 0; t < list->count; t++)
    scratch.step[t] = (list->y[t] - base_y) * line + (list->x[t] - base_x) * view.pixel;
  int64_t filled, run;
  if (channels < SHORT_RUN) {
    for (int64_t t = list->count - 1; t >= 0; t--)
      for (int64_t c = channels - 1; c >= 0; c--)
        scratch.step[t * channels + c] = scratch.step[t] + c;
    filled = depth, run = 1;
  } else {
    const int64_t together = taps_in_a_row(scratch.step, list->count, channels);
    filled = list->count / together, run = together * channels;
    for (int64_t s = 1; s < filled; s++) scratch.step[s] = scratch.step[s * together];
  }
  if (run <= BLOCK_DEPTH) {
    const int64_t block = BLOCK_DEPTH / run;
    for (int64_t s = 0; s < filled; s += block) {
      bool last = s + block >= filled;
      NAME(multiply)(
          view.elements, scratch.source, positions, scratch.step + s,
          least(block, filled - s), run, packed, depth, s * run, target->elements,
          scratch.target, target->channels, s > 0, last ? epilogue : NULL);
    }
  } else {
    const int64_t pieces = quotient_up(run, BLOCK_DEPTH);
    for (int64_t s = 0; s < filled; s++)
      for (int64_t piece = 0; piece < pieces; piece++) {
        int64_t from = bound(run, piece, pieces), to = bound(run, piece + 1, pieces);
        int64_t at = scratch.step[s] + from;
        bool last = s == filled - 1 && piece == pieces - 1;
        NAME(multiply)(
            view.elements, scratch.source, positions, &at, 1, to - from, packed, depth,
            s * run + from, target->elements, scratch.target, target->channels,
            s > 0 || piece > 0, last ? epilogue : NULL);
      }
  }
}

static int64_t NAME(packed_count)(const nagare_convolution *shape) {
  return shape->groups * depth(shape) *
         NAME(padded_columns)(shape->output_channels / shape->groups);
}

static void NAME(pack_filter)(
    const nagare_convolution *shape, const REAL *filter, REAL *packed) {
  const int64_t columns = shape->output_channels / shape->groups, rows = depth(shape);
  for (int64_t g = 0; g < shape->groups; g++)
    NAME(pack)(
        filter + g * columns, rows, 0, rows, columns, shape->output_channels, 1,
        packed + g * rows * NAME(padded_columns)(columns));
}

static void NAME(forward)(
    const nagare_convolution *shape, const REAL *input, const REAL *packed,
    const nagare_epilogue *epilogue, REAL *output, int64_t task, void *scratch) {
  const blocks cut = forward_blocks(shape);
  const int64_t slice = task % cut.slices;
  task /= cut.slices;
  const int64_t across = task % cut.across, down = task / cut.across % cut.down;
  const int64_t unit = task / (cut.across * cut.down);
  const int64_t group = unit % shape->groups, image = unit / shape->groups;
  const int64_t in = shape->input_channels / shape->groups;
  const int64_t out = shape->output_channels / shape->groups;
  const int64_t panels = quotient_up(out, PANEL);
  const int64_t first = PANEL * bound(panels, slice, cut.slices);
  const int64_t last = least(out, PANEL * bound(panels, slice + 1, cut.slices));
  tables table = lay_out(scratch, cut.rows * cut.columns, entries(taps(shape), in), taps(shape));
  tap_list list = {.y = table.tap_y, .x = table.tap_x};
  forward_taps(shape, &list);
  const int64_t input_size = shape->input_height * shape->input_width * shape->input_channels;
  const int64_t output_row = shape->output_width * shape->output_channels;
  const NAME(picture) source = {
      .elements = input + image * input_size + group * in, .height = shape->input_height,
      .width = shape->input_width, .channels = in, .pixel = shape->input_channels};
  const int64_t corner = image * shape->output_height * output_row + group * out + first;
  const NAME(epilogue) finish = NAME(epilogue_from)(epilogue, group * out + first, corner);
  const NAME(grid) target = {
      .elements = output + corner,
      .row = output_row, .position = shape->output_channels, .channels = last - first};
  const int64_t y = down * cut.rows, x = across * cut.columns;
  NAME(correlate)(
      &source, &list, shape->stride_height, shape->stride_width,
      packed + depth(shape) * (group * NAME(padded_columns)(out) + first),
      epilogue ? &finish : NULL, &target, y, least(cut.rows, cut.height - y), x,
      least(cut.columns, cut.width - x), table);
}

static int64_t NAME(input_gradient_packed_count)(const nagare_convolution *shape) {
  return packed_taps(shape) * shape->output_channels *
         NAME(padded_columns)(shape->input_channels / shape->groups);
}

/// Phase by phase, in each the taps that reach it, in each the output channels.
static void NAME(input_gradient_pack)(
    const nagare_convolution *shape, const REAL *filter, REAL *packed) {
  const int64_t in = shape->input_channels / shape->groups;
  const int64_t out = shape->output_channels / shape->groups;
  int64_t y, x;
  for (int64_t g = 0; g < shape->groups; g++)
    for (int64_t py = 0; py < least(shape->stride_height, shape->input_height); py++)
      for (int64_t px = 0; px < least(shape->stride_width, shape->input_width); px++) {
        int64_t count = 0, done = 0;
        for (int64_t t = 0; t < taps(shape); t++) count += phase_tap(shape, py, px, t, &y, &x);
        for (int64_t t = 0; t < taps(shape); t++) {
          if (!phase_tap(shape, py, px, t, &y, &x)) continue;
          NAME(pack)(
              filter + t * in * shape->output_channels + g * out, count * out, done * out, out,
              in, 1, shape->output_channels, packed);
          done++;
        }
        packed += count * out * NAME(padded_columns)(in);
      }
}

static void NAME(input_gradient)(
    const nagare_convolution *shape, const REAL *output_gradient, const REAL *packed,
    const void *mask, REAL *input_gradient, int64_t task, void *scratch) {
  const blocks cut = input_gradient_blocks(shape);
  const int64_t across = task % cut.across, down = task / cut.across % cut.down;
  const int64_t unit = task / (cut.across * cut.down);
  const int64_t group = unit % shape->groups, image = unit / shape->groups;
  const int64_t in = shape->input_channels / shape->groups;
  const int64_t out = shape->output_channels / shape->groups;
  tables table = lay_out(scratch, cut.rows * cut.columns, entries(taps(shape), out), taps(shape));
  const int64_t output_size =
      shape->output_height * shape->output_width * shape->output_channels;
  const int64_t input_row = shape->input_width * shape->input_channels;
  const NAME(picture) source = {
      .elements = output_gradient + image * output_size + group * out,
      .height = shape->output_height, .width = shape->output_width, .channels = out,
      .pixel = shape->output_channels};
  const REAL *panel = packed + group * packed_taps(shape) * out * NAME(padded_columns)(in);
  int64_t y = down * cut.rows, x = across * cut.columns;
  for (int64_t py = 0; py < least(shape->stride_height, shape->input_height); py++)
    for (int64_t px = 0; px < least(shape->stride_width, shape->input_width); px++) {
      tap_list list = {.y = table.tap_y, .x = table.tap_x};
      for (int64_t t = 0; t < taps(shape); t++)
        if (phase_tap(shape, py, px, t, list.y + list.count, list.x + list.count)) list.count++;
      // The last positions of the grid have no element of the later phases.
      const int64_t height = quotient_up(shape->input_height - py, shape->stride_height);
      const int64_t width = quotient_up(shape->input_width - px, shape->stride_width);
      const int64_t rows = least(cut.rows, height - y), columns = least(cut.columns, width - x);
      const NAME(grid) target = {
          .elements = input_gradient + (image * shape->input_height + py) * input_row +
                      px * shape->input_channels + group * in,
          .row = shape->stride_height * input_row,
          .position = shape->stride_width * shape->input_channels, .channels = in};
      if (list.count > 0 && rows > 0 && columns > 0) {
        NAME(correlate)(
            &source, &list, 1, 1, panel, NULL, &target, y, rows, x, columns, table);
      } else {
        for (int64_t i = y; i < y + rows; i++)
          for (int64_t j = x; j < x + columns; j++)
            memset(
                target.elements + i * target.row + j * target.position, 0,
                (size_t)in * sizeof(REAL));
      }
      panel += list.count * out * NAME(padded_columns)(in);
    }
  if (!mask) return;
  y *= shape->stride_height, x *= shape->stride_width;
  const int64_t last_y = least(shape->input_height, y + cut.rows * shape->stride_height);
  const int64_t last_x = least(shape->input_width, x + cut.columns * shape->stride_width);
  for (; y < last_y; y++)
    for (int64_t at = x; at < last_x; at++) {
      const int64_t first = (image * shape->input_height + y) * input_row +
                            at * shape->input_channels + group * in;
      const NAME(signed_real) *unmasked = (const NAME(signed_real) *)mask + first;
      for (int64_t c = 0; c < in; c++)
        input_gradient[first + c] = unmasked[c] > 0 ? input_gradient[first + c] : 0;
    }
}

static void NAME(filter_gradient)(
    const nagare_convolution *shape, const REAL *input, const REAL *output_gradient,
    REAL *partials, REAL *bias_partials, int64_t task, void *scratch) {
  const gradient_division division = filter_gradient_division(shape);
  const blocks cut = division.blocks;
  const int64_t slice = task % division.slices, part = task / division.slices % division.parts;
  const int64_t group = task / (division.slices * division.parts);
  const int64_t in = shape->input_channels / shape->groups;
  const int64_t out = shape->output_channels / shape->groups;
  const int64_t first = bound(depth(shape), slice, division.slices);
  const int64_t rows = bound(depth(shape), slice + 1, division.slices) - first;
  tables table = lay_out(scratch, depth(shape), cut.rows * cut.columns, taps(shape));
  tap_list list = {.y = table.tap_y, .x = table.tap_x};
  forward_taps(shape, &list);
  REAL *copied = table.rest;
  REAL *packed = copied + (forward_window(shape, gradient_pitch(in)) + 15) / 16 * 16;
  REAL *sum = partials + part * depth(shape) * shape->output_channels + group * out;
  for (int64_t r = 0; r < rows; r++)
    table.target[r] = (first + r) * shape->output_channels;
  // Of the tasks that read the same positions, the first.
  REAL *bias = bias_partials && slice == 0
                   ? bias_partials + part * shape->output_channels + group * out
                   : NULL;
  if (bias) memset(bias, 0, (size_t)out * sizeof(REAL));

  const int64_t last = bound(division.units, part + 1, division.parts);
  bool accumulate = false;
  for (int64_t unit = bound(division.units, part, division.parts); unit < last; unit++) {
    const int64_t x = unit % cut.across * cut.columns;
    const int64_t y = unit / cut.across % cut.down * cut.rows;
    const int64_t image = unit / (cut.across * cut.down);
    const int64_t height = least(cut.rows, cut.height - y);
    const int64_t width = least(cut.columns, cut.width - x);
    const NAME(picture) source = {
        .elements =
            input + image * shape->input_height * shape->input_width * shape->input_channels +
            group * in,
        .height = shape->input_height, .width = shape->input_width, .channels = in,
        .pixel = shape->input_channels};
    const window part_seen =
        seen(&list, y, height, x, width, shape->stride_height, shape->stride_width);
    const NAME(picture) view = NAME(view)(&source, part_seen, gradient_pitch(in), copied);
    const int64_t line = view.width * view.pixel;
    const int64_t base_y = part_seen.top - y * shape->stride_height;
    const int64_t base_x = part_seen.left - x * shape->stride_width;
    for (int64_t r = 0; r < rows; r++) {
      int64_t tap = (first + r) / in, channel = (first + r) % in;
      table.source[r] =
          (list.y[tap] - base_y) * line + (list.x[tap] - base_x) * view.pixel + channel;
    }
    for (int64_t i = 0; i < height; i++)
      for (int64_t j = 0; j < width; j++)
        table.step[i * width + j] =
            i * shape->stride_height * line + j * shape->stride_width * view.pixel;
    const REAL *gradient = output_gradient + group * out +
                           ((image * shape->output_height + y) * shape->output_width + x) *
                               shape->output_channels;
    // Positions follow each other in memory, also across rows, if the block is as wide as the output.
    const bool whole = width == shape->output_width;
    const bool in_place = shape->groups == 1 && (out == LANES || out == PANEL);
    const int64_t lines = whole ? 1 : height, length = whole ? height * width : width;
    for (int64_t i = 0; i < lines; i++)
      for (int64_t p = 0; p < length; p += SUM_POSITIONS) {
        const int64_t count = least(SUM_POSITIONS, length - p);
        const REAL *from =
            gradient + (i * shape->output_width + p) * shape->output_channels;
        if (bias) NAME(add_rows)(from, count, shape->output_channels, out, bias);
        if (!in_place)
          NAME(pack)(from, count, 0, count, out, shape->output_channels, 1, packed);
        NAME(multiply)(
            view.elements, table.source, rows, table.step + i * width + p, count, 1,
            in_place ? from : packed, count, 0, sum, table.target, out, accumulate, NULL);
        accumulate = true;
      }
  }
}

#endif
