/// Convolution of pictures of few channels by small filters, and its filter gradient: so few products
/// for each output element that what counts is to write the output, or to read its gradient, once and
/// in order.
#ifndef REAL

#include "ConvolutionAlgorithms.h"

#include "Division.h"
#include "Streaming.h"

#include <stdatomic.h>

/// Elements of the filter for one output channel, at most.
#define MOST_DEPTH 12
/// Output elements of a task, about.
#define TASK_ELEMENTS 65536
/// Output elements whose gradients pass through the first-level cache again for each vector of channels.
#define CHUNK_ELEMENTS 4096
/// Accumulators of a filter gradient.
#define PARTS 16

static int64_t depth(const nagare_convolution *shape) {
  return shape->filter_height * shape->filter_width * shape->input_channels;
}

static int64_t block_rows(const nagare_convolution *shape) {
  const int64_t row = shape->output_width * shape->output_channels;
  return least(shape->output_height, most(1, TASK_ELEMENTS / row));
}

static int64_t blocks(const nagare_convolution *shape) {
  return shape->batch * quotient_up(shape->output_height, block_rows(shape));
}

static int64_t parts(const nagare_convolution *shape) { return least(PARTS, blocks(shape)); }

static int64_t window_line(const nagare_convolution *shape) {
  return ((shape->output_width - 1) * shape->stride_width +
          (shape->filter_width - 1) * shape->dilation_width + 1) * shape->input_channels;
}

static int64_t window_rows(const nagare_convolution *shape, int64_t rows) {
  return (rows - 1) * shape->stride_height +
         (shape->filter_height - 1) * shape->dilation_height + 1;
}

/// The window with a cache line to spare.
static int64_t window_elements(const nagare_convolution *shape) {
  return rounded_up(window_rows(shape, block_rows(shape)) * window_line(shape), 16);
}

#define NAGARE_FLOAT32_ONLY
#define NAGARE_BODY "FewChannels.c"
#include "Multiversion.h"

static bool suits(const nagare_convolution *shape) {
  return shape->groups == 1 && shape->input_channels <= 4 && depth(shape) <= MOST_DEPTH &&
         shape->output_channels >= 8 &&
         // Windows are copied whole, also where the filter is wide or its elements far apart.
         shape->stride_width <= shape->filter_width && shape->dilation_width <= 4 &&
         shape->dilation_height <= 4;
}

bool nagare_few_channels_suits(const nagare_convolution *shape) { return suits(shape); }
int64_t nagare_few_channels_packed_count_f32(const nagare_convolution *shape) {
  return depth(shape) * rounded_up(shape->output_channels, 16);
}
int64_t nagare_few_channels_pack_task_count_f32(const nagare_convolution *shape) {
  (void)shape;
  return 1;
}
void nagare_few_channels_pack_f32(
    const nagare_convolution *shape, const float *filter, float *packed, int64_t task) {
  (void)task;
  const int64_t columns = shape->output_channels, width = rounded_up(columns, 16);
  for (int64_t r = 0; r < depth(shape); r++, filter += columns, packed += width) {
    memcpy(packed, filter, (size_t)columns * sizeof(float));
    memset(packed + columns, 0, (size_t)(width - columns) * sizeof(float));
  }
}
int64_t nagare_few_channels_task_count_f32(const nagare_convolution *shape) {
  return blocks(shape);
}
int64_t nagare_few_channels_scratch_bytes_f32(const nagare_convolution *shape) {
  return window_elements(shape) * (int64_t)sizeof(float);
}
void nagare_few_channels_f32(
    const nagare_convolution *shape, const float *input, const float *packed,
    const nagare_epilogue *epilogue, float *output, int64_t task, void *scratch) {
  NAGARE_DISPATCH(few_channels_f32, (shape, input, packed, epilogue, output, task, scratch));
}

bool nagare_few_channels_filter_gradient_suits(const nagare_convolution *shape) {
  return suits(shape);
}
int64_t nagare_few_channels_filter_gradient_task_count_f32(const nagare_convolution *shape) {
  return parts(shape);
}
int64_t nagare_few_channels_filter_gradient_part_count_f32(const nagare_convolution *shape) {
  return parts(shape);
}
int64_t nagare_few_channels_filter_gradient_scratch_bytes_f32(const nagare_convolution *shape) {
  return window_elements(shape) * (int64_t)sizeof(float);
}
void nagare_few_channels_filter_gradient_f32(
    const nagare_convolution *shape, const float *input, const float *output_gradient,
    float *partials, float *bias_partials, int64_t task, void *scratch) {
  NAGARE_DISPATCH(
      few_channels_filter_gradient_f32,
      (shape, input, output_gradient, partials, bias_partials, task, scratch));
}
void nagare_few_channels_filter_gradient_sum_f32(
    const nagare_convolution *shape, const float *partials, float *filter_gradient) {
  nagare_sum_partials_f32(
      parts(shape), depth(shape) * shape->output_channels, partials, filter_gradient);
}

#else

#include "VectorTypes.h"
#include "Epilogue.h"
#include "BiasGradient.h"

#define PANEL (2 * LANES)
/// Pixels of a tile, which fits into the registers.
#undef TILE_PIXELS
#if VECTOR_REGISTERS == 32
#define TILE_PIXELS 8
#else
#define TILE_PIXELS 6
#endif

/// Copies what a block of output rows sees, with zeros where there is no picture, and says where each
/// element of the filter begins to read.
static void NAME(copy_window)(
    const nagare_convolution *shape, const REAL *input, int64_t image, int64_t y, int64_t rows,
    REAL *window, int64_t *offset) {
  const int64_t line = window_line(shape), channels = shape->input_channels;
  const int64_t input_line = shape->input_width * channels;
  const int64_t before = least(line, shape->padding_left * channels);
  const int64_t inside = most(0, least(line - before, input_line));
  const int64_t top = y * shape->stride_height - shape->padding_top;
  for (int64_t i = 0; i < window_rows(shape, rows); i++, window += line) {
    const int64_t from = top + i;
    if (from < 0 || from >= shape->input_height) {
      memset(window, 0, (size_t)line * sizeof(REAL));
      continue;
    }
    memset(window, 0, (size_t)before * sizeof(REAL));
    memcpy(
        window + before, input + (image * shape->input_height + from) * input_line,
        (size_t)inside * sizeof(REAL));
    memset(window + before + inside, 0, (size_t)(line - before - inside) * sizeof(REAL));
  }
  for (int64_t ky = 0; ky < shape->filter_height; ky++)
    for (int64_t kx = 0; kx < shape->filter_width; kx++)
      for (int64_t c = 0; c < channels; c++)
        *offset++ =
            ky * shape->dilation_height * line + kx * shape->dilation_width * channels + c;
}

/// Where the elements of tiles go, and what becomes of them.
typedef struct {
  REAL *output;
  NAME(epilogue) epilogue;
  bool streams;
  int64_t channels;
} NAME(target);

/// `pixels` pixels of PANEL channels, or of those that are left.
INLINE void NAME(few_channels_tile)(
    const int pixels, const REAL *source, int64_t step, const int64_t *offset, int64_t depth,
    const REAL *packed, int64_t width, int64_t channel, const NAME(target) *target, int64_t at) {
  VECTOR sum[TILE_PIXELS][2] = {{{0}}};
  const REAL *b = packed + channel;
  for (int64_t r = 0; r < depth; r++, b += width) {
    const VECTOR b0 = NAME(load)(b), b1 = NAME(load)(b + LANES);
    const REAL *from = source + offset[r];
#pragma clang loop unroll(full)
    for (int i = 0; i < pixels; i++) {
      const REAL x = from[i * step];
      sum[i][0] += x * b0;
      sum[i][1] += x * b1;
    }
  }
  at += channel;
  // A copy, for what is stored might change one in memory.
  const NAME(target) to = *target;
#pragma clang loop unroll(full)
  for (int v = 0; v < 2; v++) {
    const int64_t count = to.channels - channel - v * LANES;
    if (count <= 0) return;
    const VECTOR bias = NAME(bias_of)(to.epilogue, channel + v * LANES, count);
    int64_t place = at + v * LANES;
#pragma clang loop unroll(full)
    for (int i = 0; i < pixels; i++, place += to.channels) {
      const VECTOR value = NAME(finish)(to.epilogue, sum[i][v], bias, place, count);
      if (to.streams)
        __builtin_nontemporal_store(value, (VECTOR *)(to.output + place));
      else
        NAME(store_part)(to.output + place, value, count);
    }
  }
}

static void NAME(few_channels)(
    const nagare_convolution *shape, const REAL *input, const REAL *packed,
    const nagare_epilogue *epilogue, REAL *output, int64_t task, void *scratch) {
  const int64_t down = quotient_up(shape->output_height, block_rows(shape));
  const int64_t image = task / down, y = task % down * block_rows(shape);
  const int64_t rows = least(block_rows(shape), shape->output_height - y);
  const int64_t channels = shape->output_channels, width = rounded_up(channels, 16);
  const int64_t size = shape->output_height * shape->output_width * channels;
  const int64_t step = shape->stride_width * shape->input_channels;
  const NAME(target) target = {
      .output = output, .epilogue = NAME(epilogue_from)(epilogue, 0, 0), .channels = channels,
      .streams = shape->batch * size >= STREAMED && channels % PANEL == 0 &&
                 (uintptr_t)output % VECTOR_BYTES == 0};
  int64_t offset[MOST_DEPTH];
  NAME(copy_window)(shape, input, image, y, rows, scratch, offset);
  int64_t at = image * size + y * shape->output_width * channels;
  for (int64_t i = 0; i < rows; i++) {
    const REAL *source = (const REAL *)scratch + i * shape->stride_height * window_line(shape);
    int64_t x = 0;
    for (; x + TILE_PIXELS <= shape->output_width; x += TILE_PIXELS) {
      for (int64_t c = 0; c < channels; c += PANEL)
        NAME(few_channels_tile)(
            TILE_PIXELS, source, step, offset, depth(shape), packed, width, c, &target, at);
      source += TILE_PIXELS * step;
      at += TILE_PIXELS * channels;
    }
    for (; x < shape->output_width; x++) {
      for (int64_t c = 0; c < channels; c += PANEL)
        NAME(few_channels_tile)(
            1, source, step, offset, depth(shape), packed, width, c, &target, at);
      source += step;
      at += channels;
    }
  }
  // What is written past the caches is in order with nothing else.
  if (target.streams) atomic_thread_fence(memory_order_seq_cst);
}

/// Adds to `rows` rows of the filter's gradient, of a vector of channels of which `count` exist, the
/// products over `pixels` pixels.
INLINE void NAME(sum_pixels)(
    const int rows, const REAL *source, int64_t step, const int64_t *offset,
    const REAL *gradient, int64_t channels, int64_t count, int64_t pixels, REAL *sums) {
  VECTOR sum[9];
  const REAL *from[9];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    sum[r] = (VECTOR){0};
    from[r] = source + offset[r];
  }
  for (int64_t at = 0; pixels > 0; pixels--, gradient += channels, at += step) {
    const VECTOR g = NAME(load_part)(gradient, count);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) sum[r] += from[r][at] * g;
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
    NAME(store_part)(
        sums + r * channels, NAME(load_part)(sums + r * channels, count) + sum[r], count);
}

static void NAME(sum_vector)(
    const REAL *source, int64_t step, const int64_t *offset, int64_t depth, const REAL *gradient,
    int64_t channels, int64_t count, int64_t pixels, REAL *sums) {
#define SUM(ROWS)                                                                              \
  for (; depth >= ROWS; depth -= ROWS, offset += ROWS, sums += ROWS * channels)                \
    NAME(sum_pixels)(ROWS, source, step, offset, gradient, channels, count, pixels, sums);
  if (count == LANES) {
    count = LANES;
    SUM(9)
    SUM(6)
    SUM(3)
  }
  SUM(1)
#undef SUM
}

static void NAME(few_channels_filter_gradient)(
    const nagare_convolution *shape, const REAL *input, const REAL *output_gradient,
    REAL *partials, REAL *bias_partials, int64_t task, void *scratch) {
  const int64_t down = quotient_up(shape->output_height, block_rows(shape));
  const int64_t channels = shape->output_channels;
  const int64_t step = shape->stride_width * shape->input_channels;
  const int64_t chunk = most(8, CHUNK_ELEMENTS / channels);
  int64_t offset[MOST_DEPTH];
  REAL *sums = partials + task * depth(shape) * channels;
  memset(sums, 0, (size_t)(depth(shape) * channels) * sizeof(REAL));
  REAL *bias = bias_partials ? bias_partials + task * channels : NULL;
  if (bias) memset(bias, 0, (size_t)channels * sizeof(REAL));
  const int64_t last = bound(blocks(shape), task + 1, parts(shape));
  for (int64_t block = bound(blocks(shape), task, parts(shape)); block < last; block++) {
    const int64_t image = block / down, y = block % down * block_rows(shape);
    const int64_t rows = least(block_rows(shape), shape->output_height - y);
    NAME(copy_window)(shape, input, image, y, rows, scratch, offset);
    const REAL *gradient =
        output_gradient +
        (image * shape->output_height + y) * shape->output_width * channels;
    for (int64_t i = 0; i < rows; i++, gradient += shape->output_width * channels) {
      const REAL *source = (const REAL *)scratch + i * shape->stride_height * window_line(shape);
      for (int64_t x = 0; x < shape->output_width; x += chunk)
        for (int64_t c = 0; c < channels; c += LANES) {
          // The next chunk, which lies in order while this one is read across. Behind the last one
          // this does no harm.
          const REAL *next = gradient + (x + chunk) * channels + c * chunk;
          for (int64_t k = 0; k < LANES * chunk; k += 16) __builtin_prefetch(next + k);
          const REAL *from = gradient + x * channels + c;
          const int64_t pixels = least(chunk, shape->output_width - x);
          const int64_t count = least(LANES, channels - c);
          NAME(sum_vector)(
              source + x * step, step, offset, depth(shape), from, channels, count, pixels,
              sums + c);
          if (bias) NAME(add_rows)(from, pixels, channels, count, bias + c);
        }
    }
  }
}

#endif
