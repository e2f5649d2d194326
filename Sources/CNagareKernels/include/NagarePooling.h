#pragma once

#include <stdbool.h>
#include <stdint.h>

/// Two-dimensional pooling and its gradients. As everywhere in TensorFlow, a window sees only the
/// elements that lie inside the input.

/// Output element (y, x) sees the input elements (y · stride − padding + k), of which at least one
/// lies inside.
typedef struct {
  int64_t batch;
  int64_t input_height, input_width, channels;
  int64_t output_height, output_width;
  int64_t window_height, window_width;
  int64_t stride_height, stride_width;
  int64_t padding_top, padding_left;
} nagare_pooling;

/// Tasks of the forward functions and of `max_pool_gradient_gradient`: blocks of output rows.
int64_t nagare_pool_task_count(const nagare_pooling *shape);
/// Tasks of the gradients: blocks of input rows.
int64_t nagare_pool_gradient_task_count(const nagare_pooling *shape);

/// One set of functions an element type T.
///
/// `max_pool`: the largest element of each window; NaN is passed over, and a window without a number
/// above the type's lowest finite one gives that.
/// `max_pool_gradient`: each window's gradient goes to the first largest element in row order (to
/// the window's first if none counts); with `relu`, none where that is not positive: the gradient
/// then goes on through the ReLU whose output the input is.
/// `max_pool_gradient_gradient`: for each window the element of `gradient` (shaped as the input)
/// where the input first equals the window's `output`, zero if it never does.
#define NAGARE_DECLARE_MAX_POOL(T, S)                                                          \
  void nagare_max_pool_##S(                                                                    \
      const nagare_pooling *shape, const T *input, T *output, int64_t task);                   \
  void nagare_max_pool_gradient_##S(                                                           \
      const nagare_pooling *shape, const T *input, const T *output_gradient, bool relu,        \
      T *input_gradient, int64_t task);                                                        \
  void nagare_max_pool_gradient_gradient_##S(                                                  \
      const nagare_pooling *shape, const T *input, const T *output, const T *gradient,         \
      T *result, int64_t task);

NAGARE_DECLARE_MAX_POOL(float, f32)
NAGARE_DECLARE_MAX_POOL(double, f64)
NAGARE_DECLARE_MAX_POOL(int8_t, i8)
NAGARE_DECLARE_MAX_POOL(int16_t, i16)
NAGARE_DECLARE_MAX_POOL(int32_t, i32)
NAGARE_DECLARE_MAX_POOL(int64_t, i64)
NAGARE_DECLARE_MAX_POOL(uint8_t, u8)
NAGARE_DECLARE_MAX_POOL(uint16_t, u16)
NAGARE_DECLARE_MAX_POOL(uint32_t, u32)
NAGARE_DECLARE_MAX_POOL(uint64_t, u64)

/// Max pooling that keeps the places of the largest elements (in row order, within the window, whose
/// area is at most 255), and the gradient from them: the same bits as above, without the input. With
/// `relu` a window whose largest element is not positive has place 255, and no gradient.
void nagare_max_pool_winners_f32(
    const nagare_pooling *shape, const float *input, bool relu, float *output, uint8_t *winners,
    int64_t task);
void nagare_max_pool_winners_gradient_f32(
    const nagare_pooling *shape, const uint8_t *winners, const float *output_gradient,
    float *input_gradient, int64_t task);

/// The mean over the elements of each window that lie inside the input.
void nagare_average_pool_f32(
    const nagare_pooling *shape, const float *input, float *output, int64_t task);
void nagare_average_pool_f64(
    const nagare_pooling *shape, const double *input, double *output, int64_t task);
void nagare_average_pool_gradient_f32(
    const nagare_pooling *shape, const float *output_gradient, float *input_gradient,
    int64_t task);
void nagare_average_pool_gradient_f64(
    const nagare_pooling *shape, const double *output_gradient, double *input_gradient,
    int64_t task);
