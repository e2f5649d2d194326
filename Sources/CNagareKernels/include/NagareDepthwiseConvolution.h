#pragma once

#include "NagareConvolution.h"

/// Convolution of every channel by filters of its own (TensorFlow's DepthwiseConv2dNative) and its
/// gradients. In the geometry, `groups` is `input_channels`, and `output_channels` a multiple of it:
/// the filter is [filter_height, filter_width, input_channels, multiplier].

int64_t nagare_depthwise_task_count(const nagare_convolution *shape);
int64_t nagare_depthwise_input_gradient_task_count(const nagare_convolution *shape);
int64_t nagare_depthwise_filter_gradient_part_count(const nagare_convolution *shape);
int64_t nagare_depthwise_filter_gradient_task_count(const nagare_convolution *shape);
/// Bytes of scratch memory for one task.
int64_t nagare_depthwise_scratch_bytes(const nagare_convolution *shape, int64_t element_bytes);
int64_t nagare_depthwise_input_gradient_scratch_bytes(
    const nagare_convolution *shape, int64_t element_bytes);
int64_t nagare_depthwise_filter_gradient_scratch_bytes(
    const nagare_convolution *shape, int64_t element_bytes);

/// For an element type T. `epilogue` may be null. The tasks of the filter gradient fill `partials`, which
/// holds `part_count` whole filters; `sum` adds them up in order. With one part the caller may pass the
/// gradient itself as `partials` and leave `sum` out.
#define NAGARE_DECLARE_DEPTHWISE(T, S)                                                         \
  void nagare_depthwise_##S(                                                                   \
      const nagare_convolution *shape, const T *input, const T *filter,                        \
      const nagare_epilogue *epilogue, T *output, int64_t task, void *scratch);                \
  void nagare_depthwise_input_gradient_##S(                                                    \
      const nagare_convolution *shape, const T *output_gradient, const T *filter,              \
      T *input_gradient, int64_t task, void *scratch);                                         \
  void nagare_depthwise_filter_gradient_##S(                                                   \
      const nagare_convolution *shape, const T *input, const T *output_gradient, T *partials,  \
      int64_t task, void *scratch);                                                            \
  void nagare_depthwise_filter_gradient_sum_##S(                                               \
      const nagare_convolution *shape, const T *partials, T *filter_gradient);

NAGARE_DECLARE_DEPTHWISE(float, f32)
NAGARE_DECLARE_DEPTHWISE(double, f64)
