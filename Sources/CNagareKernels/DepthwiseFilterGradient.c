#ifndef REAL

#include "DepthwiseGeometry.h"

/// Tasks of a filter gradient, unless there are fewer rows.
#define PARTS 16
/// Channels of the filter's gradient that a task sums, where it is computed by runs of columns.
#define GRADIENT_CHANNELS 64
/// Most positions that are summed one after the other there, about.
#define GRADIENT_POSITIONS 4096

/// Parts of the channels of the filter's gradient, each of which is a task.
static int64_t gradient_blocks(const nagare_convolution *shape) {
  const int64_t channels = shape->output_channels;
  const bool runs =
      is_tiled(shape) && channels == shape->input_channels && channels % 16 == 0;
  return runs ? quotient_up(channels, GRADIENT_CHANNELS) : 0;
}

/// Parts of the rows.
static int64_t part_count(const nagare_convolution *shape) {
  const int64_t rows = shape->batch * shape->output_height, blocks = gradient_blocks(shape);
  if (blocks == 0) return least(rows, PARTS);
  const int64_t positions = quotient_up(rows * shape->output_width, GRADIENT_POSITIONS);
  return least(rows, most(quotient_up(PARTS, blocks), positions));
}

/// Outputs for which the input element that a tap reads (`offset` from the first) lies inside.
static range reading(int64_t offset, int64_t stride, int64_t outputs, int64_t size) {
  int64_t last = size - 1 - offset;
  return (range){
      .begin = offset >= 0 ? 0 : quotient_up(-offset, stride),
      .end = last < 0 ? 0 : least(outputs, last / stride + 1)};
}

/// Columns of outputs of a run.
#define TOGETHER 4

#define NAGARE_BODY "DepthwiseFilterGradient.c"
#include "Multiversion.h"

int64_t nagare_depthwise_filter_gradient_part_count(const nagare_convolution *shape) {
  return part_count(shape);
}

int64_t nagare_depthwise_filter_gradient_task_count(const nagare_convolution *shape) {
  return part_count(shape) * most(1, gradient_blocks(shape));
}

int64_t nagare_depthwise_filter_gradient_scratch_bytes(
    const nagare_convolution *shape, int64_t element_bytes) {
  return shape->input_width * shape->output_channels * element_bytes;
}

#define EXPORT(T, S)                                                                           \
  void nagare_depthwise_filter_gradient_##S(                                                   \
      const nagare_convolution *shape, const T *input, const T *output_gradient, T *partials,  \
      int64_t task, void *scratch) {                                                           \
    NAGARE_DISPATCH(                                                                           \
        depthwise_filter_gradient_##S,                                                         \
        (shape, input, output_gradient, partials, task, scratch));                             \
  }                                                                                            \
  void nagare_depthwise_filter_gradient_sum_##S(                                               \
      const nagare_convolution *shape, const T *partials, T *filter_gradient) {                \
    int64_t parts = part_count(shape);                                                         \
    int64_t count = shape->filter_height * shape->filter_width * shape->output_channels;       \
    for (int64_t i = 0; i < count; i++) {                                                      \
      T sum = partials[i];                                                                     \
      for (int64_t p = 1; p < parts; p++) sum += partials[p * count + i];                      \
      filter_gradient[i] = sum;                                                                \
    }                                                                                          \
  }

EXPORT(float, f32)
EXPORT(double, f64)

#else

#include "VectorTypes.h"
#include "DepthwiseRows.h"

/// Adds to three weights' gradients, those of a row of taps, what `columns` outputs side by side give,
/// where the first sees taps from `left` on only and the last taps up to `right`.
INLINE void NAME(gather_run)(
    const int columns, const int stride, const int left, const int right, int64_t channels,
    int64_t pixel, const REAL *source, const REAL *gradient, REAL *sums) {
  for (int64_t c = 0; c < channels; c += LANES) {
    VECTOR sum[3], slope[TOGETHER];
#pragma clang loop unroll(full)
    for (int j = 0; j < 3; j++) sum[j] = NAME(load)(sums + c + j * pixel);
#pragma clang loop unroll(full)
    for (int x = 0; x < columns; x++) slope[x] = NAME(load)(gradient + c + x * pixel);
    const REAL *from = source + c;
#pragma clang loop unroll(full)
    for (int k = 0; k < 3 + (columns - 1) * stride; k++) {
      if (k > 0 && k % 3 == 0) {
        from += 3 * pixel;
        FIXED(from);
      }
      if (k < left || k >= right + (columns - 1) * stride) continue;
      const VECTOR value = NAME(load)(from + k % 3 * pixel);
#pragma clang loop unroll(full)
      for (int x = 0; x < columns; x++) {
        const int j = k - x * stride;
        if (j >= 0 && j < 3) sum[j] += value * slope[x];
      }
    }
#pragma clang loop unroll(full)
    for (int j = 0; j < 3; j++) NAME(store)(sums + c + j * pixel, sum[j]);
  }
}

/// The channels of a task of the filter's gradient, where `gradient_blocks` says that there are several.
static void NAME(gather_channels)(
    const nagare_convolution *shape, const REAL *input, const REAL *output_gradient,
    REAL *total, int64_t channels, int64_t begin, int64_t end) {
  const int64_t pixel = shape->output_channels, stride = shape->stride_width;
  for (int j = 0; j < 9; j++)
    memset(total + j * pixel, 0, (size_t)channels * sizeof(REAL));
  const range whole = seeing_all(shape);
  for (int64_t row = begin; row < end; row++) {
    const int64_t image = row / shape->output_height, y = row % shape->output_height;
    const range tall =
        inside(y, shape->stride_height, 1, shape->padding_top, 3, shape->input_height);
    const int64_t top = image * shape->input_height + y * shape->stride_height -
                        shape->padding_top;
    int64_t columns;
    for (int64_t x = 0; x < shape->output_width; x += columns) {
      const bool left = x < whole.begin;
      columns = least(TOGETHER, shape->output_width - x);
      const bool right = x + columns > whole.end;
      // The first and the last column are not both in a run.
      if (left && right) columns = 1;
      const REAL *slopes = output_gradient + (row * shape->output_width + x) * pixel;
      for (int64_t i = tall.begin; i < tall.end; i++) {
        const REAL *source =
            input +
            ((top + i) * shape->input_width + x * stride - shape->padding_left) * pixel;
        REAL *sums = total + 3 * i * pixel;
#define RUN(COLUMNS, STRIDE, LEFT, RIGHT)                                                      \
  NAME(gather_run)(COLUMNS, STRIDE, LEFT, RIGHT, channels, pixel, source, slopes, sums)
#define RUNS(STRIDE)                                                                           \
  if (left && columns == 1) RUN(1, STRIDE, 1, 3);                                              \
  else if (left && columns == 2) RUN(2, STRIDE, 1, 3);                                         \
  else if (left && columns == 3) RUN(3, STRIDE, 1, 3);                                         \
  else if (left) RUN(TOGETHER, STRIDE, 1, 3);                                                  \
  else if (right && columns == 1) RUN(1, STRIDE, 0, 2);                                        \
  else if (right && columns == 2) RUN(2, STRIDE, 0, 2);                                        \
  else if (right && columns == 3) RUN(3, STRIDE, 0, 2);                                        \
  else if (right) RUN(TOGETHER, STRIDE, 0, 2);                                                 \
  else if (columns == 1) RUN(1, STRIDE, 0, 3);                                                 \
  else if (columns == 2) RUN(2, STRIDE, 0, 3);                                                 \
  else if (columns == 3) RUN(3, STRIDE, 0, 3);                                                 \
  else RUN(TOGETHER, STRIDE, 0, 3);
        if (stride == 1) {
          RUNS(1)
        } else {
          RUNS(2)
        }
#undef RUNS
#undef RUN
      }
    }
  }
}

static void NAME(depthwise_filter_gradient)(
    const nagare_convolution *shape, const REAL *input, const REAL *output_gradient,
    REAL *partials, int64_t task, void *scratch) {
  const int64_t channels = shape->output_channels;
  const int64_t multiplier = channels / shape->input_channels;
  const int64_t input_line = shape->input_width * shape->input_channels;
  const int64_t size = shape->filter_height * shape->filter_width * channels;
  const int64_t step = shape->stride_width * channels;
  const int64_t rows = shape->batch * shape->output_height;
  const int64_t blocks = gradient_blocks(shape);
  if (blocks > 0) {
    const int64_t part = task / blocks, c = task % blocks * GRADIENT_CHANNELS;
    NAME(gather_channels)(
        shape, input + c, output_gradient + c, partials + part * size + c,
        least(GRADIENT_CHANNELS, channels - c), bound(rows, part, part_count(shape)),
        bound(rows, part + 1, part_count(shape)));
    return;
  }
  REAL *total = partials + task * size;
  memset(total, 0, (size_t)size * sizeof(REAL));
  const int64_t last = bound(rows, task + 1, part_count(shape));
  for (int64_t row = bound(rows, task, part_count(shape)); row < last; row++) {
    const int64_t image = row / shape->output_height, y = row % shape->output_height;
    const REAL *gradient = output_gradient + row * shape->output_width * channels;
    const range tall = inside(
        y, shape->stride_height, shape->dilation_height, shape->padding_top,
        shape->filter_height, shape->input_height);
    for (int64_t i = tall.begin; i < tall.end; i++) {
      const int64_t from =
          y * shape->stride_height - shape->padding_top + i * shape->dilation_height;
      const REAL *source = input + (image * shape->input_height + from) * input_line;
      if (multiplier > 1) {
        NAME(repeat)(source, input_line, multiplier, scratch);
        source = scratch;
      }
      for (int64_t j = 0; j < shape->filter_width; j++) {
        const int64_t offset = j * shape->dilation_width - shape->padding_left;
        const range wide =
            reading(offset, shape->stride_width, shape->output_width, shape->input_width);
        REAL *sums = total + (i * shape->filter_width + j) * channels;
        int64_t c = 0;
        for (; c + 4 * LANES <= channels; c += 4 * LANES) {
          VECTOR sum[4] = {{0}};
          for (int64_t x = wide.begin; x < wide.end; x++) {
            const REAL *a = source + offset * channels + x * step + c;
            const REAL *b = gradient + x * channels + c;
            for (int v = 0; v < 4; v++)
              sum[v] += NAME(load)(a + v * LANES) * NAME(load)(b + v * LANES);
          }
          for (int v = 0; v < 4; v++)
            NAME(store)(sums + c + v * LANES, NAME(load)(sums + c + v * LANES) + sum[v]);
        }
        for (; c < channels; c += LANES) {
          const int64_t count = least(LANES, channels - c);
          VECTOR sum = {0};
          for (int64_t x = wide.begin; x < wide.end; x++)
            sum += NAME(load_part)(source + offset * channels + x * step + c, count) *
                   NAME(load_part)(gradient + x * channels + c, count);
          NAME(store_part)(sums + c, NAME(load_part)(sums + c, count) + sum, count);
        }
      }
    }
  }
}

#endif
