/// Max pooling that keeps the places of the largest elements, so that its gradient needs no more than those.
#ifndef REAL

#include "NagarePooling.h"

#include "PoolingGeometry.h"
#include "Streaming.h"

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

/// The places of a vector of channels, of which `count` exist.
INLINE MASK NAME(load_places)(const uint8_t *source, int64_t count) {
  NAME(places) places = {0};
  if (count >= LANES)
    memcpy(&places, source, sizeof places);
  else
    memcpy(&places, source, (size_t)count);
  return __builtin_convertvector(places, MASK);
}

/// The windows that have an element: where the gradient and the winner of each lie, and which winner the
/// element would be. Windows have at most 255 elements, and so an element has at most as many windows.
typedef struct {
  int64_t count;
  int64_t at[255];
  REAL_BITS place[255];
} NAME(window_list);

/// The gradients of a vector of channels, `count` of which exist, in the first `windows` windows of which
/// the element is the winner; where it has one window only, not even the sign of a zero changes.
INLINE VECTOR NAME(sum_at_winners)(
    const int64_t windows, const NAME(window_list) *list, const uint8_t *winners,
    const REAL *gradient, int64_t channel, int64_t count, bool alone) {
  VECTOR sum = {0};
  for (int64_t i = 0; i < windows; i++) {
    const int64_t at = list->at[i] + channel;
    const MASK hit =
        (MASK)(NAME(load_places)(winners + at, count) == (MASK){0} + list->place[i]);
    const VECTOR term = (VECTOR)((MASK)NAME(load_part)(gradient + at, count) & hit);
    sum = alone ? term : sum + term;
  }
  return sum;
}

/// One element of the input in all channels. `past` says that what is stored passes by the caches.
INLINE void NAME(gather_element)(
    const int64_t windows, const NAME(window_list) *list, const uint8_t *winners,
    const REAL *gradient, int64_t channels, bool alone, bool past, REAL *target) {
  int64_t c = 0;
  for (; c + LANES <= channels; c += LANES) {
    const VECTOR sum =
        NAME(sum_at_winners)(windows, list, winners, gradient, c, LANES, alone);
    if (past)
      __builtin_nontemporal_store(sum, (VECTOR *)(target + c));
    else
      NAME(store)(target + c, sum);
  }
  if (c < channels)
    NAME(store_part)(
        target + c,
        NAME(sum_at_winners)(windows, list, winners, gradient, c, channels - c, alone),
        channels - c);
}

static void NAME(max_pool_winners_gradient)(
    const nagare_pooling *shape, const uint8_t *winners, const REAL *output_gradient,
    REAL *input_gradient, int64_t task) {
  const part part = task_part(task, shape->input_height, input_block(shape));
  const int64_t channels = shape->channels, line = shape->input_width * channels;
  const int64_t first = part.picture * shape->output_height * shape->output_width * channels;
  const bool alone = divides(shape);
  const bool past = channels % LANES == 0 &&
                    shape->batch * shape->input_height * line >= STREAMED &&
                    (uintptr_t)input_gradient % VECTOR_BYTES == 0;
  REAL *target = input_gradient + (part.picture * shape->input_height + part.rows.begin) * line;
  NAME(window_list) list;
  for (int64_t y = part.rows.begin; y < part.rows.end; y++) {
    const range down = seeing(
        (range){y, y + 1}, shape->stride_height, shape->padding_top, shape->window_height,
        shape->output_height);
    for (int64_t x = 0; x < shape->input_width; x++, target += channels) {
      const range across = seeing(
          (range){x, x + 1}, shape->stride_width, shape->padding_left, shape->window_width,
          shape->output_width);
      list.count = 0;
      for (int64_t i = down.begin; i < down.end; i++)
        for (int64_t j = across.begin; j < across.end; j++) {
          list.at[list.count] = first + (i * shape->output_width + j) * channels;
          list.place[list.count++] =
              (REAL_BITS)(y * shape->window_width + x - window_origin(shape, i, j));
        }
      switch (list.count) {
#define CASE(COUNT)                                                                            \
  case COUNT:                                                                                  \
    NAME(gather_element)(                                                                      \
        COUNT, &list, winners, output_gradient, channels, alone, past, target);                \
    break;
        CASE(1)
        CASE(2)
        CASE(4)
#undef CASE
        default:
          NAME(gather_element)(
              list.count, &list, winners, output_gradient, channels, alone, past, target);
      }
    }
  }
  // What is written past the caches is in order with nothing else.
  if (past) atomic_thread_fence(memory_order_seq_cst);
}

#endif
