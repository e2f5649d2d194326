#ifndef REAL

#include "DepthwiseGeometry.h"

/// Output or input elements of a task, about.
#define TASK_ELEMENTS 32768

static int64_t output_block(const nagare_convolution *shape) {
  int64_t row = shape->output_width * shape->output_channels;
  return least(shape->output_height, most(1, TASK_ELEMENTS / row));
}

static int64_t input_block(const nagare_convolution *shape) {
  int64_t row = shape->input_width * shape->output_channels;
  return least(shape->input_height, most(1, TASK_ELEMENTS / row));
}

/// Input rows that a block of `rows` output rows reads.
static int64_t rows_read(const nagare_convolution *shape, int64_t rows) {
  int64_t all =
      (rows - 1) * shape->stride_height + (shape->filter_height - 1) * shape->dilation_height + 1;
  return least(shape->input_height, all);
}

/// Elements of the rows that a task has copied, so that they stay in the first-level cache.
#define COPIED 6144
/// Fewest channels of which they are copied for tiles, which read them less often.
#define TILED_COPY 512

/// Channels of which the rows that a task reads are copied at a time, or 0 where they are read where they
/// are. Pixels of many channels, often a power of two, lie in a few sets of the cache.
static int64_t copied_channels(const nagare_convolution *shape) {
  const int64_t channels = shape->output_channels;
  if (channels != shape->input_channels || channels < 256) return 0;
  if (is_tiled(shape) && (channels < TILED_COPY || channels % 32 != 0)) return 0;
  // It takes several readings of an element to be worth it.
  if (shape->stride_height * shape->stride_width > 1 ||
      shape->filter_height * shape->filter_width < 4)
    return 0;
  const int64_t pixels = rows_read(shape, output_block(shape)) * shape->input_width;
  return least(channels, COPIED / pixels / 32 * 32);
}

static int64_t forward_scratch(const nagare_convolution *shape, int64_t element) {
  const int64_t channels = shape->output_channels == shape->input_channels
                               ? copied_channels(shape)
                               : shape->output_channels;
  const int64_t pixels = rows_read(shape, output_block(shape)) * shape->input_width;
  return (pixels + (is_tiled(shape) ? 9 : 0)) * channels * element;
}

/// The convolution of the output's gradient by the filter from its end, which gives the input's gradient,
/// where strides and dilations are 1.
static nagare_convolution reversed(const nagare_convolution *shape) {
  nagare_convolution result = *shape;
  result.input_height = shape->output_height;
  result.input_width = shape->output_width;
  result.input_channels = shape->output_channels;
  result.output_height = shape->input_height;
  result.output_width = shape->input_width;
  result.padding_top = shape->filter_height - 1 - shape->padding_top;
  result.padding_left = shape->filter_width - 1 - shape->padding_left;
  return result;
}

/// Whether the input's gradient is computed in tiles, as that convolution.
static bool is_gradient_tiled(const nagare_convolution *shape) {
  if (shape->stride_height != 1 || shape->stride_width != 1) return false;
  if (shape->output_channels != shape->input_channels) return false;
  const nagare_convolution gradient = reversed(shape);
  return is_tiled(&gradient);
}

/// Channels of a row that are computed before others, so that what several pixels see stays in the
/// first-level cache.
#define CHUNK 128
/// Pixels of a row that are computed together where they see the same taps.
#define TOGETHER 4
/// Most rows and columns of outputs of a tile.
#define TILE_ROWS 2
#define TILE_COLUMNS 3

#define NAGARE_BODY "DepthwiseConvolution.c"
#include "Multiversion.h"

int64_t nagare_depthwise_task_count(const nagare_convolution *shape) {
  return shape->batch * quotient_up(shape->output_height, output_block(shape));
}

int64_t nagare_depthwise_input_gradient_task_count(const nagare_convolution *shape) {
  return shape->batch * quotient_up(shape->input_height, input_block(shape));
}

int64_t nagare_depthwise_scratch_bytes(const nagare_convolution *shape, int64_t element_bytes) {
  return forward_scratch(shape, element_bytes);
}

int64_t nagare_depthwise_input_gradient_scratch_bytes(
    const nagare_convolution *shape, int64_t element_bytes) {
  if (is_gradient_tiled(shape)) {
    const nagare_convolution gradient = reversed(shape);
    return most(forward_scratch(&gradient, element_bytes), shape->output_channels * element_bytes);
  }
  return shape->output_channels * element_bytes;
}

#define EXPORT(T, S)                                                                           \
  void nagare_depthwise_##S(                                                                   \
      const nagare_convolution *shape, const T *input, const T *filter,                        \
      const nagare_epilogue *epilogue, T *output, int64_t task, void *scratch) {               \
    NAGARE_DISPATCH(depthwise_##S, (shape, input, filter, epilogue, output, task, scratch));   \
  }                                                                                            \
  void nagare_depthwise_input_gradient_##S(                                                    \
      const nagare_convolution *shape, const T *output_gradient, const T *filter,              \
      T *input_gradient, int64_t task, void *scratch) {                                        \
    NAGARE_DISPATCH(                                                                           \
        depthwise_input_gradient_##S,                                                          \
        (shape, output_gradient, filter, input_gradient, task, scratch));                      \
  }

EXPORT(float, f32)
EXPORT(double, f64)

#else

#include "VectorTypes.h"
#include "DepthwiseRows.h"
#include "Epilogue.h"

/// Taps that several pixels share: where each reads, from the pixel's source, and which element of the
/// filter it is multiplied with.
typedef struct {
  int64_t rows, columns;
  /// Elements from tap to tap in the source and in the filter.
  int64_t source_row, source_column, filter_row, filter_column;
} NAME(tap_grid);

/// The sums over all taps for `pixels` pixels of a vector of channels of which `count` exist. The pixels
/// are `stride` columns of taps apart, or `step` source elements where `stride` is 0; `columns` is that
/// of the taps, or 0 where it is not known beforehand.
INLINE void NAME(sum_vector)(
    const int pixels, const int columns, const int stride, const NAME(tap_grid) *taps,
    const REAL *source, int64_t step, const REAL *filter, const NAME(epilogue) *epilogue,
    int64_t channel, int64_t count, REAL *result, int64_t result_step) {
  VECTOR sum[TOGETHER] = {{0}};
  for (int64_t i = 0; i < taps->rows; i++) {
    const REAL *from = source + i * taps->source_row;
    const REAL *weight = filter + i * taps->filter_row;
    if (columns && stride) {
#pragma clang loop unroll(full)
      for (int j = 0; j < columns; j++) {
        const VECTOR w = NAME(load)(weight + j * taps->filter_column);
#pragma clang loop unroll(full)
        for (int p = 0; p < pixels; p++)
          sum[p] += NAME(load)(from + (p * stride + j) * taps->source_column) * w;
      }
      continue;
    }
    for (int64_t j = 0; j < taps->columns; j++) {
      const VECTOR w = NAME(load_part)(weight, count);
#pragma clang loop unroll(full)
      for (int p = 0; p < pixels; p++) sum[p] += NAME(load_part)(from + p * step, count) * w;
      from += taps->source_column;
      weight += taps->filter_column;
    }
  }
  const bool ends = epilogue;
  const NAME(epilogue) finish = ends ? *epilogue : (NAME(epilogue)){0};
  const VECTOR bias = NAME(bias_of)(finish, channel, count);
#pragma clang loop unroll(full)
  for (int p = 0; p < pixels; p++) {
    VECTOR value = sum[p];
    if (ends)
      value = NAME(finish)(finish, value, bias, channel + p * result_step, count);
    NAME(store_part)(result + p * result_step, value, count);
  }
}

/// One pixel's sums for as many vectors of channels at a time as pixels go together elsewhere: a single
/// chain of additions would wait for itself.
INLINE void NAME(sum_channels)(
    const NAME(tap_grid) *taps, const REAL *source, const REAL *filter,
    const NAME(epilogue) *epilogue, int64_t channel, REAL *result) {
  VECTOR sum[TOGETHER] = {{0}};
  for (int64_t i = 0; i < taps->rows; i++) {
    const REAL *from = source + i * taps->source_row;
    const REAL *weight = filter + i * taps->filter_row;
    for (int64_t j = 0; j < taps->columns; j++) {
#pragma clang loop unroll(full)
      for (int v = 0; v < TOGETHER; v++)
        sum[v] += NAME(load)(from + v * LANES) * NAME(load)(weight + v * LANES);
      from += taps->source_column;
      weight += taps->filter_column;
    }
  }
  const bool ends = epilogue;
  const NAME(epilogue) finish = ends ? *epilogue : (NAME(epilogue)){0};
#pragma clang loop unroll(full)
  for (int v = 0; v < TOGETHER; v++) {
    const int64_t at = channel + v * LANES;
    VECTOR value = sum[v];
    if (ends)
      value = NAME(finish)(finish, value, NAME(bias_of)(finish, at, LANES), at, LANES);
    NAME(store)(result + v * LANES, value);
  }
}

/// The same for all channels.
INLINE void NAME(sum_pixels)(
    const int pixels, const int columns, const int stride, const NAME(tap_grid) *taps,
    const REAL *source, int64_t step, const REAL *filter, const NAME(epilogue) *epilogue,
    int64_t channels, REAL *result, int64_t result_step) {
  int64_t c = 0;
  if (pixels == 1)
    for (; c + TOGETHER * LANES <= channels; c += TOGETHER * LANES)
      NAME(sum_channels)(taps, source + c, filter + c, epilogue, c, result + c);
  for (; c + LANES <= channels; c += LANES)
    NAME(sum_vector)(
        pixels, columns, stride, taps, source + c, step, filter + c, epilogue, c, LANES,
        result + c, result_step);
  if (c < channels)
    NAME(sum_vector)(
        pixels, 0, 0, taps, source + c, step, filter + c, epilogue, c, channels - c, result + c,
        result_step);
}

static void NAME(sum_taps)(
    bool together, const NAME(tap_grid) *taps, const REAL *source, int64_t step,
    const REAL *filter, const NAME(epilogue) *epilogue, int64_t channels, REAL *result,
    int64_t result_step) {
#define SUM(PIXELS, COLUMNS, STRIDE)                                                           \
  NAME(sum_pixels)(                                                                            \
      PIXELS, COLUMNS, STRIDE, taps, source, step, filter, epilogue, channels, result,         \
      result_step)
  if (together && taps->columns == 3 && step == taps->source_column)
    SUM(TOGETHER, 3, 1);
  else if (together && taps->columns == 3 && step == 2 * taps->source_column)
    SUM(TOGETHER, 3, 2);
  else if (together && taps->columns == 3 && step == -taps->source_column)
    SUM(TOGETHER, 3, -1);
  else if (together)
    SUM(TOGETHER, 0, 0);
  else
    SUM(1, 0, 0);
#undef SUM
}

/// `count` channels from `channel` on of row `y` of an output. Their elements of the input's pixels lie
/// from `source` on, `pixel` elements apart, those of row `first` first.
static void NAME(depthwise_row)(
    const nagare_convolution *shape, const REAL *source, int64_t pixel, int64_t first,
    const REAL *filter, const nagare_epilogue *epilogue, int64_t y, int64_t channel,
    int64_t count, REAL *output, int64_t at) {
  const int64_t channels = shape->output_channels, line = shape->input_width * pixel;
  const range whole = seeing_all(shape);
  const range tall = inside(
      y, shape->stride_height, shape->dilation_height, shape->padding_top, shape->filter_height,
      shape->input_height);
  const int64_t top = y * shape->stride_height - shape->padding_top - first +
                      tall.begin * shape->dilation_height;
  NAME(tap_grid) taps = {
      .rows = most(0, tall.end - tall.begin), .source_row = shape->dilation_height * line,
      .source_column = shape->dilation_width * pixel,
      .filter_row = shape->filter_width * channels, .filter_column = channels};
  for (int64_t x = 0; x < shape->output_width;) {
    const bool together = x >= whole.begin && x + TOGETHER <= whole.end;
    const range wide = inside(
        x, shape->stride_width, shape->dilation_width, shape->padding_left, shape->filter_width,
        shape->input_width);
    taps.columns = most(0, wide.end - wide.begin);
    const int64_t left =
        x * shape->stride_width - shape->padding_left + wide.begin * shape->dilation_width;
    const int64_t place = at + x * channels + channel;
    const NAME(epilogue) finish = NAME(epilogue_from)(epilogue, channel, place);
    NAME(sum_taps)(
        together, &taps, source + top * line + left * pixel, shape->stride_width * pixel,
        filter + (tall.begin * shape->filter_width + wide.begin) * channels + channel,
        epilogue ? &finish : NULL, count, output + place, channels);
    x += together ? TOGETHER : 1;
  }
}

/// A tile of outputs of a filter of 3×3, which see `height` rows of taps and the columns from `left` up
/// to `right`, `_row` and `_column` elements apart. The weights of a vector of channels stay in registers,
/// and so do the sums.
INLINE void NAME(tile)(
    const int rows, const int columns, const int stride, const int height, const int left,
    const int right, int64_t channels, const REAL *source, int64_t source_row,
    int64_t source_column, const REAL *filter, int64_t filter_column,
    const NAME(epilogue) *epilogue, REAL *result, int64_t result_row, int64_t result_column) {
  const bool ends = epilogue;
  NAME(epilogue) finish = ends ? *epilogue : (NAME(epilogue)){0};
#define EACH(VARIABLE, COUNT)                                                                  \
  _Pragma("clang loop unroll(full)") for (int VARIABLE = 0; VARIABLE < COUNT; VARIABLE++)
#define EACH_OUTPUT EACH(y, rows) EACH(x, columns)
  for (int64_t left_over = channels; left_over > 0; left_over -= LANES) {
    if (left_over < LANES) {
      // The last vector overlaps the one before.
      const int64_t back = LANES - left_over;
      source -= back;
      filter -= back;
      result -= back;
      if (finish.bias) finish.bias -= back;
      if (finish.addend) finish.addend -= back;
    }
    VECTOR weights[3][3], sums[TILE_ROWS][TILE_COLUMNS];
    const REAL *taps = filter;
    EACH(i, height) {
      FIXED(taps);
      EACH(j, 3) if (j >= left && j < right) weights[i][j] =
          NAME(load)(taps + j * filter_column);
      taps += 3 * filter_column;
    }
    const REAL *from = source;
    EACH(i, height + (rows - 1) * stride) {
      FIXED(from);
      const REAL *three = from;
      EACH(k, 3 + (columns - 1) * stride) {
        if (k > 0 && k % 3 == 0) {
          three += 3 * source_column;
          FIXED(three);
        }
        if (k < left || k >= right + (columns - 1) * stride) continue;
        const VECTOR value = NAME(load)(three + k % 3 * source_column);
        EACH_OUTPUT {
          const int row = i - y * stride, column = k - x * stride;
          if (row < 0 || row >= height || column < left || column >= right) continue;
          const VECTOR weight = weights[row][column];
          const bool begins = row == 0 && column == left;
          sums[y][x] = begins ? value * weight : sums[y][x] + value * weight;
        }
      }
      from += source_row;
    }
    const VECTOR bias = NAME(bias_of)(finish, 0, LANES);
    EACH_OUTPUT sums[y][x] += bias;
    if (finish.addend)
      EACH_OUTPUT sums[y][x] += NAME(load)(finish.addend + y * result_row + x * result_column);
    if (finish.relu) EACH_OUTPUT sums[y][x] = NAME(relu)(sums[y][x]);
    if (finish.capped) EACH_OUTPUT sums[y][x] = NAME(cap)(sums[y][x]);
    EACH_OUTPUT NAME(store)(result + y * result_row + x * result_column, sums[y][x]);
    source += LANES;
    filter += LANES;
    result += LANES;
    if (finish.bias) finish.bias += LANES;
    if (finish.addend) finish.addend += LANES;
    FIXED(source);
    FIXED(filter);
    FIXED(result);
  }
#undef EACH_OUTPUT
#undef EACH
}

/// `count` channels from `channel` on of rows from `begin` up to `end` of an image of outputs that begins
/// at element `start`, in tiles (see `is_tiled`). Their elements of the source's pixels lie from `source`
/// on, `pixel` elements apart, those of row `first` first; those of the taps from `filter` on, `tap`
/// elements apart.
static void NAME(depthwise_tiles)(
    const nagare_convolution *shape, const REAL *source, int64_t pixel, int64_t first,
    const REAL *filter, int64_t tap, const nagare_epilogue *epilogue, REAL *output,
    int64_t start, int64_t begin, int64_t end, int64_t channel, int64_t count) {
  const int64_t channels = shape->output_channels, stride = shape->stride_width;
  const int64_t source_row = shape->input_width * pixel;
  const int64_t result_row = shape->output_width * channels;
  const range whole = seeing_all(shape);
  const int64_t whole_rows = (shape->input_height + shape->padding_top - 3) / shape->stride_height;
  int64_t rows = 1;
  for (int64_t y = begin; y < end; y += rows) {
    const range tall =
        inside(y, shape->stride_height, 1, shape->padding_top, 3, shape->input_height);
    const bool all = tall.end - tall.begin == 3;
    const bool pair =
        all && y + 1 < end && y < whole_rows && shape->stride_height == 1 && stride == 1;
    rows = pair ? 2 : 1;
    const int64_t top = y * shape->stride_height - shape->padding_top + tall.begin - first;
    const REAL *weights = filter + tall.begin * 3 * tap;
    for (int64_t x = 0; x < shape->output_width;) {
      const int64_t place = start + y * result_row + x * channels + channel;
      const NAME(epilogue) finish = NAME(epilogue_from)(epilogue, channel, place);
      const REAL *from =
          source + top * source_row + (x * stride - shape->padding_left) * pixel;
#define TILE(ROWS, COLUMNS, STRIDE, HEIGHT, LEFT, RIGHT)                                       \
  NAME(tile)(                                                                                  \
      ROWS, COLUMNS, STRIDE, HEIGHT, LEFT, RIGHT, count, from, source_row, pixel, weights,     \
      tap, epilogue ? &finish : NULL, output + place, result_row, channels)
#define TILES(ROWS, STRIDE, HEIGHT)                                                            \
  if (x < whole.begin) TILE(ROWS, 1, STRIDE, HEIGHT, 1, 3);                                    \
  else if (x >= whole.end) TILE(ROWS, 1, STRIDE, HEIGHT, 0, 2);                                \
  else if (columns == 1) TILE(ROWS, 1, STRIDE, HEIGHT, 0, 3);                                  \
  else if (columns == 2) TILE(ROWS, 2, STRIDE, HEIGHT, 0, 3);                                  \
  else TILE(ROWS, TILE_COLUMNS, STRIDE, HEIGHT, 0, 3);
      const bool inner = x >= whole.begin && x < whole.end;
      const int64_t columns = inner ? least(TILE_COLUMNS, whole.end - x) : 1;
      if (pair) {
        TILES(TILE_ROWS, 1, 3)
      } else if (stride == 1 && all) {
        TILES(1, 1, 3)
      } else if (stride == 1) {
        TILES(1, 1, 2)
      } else if (all) {
        TILES(1, 2, 3)
      } else {
        TILES(1, 2, 2)
      }
#undef TILES
#undef TILE
      x += columns;
    }
  }
}

/// The same for all channels, some at a time where they are copied. The filter is read from its end where
/// `backwards` says so.
static void NAME(depthwise_block)(
    const nagare_convolution *shape, const REAL *source, int64_t first, const REAL *filter,
    bool backwards, const nagare_epilogue *epilogue, REAL *output, int64_t start, int64_t begin,
    int64_t end, REAL *scratch) {
  const int64_t channels = shape->output_channels, copied = copied_channels(shape);
  const int64_t line = shape->input_width * channels;
  if (copied == 0) {
    NAME(depthwise_tiles)(
        shape, source, channels, first, backwards ? filter + 8 * channels : filter,
        backwards ? -channels : channels, epilogue, output, start, begin, end, 0, channels);
    return;
  }
  const int64_t top = most(0, begin - shape->padding_top);
  const int64_t bottom = least(shape->input_height, end - shape->padding_top + 2);
  for (int64_t c = 0; c < channels; c += copied) {
    const int64_t count = least(copied, channels - c);
    REAL *taps = scratch, *pixels = scratch + 9 * count;
    for (int64_t t = 0; t < 9; t++)
      memcpy(
          taps + t * count, filter + (backwards ? 8 - t : t) * channels + c,
          (size_t)count * sizeof(REAL));
    const REAL *from = source + (top - first) * line + c;
    for (int64_t i = 0; i < (bottom - top) * shape->input_width; i++)
      memcpy(pixels + i * count, from + i * channels, (size_t)count * sizeof(REAL));
    NAME(depthwise_tiles)(
        shape, pixels, count, top, taps, count, epilogue, output, start, begin, end, c, count);
  }
}

static void NAME(depthwise)(
    const nagare_convolution *shape, const REAL *input, const REAL *filter,
    const nagare_epilogue *epilogue, REAL *output, int64_t task, void *scratch) {
  const int64_t block = output_block(shape), down = quotient_up(shape->output_height, block);
  const int64_t image = task / down, begin = task % down * block;
  const int64_t end = least(shape->output_height, begin + block);
  const int64_t channels = shape->output_channels;
  const int64_t multiplier = channels / shape->input_channels;
  const int64_t input_line = shape->input_width * shape->input_channels;
  const REAL *picture = input + image * shape->input_height * input_line;
  const int64_t row = shape->output_width * channels;
  const int64_t start = image * shape->output_height * row;
  // The rows that are read, where they are copied; else row 0 is the first.
  const int64_t copied = copied_channels(shape);
  int64_t first = 0, last = 0;
  if (multiplier > 1 || copied > 0) {
    first = begin * shape->stride_height - shape->padding_top;
    last = first + (end - begin - 1) * shape->stride_height +
           (shape->filter_height - 1) * shape->dilation_height;
    first = least(most(first, 0), shape->input_height - 1);
    last = least(last, shape->input_height - 1);
  }
  const int64_t rows = most(0, last - first + 1);
  const bool tiled = is_tiled(shape) && channels >= LANES;
  if (copied > 0 && !tiled) {
    for (int64_t c = 0; c < channels; c += copied) {
      const int64_t count = least(copied, channels - c);
      const REAL *from = picture + first * input_line + c;
      REAL *to = scratch;
      for (int64_t i = 0; i < rows * shape->input_width; i++, from += channels, to += count)
        memcpy(to, from, (size_t)count * sizeof(REAL));
      for (int64_t y = begin; y < end; y++)
        NAME(depthwise_row)(
            shape, scratch, count, first, filter, epilogue, y, c, count, output,
            start + y * row);
    }
    return;
  }
  if (multiplier > 1) {
    if (rows > 0)
      NAME(repeat)(picture + first * input_line, rows * input_line, multiplier, scratch);
    picture = scratch;
  }
  if (tiled) {
    NAME(depthwise_block)(
        shape, picture, multiplier > 1 ? first : 0, filter, false, epilogue, output, start, begin,
        end, scratch);
    return;
  }
  for (int64_t y = begin; y < end; y++)
    for (int64_t c = 0; c < channels; c += CHUNK)
      NAME(depthwise_row)(
          shape, picture + c, channels, first, filter, epilogue, y, c, least(CHUNK, channels - c),
          output, start + y * row);
}

/// The input elements of a row or column that are `phase` modulo the stride, and the filter's taps that
/// reach them: every `tap_step`-th from `tap` on. Element `phase` + i · stride is reached by the tap's
/// output element `first` + i, by the next tap's `back` before that.
typedef struct {
  int64_t tap, tap_step, taps, first, back, elements;
} NAME(phase);

static NAME(phase) NAME(find_phase)(
    int64_t phase, int64_t stride, int64_t dilation, int64_t padding, int64_t taps, int64_t size) {
  // The remainders of the taps' places repeat after stride / (stride, dilation) of them.
  int64_t divisor = stride, rest = dilation % stride;
  while (rest != 0) {
    const int64_t next = divisor % rest;
    divisor = rest;
    rest = next;
  }
  NAME(phase) result = {
      .tap_step = stride / divisor, .elements = quotient_up(most(0, size - phase), stride)};
  const int64_t different = least(taps, result.tap_step);
  while (result.tap < different && (phase + padding - result.tap * dilation) % stride != 0)
    result.tap++;
  if (result.tap == different) result.tap = taps;
  result.taps = result.tap < taps ? (taps - 1 - result.tap) / result.tap_step + 1 : 0;
  result.first = (phase + padding - result.tap * dilation) / stride;
  result.back = result.tap_step * dilation / stride;
  return result;
}

/// The taps whose output element exists for element `at` of a phase.
static range NAME(reaching)(const NAME(phase) *phase, int64_t at, int64_t outputs) {
  const int64_t first = phase->first + at;
  range result = {.begin = 0, .end = phase->taps};
  if (first >= outputs) result.begin = quotient_up(first - outputs + 1, phase->back);
  if (first < 0)
    result.end = 0;
  else
    result.end = least(result.end, first / phase->back + 1);
  result.end = most(result.begin, result.end);
  return result;
}

/// Pairs of input elements side by side, where the stride is 2: the first is reached by the first and the
/// last of three taps in a row, from two outputs side by side, of which `source` is the latter; the second
/// by the tap between, from that output.
INLINE void NAME(sum_pairs)(
    const int rows, const int pairs, const NAME(tap_grid) *taps, const REAL *source,
    const REAL *filter, int64_t channels, REAL *result) {
  const NAME(tap_grid) grid = *taps;
  for (int64_t left_over = channels; left_over > 0; left_over -= LANES) {
    if (left_over < LANES) {
      // The last vector overlaps the one before.
      source -= LANES - left_over;
      filter -= LANES - left_over;
      result -= LANES - left_over;
    }
    VECTOR first[TILE_COLUMNS], second[TILE_COLUMNS];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      const REAL *weight = filter + i * grid.filter_row, *from = source + i * grid.source_row;
      const VECTOR w0 = NAME(load)(weight), w1 = NAME(load)(weight + channels);
      const VECTOR w2 = NAME(load)(weight + 2 * channels);
      VECTOR before = NAME(load)(from - channels);
#pragma clang loop unroll(full)
      for (int p = 0; p < pairs; p++) {
        const VECTOR value = NAME(load)(from + p * channels);
        first[p] = i == 0 ? value * w0 : first[p] + value * w0;
        first[p] += before * w2;
        second[p] = i == 0 ? value * w1 : second[p] + value * w1;
        before = value;
      }
    }
#pragma clang loop unroll(full)
    for (int p = 0; p < pairs; p++) {
      NAME(store)(result + 2 * p * channels, first[p]);
      NAME(store)(result + (2 * p + 1) * channels, second[p]);
    }
    source += LANES;
    filter += LANES;
    result += LANES;
    FIXED(source);
    FIXED(filter);
    FIXED(result);
  }
}

static void NAME(depthwise_input_gradient)(
    const nagare_convolution *shape, const REAL *output_gradient, const REAL *filter,
    REAL *input_gradient, int64_t task, void *scratch) {
  const int64_t block = input_block(shape), down = quotient_up(shape->input_height, block);
  const int64_t image = task / down, begin = task % down * block;
  const int64_t end = least(shape->input_height, begin + block);
  const int64_t channels = shape->output_channels, line = shape->output_width * channels;
  const int64_t multiplier = channels / shape->input_channels;
  const REAL *gradients = output_gradient + image * shape->output_height * line;
  if (is_gradient_tiled(shape) && channels >= LANES) {
    const nagare_convolution gradient = reversed(shape);
    NAME(depthwise_block)(
        &gradient, gradients, 0, filter, true, NULL, input_gradient,
        image * shape->input_height * shape->input_width * channels, begin, end, scratch);
    return;
  }
  // The outputs from the second on that give pairs of elements, both inside the input.
  const bool by_pairs = shape->filter_width == 3 && shape->dilation_width == 1 &&
                        shape->stride_width == 2 && shape->padding_left <= 2 &&
                        multiplier == 1 && channels >= LANES;
  const int64_t givers =
      least(shape->output_width, (shape->input_width + shape->padding_left) / 2);
  for (int64_t y = begin; y < end; y++) {
    const NAME(phase) vertical = NAME(find_phase)(
        y % shape->stride_height, shape->stride_height, shape->dilation_height,
        shape->padding_top, shape->filter_height, shape->input_height);
    const int64_t at_y = y / shape->stride_height;
    const range tall = NAME(reaching)(&vertical, at_y, shape->output_height);
    REAL *row = input_gradient + (image * shape->input_height + y) * shape->input_width *
                                     shape->input_channels;
    // The elements of the pairs.
    range done = {0, 0};
    const int64_t rows = tall.end - tall.begin;
    if (by_pairs && givers > 1 && (rows == 1 || rows == 2)) {
      done = (range){2 - shape->padding_left, 2 * givers - shape->padding_left};
      const NAME(tap_grid) taps = {
          .source_row = -vertical.back * line,
          .filter_row = vertical.tap_step * shape->filter_width * channels};
      const REAL *from = gradients + (vertical.first + at_y - tall.begin * vertical.back) * line;
      const REAL *weight =
          filter + (vertical.tap + tall.begin * vertical.tap_step) * 3 * channels;
      int64_t pairs;
      for (int64_t x = 1; x < givers; x += pairs) {
        pairs = x + TILE_COLUMNS <= givers ? TILE_COLUMNS : 1;
        REAL *result = row + (2 * x - shape->padding_left) * channels;
#define PAIRS(ROWS, COUNT)                                                                     \
  NAME(sum_pairs)(ROWS, COUNT, &taps, from + x * channels, weight, channels, result)
        if (rows == 1 && pairs == 1) PAIRS(1, 1);
        else if (rows == 1) PAIRS(1, TILE_COLUMNS);
        else if (pairs == 1) PAIRS(2, 1);
        else PAIRS(2, TILE_COLUMNS);
#undef PAIRS
      }
    }
    for (int64_t px = 0; px < least(shape->stride_width, shape->input_width); px++) {
      const NAME(phase) across = NAME(find_phase)(
          px, shape->stride_width, shape->dilation_width, shape->padding_left,
          shape->filter_width, shape->input_width);
      NAME(tap_grid) taps = {
          .rows = tall.end - tall.begin, .source_row = -vertical.back * line,
          .source_column = -across.back * channels,
          .filter_row = vertical.tap_step * shape->filter_width * channels,
          .filter_column = across.tap_step * channels};
      for (int64_t x = 0; x < across.elements;) {
        const int64_t at = px + x * shape->stride_width;
        if (at >= done.begin && at < done.end) {
          x += quotient_up(done.end - at, shape->stride_width);
          continue;
        }
        const range wide = NAME(reaching)(&across, x, shape->output_width);
        taps.columns = wide.end - wide.begin;
        // All taps reach the first and the last of them.
        const range last = NAME(reaching)(&across, x + TOGETHER - 1, shape->output_width);
        const bool together = multiplier == 1 && done.end == 0 &&
                              x + TOGETHER <= across.elements && taps.columns == across.taps &&
                              last.end - last.begin == across.taps;
        REAL *result = row + at * shape->input_channels;
        const int64_t from_y = vertical.first + at_y - tall.begin * vertical.back;
        const int64_t from_x = across.first + x - wide.begin * across.back;
        const REAL *weight =
            filter + ((vertical.tap + tall.begin * vertical.tap_step) * shape->filter_width +
                      across.tap + wide.begin * across.tap_step) * channels;
        const bool any = taps.rows > 0 && taps.columns > 0;
        NAME(sum_taps)(
            together, &taps, any ? gradients + from_y * line + from_x * channels : gradients,
            channels, any ? weight : filter, NULL, channels, multiplier == 1 ? result : scratch,
            shape->stride_width * channels);
        if (multiplier > 1) {
          const REAL *sums = scratch;
          for (int64_t c = 0; c < shape->input_channels; c++) {
            REAL sum = sums[c * multiplier];
            for (int64_t m = 1; m < multiplier; m++) sum += sums[c * multiplier + m];
            result[c] = sum;
          }
        }
        x += together ? TOGETHER : 1;
      }
    }
  }
}

#endif
