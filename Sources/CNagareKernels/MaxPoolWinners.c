/// Max pooling that keeps the places of the largest elements, so that its gradient needs no more than those.
#ifndef REAL

#include "NagarePooling.h"

#include "PoolingGeometry.h"

#include <stdatomic.h>

/// What to take off row · window width + column to have the place of an element in the window of an output.
static int64_t window_origin(const nagare_pooling *shape, int64_t y, int64_t x) {
  return (y * shape->stride_height - shape->padding_top) * shape->window_width +
         x * shape->stride_width - shape->padding_left;
}

#define NAGARE_FLOAT32_ONLY
#define NAGARE_BODY "MaxPoolWinners.c"
#include "Multiversion.h"

void nagare_max_pool_winners_f32(
    const nagare_pooling *shape, const float *input, bool relu, float *output, uint8_t *winners,
    int64_t task) {
  NAGARE_DISPATCH(max_pool_winners_f32, (shape, input, relu, output, winners, task));
}
void nagare_max_pool_winners_gradient_f32(
    const nagare_pooling *shape, const uint8_t *winners, const float *output_gradient,
    float *input_gradient, int64_t task) {
  NAGARE_DISPATCH(
      max_pool_winners_gradient_f32, (shape, winners, output_gradient, input_gradient, task));
}

#else

#include "VectorTypes.h"
#include "MaxPoolWindow.h"

static void NAME(max_pool_winners)(
    const nagare_pooling *shape, const REAL *input, bool relu, REAL *output, uint8_t *winners,
    int64_t task) {
  const part part = task_part(task, shape->output_height, output_block(shape));
  const range rows = part.rows;
  const int64_t channels = shape->channels, line = shape->input_width * channels;
  const REAL *source = input + part.picture * shape->input_height * line;
  const int64_t first = part.picture * shape->output_height * shape->output_width * channels;
  FOR_WINDOWS
  const int64_t at = first + (y * shape->output_width + x) * channels;
  const int64_t origin = window_origin(shape, y, x);
  int64_t c = 0;
  for (; c + LANES <= channels; c += LANES)
    NAME(store)(
        output + at + c,
        NAME(find_winners)(
            source + c, line, channels, shape->window_width, origin, down, across, relu, LANES,
            winners + at + c));
  if (c < channels)
    NAME(store_part)(
        output + at + c,
        NAME(find_winners)(
            source + c, line, channels, shape->window_width, origin, down, across, relu,
            channels - c, winners + at + c),
        channels - c);
  END_WINDOWS
}

/// One window and a vector of channels: adds `gradient` at the winners in `kept` rows; with `alone`,
/// writes it, for no other window has these elements, and if it `streams` past the caches.
INLINE void NAME(add_at_winners)(
    MASK winners, REAL *target, VECTOR gradient, int64_t line, int64_t channels, int64_t width,
    int64_t origin, range kept, range across, bool alone, bool streams, int64_t count) {
  for (int64_t i = kept.begin; i < kept.end; i++)
    for (int64_t j = across.begin; j < across.end; j++) {
      const MASK hit = (MASK)(winners == (MASK){0} + (REAL_BITS)(i * width + j - origin));
      REAL *at = target + i * line + j * channels;
      VECTOR sum = (VECTOR)((MASK)gradient & hit);
      if (streams) {
        __builtin_nontemporal_store(sum, (VECTOR *)at);
        continue;
      }
      if (!alone) sum += NAME(load_part)(at, count);
      NAME(store_part)(at, sum, count);
    }
}

static void NAME(max_pool_winners_gradient)(
    const nagare_pooling *shape, const uint8_t *winners, const REAL *output_gradient,
    REAL *input_gradient, int64_t task) {
  const part part = task_part(task, shape->input_height, input_block(shape));
  const range rows = seeing(
      part.rows, shape->stride_height, shape->padding_top, shape->window_height,
      shape->output_height);
  const int64_t channels = shape->channels, line = shape->input_width * channels;
  REAL *target = input_gradient + part.picture * shape->input_height * line;
  const int64_t first = part.picture * shape->output_height * shape->output_width * channels;
  const bool alone = divides(shape);
  const bool streams = alone && channels % LANES == 0 &&
                       shape->batch * shape->input_height * line >= STREAMED &&
                       (uintptr_t)input_gradient % VECTOR_BYTES == 0;
  clear_rows(shape, part.rows, alone, target, sizeof(REAL));
  FOR_WINDOWS
  const int64_t at = first + (y * shape->output_width + x) * channels;
  const int64_t origin = window_origin(shape, y, x);
  const range kept = {most(down.begin, part.rows.begin), least(down.end, part.rows.end)};
  int64_t c = 0;
  for (; c + LANES <= channels; c += LANES)
    NAME(add_at_winners)(
        NAME(load_places)(winners + at + c, LANES), target + c,
        NAME(load)(output_gradient + at + c), line, channels, shape->window_width, origin, kept,
        across, alone, streams, LANES);
  if (c < channels)
    NAME(add_at_winners)(
        NAME(load_places)(winners + at + c, channels - c), target + c,
        NAME(load_part)(output_gradient + at + c, channels - c), line, channels,
        shape->window_width, origin, kept, across, alone, false, channels - c);
  END_WINDOWS
  // What is written past the caches is in order with nothing else.
  if (streams) atomic_thread_fence(memory_order_seq_cst);
}

#endif
