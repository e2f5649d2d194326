#ifndef REAL

#include "NagarePooling.h"

#include "PoolingGeometry.h"

#define NAGARE_INTEGERS
#define NAGARE_UINT32
#define NAGARE_UINT64
#define NAGARE_BODY "Pooling.c"
#include "Multiversion.h"

int64_t nagare_pool_task_count(const nagare_pooling *shape) {
  return shape->batch * quotient_up(shape->output_height, output_block(shape));
}

int64_t nagare_pool_gradient_task_count(const nagare_pooling *shape) {
  return shape->batch * quotient_up(shape->input_height, input_block(shape));
}

#define EXPORT_MAX_POOL(T, S)                                                                  \
  void nagare_max_pool_##S(                                                                    \
      const nagare_pooling *shape, const T *input, T *output, int64_t task) {                  \
    NAGARE_DISPATCH(max_pool_##S, (shape, input, output, task));                               \
  }                                                                                            \
  void nagare_max_pool_gradient_##S(                                                           \
      const nagare_pooling *shape, const T *input, const T *output_gradient,                   \
      bool relu, T *input_gradient, int64_t task) {                                            \
    NAGARE_DISPATCH(                                                                           \
        max_pool_gradient_##S, (shape, input, output_gradient, relu, input_gradient, task));   \
  }                                                                                            \
  void nagare_max_pool_gradient_gradient_##S(                                                  \
      const nagare_pooling *shape, const T *input, const T *output, const T *gradient,         \
      T *result, int64_t task) {                                                               \
    NAGARE_DISPATCH(                                                                           \
        max_pool_gradient_gradient_##S, (shape, input, output, gradient, result, task));       \
  }

EXPORT_MAX_POOL(float, f32)
EXPORT_MAX_POOL(double, f64)
EXPORT_MAX_POOL(int8_t, i8)
EXPORT_MAX_POOL(int16_t, i16)
EXPORT_MAX_POOL(int32_t, i32)
EXPORT_MAX_POOL(int64_t, i64)
EXPORT_MAX_POOL(uint8_t, u8)
EXPORT_MAX_POOL(uint16_t, u16)
EXPORT_MAX_POOL(uint32_t, u32)
EXPORT_MAX_POOL(uint64_t, u64)

#define EXPORT_AVERAGE_POOL(T, S)                                                              \
  void nagare_average_pool_##S(                                                                \
      const nagare_pooling *shape, const T *input, T *output, int64_t task) {                  \
    NAGARE_DISPATCH(average_pool_##S, (shape, input, output, task));                           \
  }                                                                                            \
  void nagare_average_pool_gradient_##S(                                                       \
      const nagare_pooling *shape, const T *output_gradient, T *input_gradient,                \
      int64_t task) {                                                                          \
    NAGARE_DISPATCH(                                                                           \
        average_pool_gradient_##S, (shape, output_gradient, input_gradient, task));            \
  }

EXPORT_AVERAGE_POOL(float, f32)
EXPORT_AVERAGE_POOL(double, f64)

#else

#include "VectorTypes.h"
#include "MaxPoolWindow.h"

static void NAME(max_pool)(
    const nagare_pooling *shape, const REAL *input, REAL *output, int64_t task) {
  const part part = task_part(task, shape->output_height, output_block(shape));
  const range rows = part.rows;
  const int64_t channels = shape->channels, line = shape->input_width * channels;
  const REAL *source = input + part.picture * shape->input_height * line;
  REAL *target = output + part.picture * shape->output_height * shape->output_width * channels;
  FOR_WINDOWS
  REAL *result = target + (y * shape->output_width + x) * channels;
  int64_t c = 0;
  for (; c + LANES <= channels; c += LANES)
    NAME(store)(
        result + c, NAME(window_maximum)(source + c, line, channels, down, across, LANES));
  if (c < channels)
    NAME(store_part)(
        result + c,
        NAME(window_maximum)(source + c, line, channels, down, across, channels - c),
        channels - c);
  END_WINDOWS
}

/// One window and a vector of channels: adds `gradient` at the first largest element, where that lies
/// in `kept` rows; with `alone`, writes it, for no other window has these elements. With `relu`, not
/// where the largest is not positive.
INLINE void NAME(add_at_maximum)(
    const REAL *source, REAL *target, VECTOR gradient, int64_t line, int64_t channels,
    range down, range across, range kept, bool relu, bool alone, int64_t count) {
  VECTOR largest = NAME(window_maximum)(source, line, channels, down, across, count);
  if (relu) gradient = (VECTOR)((MASK)gradient & (MASK)(largest > (VECTOR){0}));
  MASK open = (MASK)(largest > NAME(splat)(REAL_LOWEST));
  MASK lost = ~open;
  for (int64_t i = down.begin; i < down.end; i++)
    for (int64_t j = across.begin; j < across.end; j++) {
      const int64_t at = i * line + j * channels;
      MASK hit =
          ((MASK)(NAME(load_part)(source + at, count) == largest) & open) | lost;
      open &= ~hit;
      lost = (MASK){0};
      if (i < kept.begin || i >= kept.end) continue;
      VECTOR sum = (VECTOR)((MASK)gradient & hit);
      if (!alone) sum += NAME(load_part)(target + at, count);
      NAME(store_part)(target + at, sum, count);
    }
}

/// Zeros in rows of an input's gradient; with `alone`, only where no window writes.
static void NAME(clear_rows)(
    const nagare_pooling *shape, range rows, bool alone, REAL *target) {
  const int64_t channels = shape->channels, line = shape->input_width * channels;
  if (!alone) {
    memset(
        target + rows.begin * line, 0, (size_t)((rows.end - rows.begin) * line) * sizeof(REAL));
    return;
  }
  const int64_t bottom = shape->output_height * shape->window_height;
  const int64_t right = shape->output_width * shape->window_width;
  for (int64_t y = rows.begin; y < rows.end; y++) {
    const int64_t first = y < bottom ? least(right, shape->input_width) : 0;
    memset(
        target + y * line + first * channels, 0,
        (size_t)((shape->input_width - first) * channels) * sizeof(REAL));
  }
}

static void NAME(max_pool_gradient)(
    const nagare_pooling *shape, const REAL *input, const REAL *output_gradient, bool relu,
    REAL *input_gradient, int64_t task) {
  const part part = task_part(task, shape->input_height, input_block(shape));
  const range rows = seeing(
      part.rows, shape->stride_height, shape->padding_top, shape->window_height,
      shape->output_height);
  const int64_t channels = shape->channels, line = shape->input_width * channels;
  const REAL *source = input + part.picture * shape->input_height * line;
  REAL *target = input_gradient + part.picture * shape->input_height * line;
  const REAL *gradients =
      output_gradient + part.picture * shape->output_height * shape->output_width * channels;
  const bool alone = divides(shape);
  NAME(clear_rows)(shape, part.rows, alone, target);
  FOR_WINDOWS
  const REAL *gradient = gradients + (y * shape->output_width + x) * channels;
  int64_t c = 0;
  for (; c + LANES <= channels; c += LANES)
    NAME(add_at_maximum)(
        source + c, target + c, NAME(load)(gradient + c), line, channels, down, across,
        part.rows, relu, alone, LANES);
  if (c < channels)
    NAME(add_at_maximum)(
        source + c, target + c, NAME(load_part)(gradient + c, channels - c), line, channels,
        down, across, part.rows, relu, alone, channels - c);
  END_WINDOWS
}

static void NAME(max_pool_gradient_gradient)(
    const nagare_pooling *shape, const REAL *input, const REAL *output, const REAL *gradient,
    REAL *result, int64_t task) {
  const part part = task_part(task, shape->output_height, output_block(shape));
  const range rows = part.rows;
  const int64_t channels = shape->channels, line = shape->input_width * channels;
  const int64_t source = part.picture * shape->input_height * line;
  const int64_t target =
      part.picture * shape->output_height * shape->output_width * channels;
  FOR_WINDOWS
  const int64_t at = target + (y * shape->output_width + x) * channels;
  for (int64_t c = 0; c < channels; c += LANES) {
    const int64_t count = least(LANES, channels - c);
    VECTOR largest = NAME(load_part)(output + at + c, count), found = {0};
    MASK open = ~(MASK){0};
    for (int64_t i = down.begin; i < down.end; i++)
      for (int64_t j = across.begin; j < across.end; j++) {
        const int64_t from = source + i * line + j * channels + c;
        MASK hit = (MASK)(NAME(load_part)(input + from, count) == largest) & open;
        found = NAME(select)(hit, NAME(load_part)(gradient + from, count), found);
        open &= ~hit;
      }
    NAME(store_part)(result + at + c, found, count);
  }
  END_WINDOWS
}

#if REAL_FLOATING

static void NAME(average_pool)(
    const nagare_pooling *shape, const REAL *input, REAL *output, int64_t task) {
  const part part = task_part(task, shape->output_height, output_block(shape));
  const range rows = part.rows;
  const int64_t channels = shape->channels, line = shape->input_width * channels;
  const REAL *source = input + part.picture * shape->input_height * line;
  REAL *target = output + part.picture * shape->output_height * shape->output_width * channels;
  FOR_WINDOWS
  const REAL elements = (REAL)((down.end - down.begin) * (across.end - across.begin));
  REAL *result = target + (y * shape->output_width + x) * channels;
  for (int64_t c = 0; c < channels; c += LANES) {
    const int64_t count = least(LANES, channels - c);
    VECTOR sum = {0};
    for (int64_t i = down.begin; i < down.end; i++)
      for (int64_t j = across.begin; j < across.end; j++)
        sum += NAME(load_part)(source + i * line + j * channels + c, count);
    NAME(store_part)(result + c, sum / elements, count);
  }
  END_WINDOWS
}

static void NAME(average_pool_gradient)(
    const nagare_pooling *shape, const REAL *output_gradient, REAL *input_gradient,
    int64_t task) {
  const part part = task_part(task, shape->input_height, input_block(shape));
  const range rows = seeing(
      part.rows, shape->stride_height, shape->padding_top, shape->window_height,
      shape->output_height);
  const int64_t channels = shape->channels, line = shape->input_width * channels;
  REAL *target = input_gradient + part.picture * shape->input_height * line;
  const REAL *gradients =
      output_gradient + part.picture * shape->output_height * shape->output_width * channels;
  memset(
      target + part.rows.begin * line, 0,
      (size_t)((part.rows.end - part.rows.begin) * line) * sizeof(REAL));
  FOR_WINDOWS
  const REAL elements = (REAL)((down.end - down.begin) * (across.end - across.begin));
  const REAL *gradient = gradients + (y * shape->output_width + x) * channels;
  const range kept = {
      most(down.begin, part.rows.begin), least(down.end, part.rows.end)};
  for (int64_t c = 0; c < channels; c += LANES) {
    const int64_t count = least(LANES, channels - c);
    const VECTOR share = NAME(load_part)(gradient + c, count) / elements;
    for (int64_t i = kept.begin; i < kept.end; i++)
      for (int64_t j = across.begin; j < across.end; j++) {
        REAL *at = target + i * line + j * channels + c;
        NAME(store_part)(at, NAME(load_part)(at, count) + share, count);
      }
  }
  END_WINDOWS
}

#endif

#endif
