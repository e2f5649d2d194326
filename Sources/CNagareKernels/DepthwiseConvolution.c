#ifndef REAL

#include "NagareDepthwiseConvolution.h"

#include "Division.h"

/// Output or input elements of a task, about.
#define TASK_ELEMENTS 32768
/// Accumulators of a filter gradient.
#define PARTS 16

static int64_t output_block(const nagare_convolution *shape) {
  int64_t row = shape->output_width * shape->output_channels;
  return least(shape->output_height, most(1, TASK_ELEMENTS / row));
}

static int64_t input_block(const nagare_convolution *shape) {
  int64_t row = shape->input_width * shape->output_channels;
  return least(shape->input_height, most(1, TASK_ELEMENTS / row));
}

/// Indices from `begin` up to `end`.
typedef struct {
  int64_t begin, end;
} range;

/// Filter taps of output element `at` that lie inside an input of `size` elements.
static range inside(
    int64_t at, int64_t stride, int64_t dilation, int64_t padding, int64_t taps, int64_t size) {
  int64_t begin = at * stride - padding;
  return (range){
      .begin = begin >= 0 ? 0 : quotient_up(-begin, dilation),
      .end = begin >= size ? 0 : least(taps, (size - 1 - begin) / dilation + 1)};
}

/// Outputs for which the input element that a tap reads (`offset` from the first) lies inside.
static range reading(int64_t offset, int64_t stride, int64_t outputs, int64_t size) {
  int64_t last = size - 1 - offset;
  return (range){
      .begin = offset >= 0 ? 0 : quotient_up(-offset, stride),
      .end = last < 0 ? 0 : least(outputs, last / stride + 1)};
}

/// The output element that reads input element `at` with filter tap `tap`, or -1.
static int64_t reader(
    int64_t at, int64_t tap, int64_t stride, int64_t dilation, int64_t padding, int64_t outputs) {
  int64_t offset = at + padding - tap * dilation;
  if (offset < 0) return -1;
  if (stride > 1) {
    if (offset % stride != 0) return -1;
    offset /= stride;
  }
  return offset < outputs ? offset : -1;
}

/// Input rows that a block of `rows` output rows reads.
static int64_t rows_read(const nagare_convolution *shape, int64_t rows) {
  int64_t all =
      (rows - 1) * shape->stride_height + (shape->filter_height - 1) * shape->dilation_height + 1;
  return least(shape->input_height, all);
}

static int64_t forward_scratch(const nagare_convolution *shape, int64_t element) {
  if (shape->output_channels == shape->input_channels) return 0;
  return rows_read(shape, output_block(shape)) * shape->input_width * shape->output_channels *
         element;
}

static int64_t part_count(const nagare_convolution *shape) {
  return least(shape->batch * shape->output_height, PARTS);
}

/// The bounds of part `index` of `count` over `total` items.
#define NAGARE_BODY "DepthwiseConvolution.c"
#include "Multiversion.h"

int64_t nagare_depthwise_task_count(const nagare_convolution *shape) {
  return shape->batch * quotient_up(shape->output_height, output_block(shape));
}

int64_t nagare_depthwise_input_gradient_task_count(const nagare_convolution *shape) {
  return shape->batch * quotient_up(shape->input_height, input_block(shape));
}

int64_t nagare_depthwise_filter_gradient_task_count(const nagare_convolution *shape) {
  return part_count(shape);
}

int64_t nagare_depthwise_scratch_bytes(const nagare_convolution *shape, int64_t element_bytes) {
  return forward_scratch(shape, element_bytes);
}

int64_t nagare_depthwise_input_gradient_scratch_bytes(
    const nagare_convolution *shape, int64_t element_bytes) {
  return shape->output_channels * element_bytes;
}

int64_t nagare_depthwise_filter_gradient_scratch_bytes(
    const nagare_convolution *shape, int64_t element_bytes) {
  return shape->input_width * shape->output_channels * element_bytes;
}

#define EXPORT(T, S)                                                                           \
  void nagare_depthwise_##S(                                                                   \
      const nagare_convolution *shape, const T *input, const T *filter, T *output,             \
      int64_t task, void *scratch) {                                                           \
    NAGARE_DISPATCH(depthwise_##S, (shape, input, filter, output, task, scratch));             \
  }                                                                                            \
  void nagare_depthwise_input_gradient_##S(                                                    \
      const nagare_convolution *shape, const T *output_gradient, const T *filter,              \
      T *input_gradient, int64_t task, void *scratch) {                                        \
    NAGARE_DISPATCH(                                                                           \
        depthwise_input_gradient_##S,                                                          \
        (shape, output_gradient, filter, input_gradient, task, scratch));                      \
  }                                                                                            \
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

/// Repeats every element `times` times, so that input channels line up with output channels.
static void NAME(repeat)(
    const REAL *restrict source, int64_t count, int64_t times, REAL *restrict target) {
  for (int64_t i = 0; i < count; i++)
    for (int64_t j = 0; j < times; j++) *target++ = source[i];
}

static void NAME(depthwise)(
    const nagare_convolution *shape, const REAL *input, const REAL *filter, REAL *output,
    int64_t task, void *scratch) {
  const int64_t block = output_block(shape), down = quotient_up(shape->output_height, block);
  const int64_t image = task / down, begin = task % down * block;
  const int64_t end = least(shape->output_height, begin + block);
  const int64_t channels = shape->output_channels, line = shape->input_width * channels;
  const int64_t multiplier = channels / shape->input_channels;
  const int64_t input_line = shape->input_width * shape->input_channels;
  const REAL *picture = input + image * shape->input_height * input_line;
  int64_t first = 0;
  if (multiplier > 1) {
    first = begin * shape->stride_height - shape->padding_top;
    int64_t last = first + (end - begin - 1) * shape->stride_height +
                   (shape->filter_height - 1) * shape->dilation_height;
    first = least(most(first, 0), shape->input_height - 1);
    last = least(last, shape->input_height - 1);
    if (last >= first)
      NAME(repeat)(
          picture + first * input_line, (last - first + 1) * input_line, multiplier, scratch);
    picture = scratch;
  }
  REAL *result =
      output + (image * shape->output_height + begin) * shape->output_width * channels;
  for (int64_t y = begin; y < end; y++) {
    const range tall = inside(
        y, shape->stride_height, shape->dilation_height, shape->padding_top,
        shape->filter_height, shape->input_height);
    const int64_t top = y * shape->stride_height - shape->padding_top - first;
    for (int64_t x = 0; x < shape->output_width; x++, result += channels) {
      const range wide = inside(
          x, shape->stride_width, shape->dilation_width, shape->padding_left,
          shape->filter_width, shape->input_width);
      const int64_t left = x * shape->stride_width - shape->padding_left;
      for (int64_t c = 0; c < channels; c += LANES) {
        const int64_t count = least(LANES, channels - c);
        VECTOR sum = {0};
        for (int64_t i = tall.begin; i < tall.end; i++)
          for (int64_t j = wide.begin; j < wide.end; j++)
            sum += NAME(load_part)(
                       picture + (top + i * shape->dilation_height) * line +
                           (left + j * shape->dilation_width) * channels + c,
                       count) *
                   NAME(load_part)(filter + (i * shape->filter_width + j) * channels + c, count);
        NAME(store_part)(result + c, sum, count);
      }
    }
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
  REAL *result = input_gradient +
                 (image * shape->input_height + begin) * shape->input_width *
                     shape->input_channels;
  for (int64_t y = begin; y < end; y++)
    for (int64_t x = 0; x < shape->input_width; x++, result += shape->input_channels) {
      REAL *sums = multiplier == 1 ? result : scratch;
      for (int64_t c = 0; c < channels; c += LANES) {
        const int64_t count = least(LANES, channels - c);
        VECTOR sum = {0};
        for (int64_t i = 0; i < shape->filter_height; i++) {
          int64_t from_y = reader(
              y, i, shape->stride_height, shape->dilation_height, shape->padding_top,
              shape->output_height);
          if (from_y < 0) continue;
          for (int64_t j = 0; j < shape->filter_width; j++) {
            int64_t from_x = reader(
                x, j, shape->stride_width, shape->dilation_width, shape->padding_left,
                shape->output_width);
            if (from_x < 0) continue;
            sum += NAME(load_part)(gradients + from_y * line + from_x * channels + c, count) *
                   NAME(load_part)(filter + (i * shape->filter_width + j) * channels + c, count);
          }
        }
        NAME(store_part)(sums + c, sum, count);
      }
      if (multiplier > 1)
        for (int64_t c = 0; c < shape->input_channels; c++) {
          REAL sum = sums[c * multiplier];
          for (int64_t m = 1; m < multiplier; m++) sum += sums[c * multiplier + m];
          result[c] = sum;
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
  REAL *total = partials + task * size;
  memset(total, 0, (size_t)size * sizeof(REAL));
  const int64_t rows = shape->batch * shape->output_height;
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
