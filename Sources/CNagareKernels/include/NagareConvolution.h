#pragma once

#include <stdbool.h>
#include <stdint.h>

/// Two-dimensional convolution (TensorFlow's Conv2D) and its gradients. How one is computed depends
/// on its geometry alone.

/// The geometry of a convolution. Output element (y, x) sees the input elements
/// (y · stride − padding + k · dilation); what lies outside the input counts as zero, so the padding
/// below and to the right follows from the output's size.
typedef struct {
  int64_t batch;
  int64_t input_height, input_width, input_channels;
  int64_t output_height, output_width, output_channels;
  /// The filter is [filter_height, filter_width, input_channels / groups, output_channels].
  int64_t filter_height, filter_width;
  int64_t stride_height, stride_width;
  int64_t dilation_height, dilation_width;
  int64_t padding_top, padding_left;
  /// Parts of the channels that are convolved separately; divides both channel counts.
  int64_t groups;
} nagare_convolution;

/// What becomes of each result of a convolution before it is stored.
typedef struct {
  /// One element an output channel, added, unless null.
  const void *bias;
  /// A tensor like the output, added after that, unless null. It may not share the output's memory.
  const void *addend;
  /// Whether negative results then become zero.
  bool relu;
  /// Whether those above 6 become 6.
  bool capped;
  /// Whether only the largest of each 2×2 results is stored, in an output half as high and wide; only
  /// where `nagare_conv2d_pools_f32` says so, and without an addend.
  bool pools;
  /// The places of the largest, like the output, as `nagare_max_pool_winners_f32` gives them with the
  /// same `relu`, unless null.
  uint8_t *winners;
} nagare_epilogue;

/// For an element type T (integers wrap):
///
/// `conv2d`, the forward operation: `pack` the filter in `pack_task_count` tasks into `packed_count`
/// elements, then run `task_count` tasks, each with `scratch_bytes` of scratch memory. `epilogue` may be
/// null.
/// `input_gradient`: likewise. Where `mask`, a tensor like the input, is not positive, the gradient is
/// zero, unless `mask` is null: so the gradient of a ReLU before the convolution comes with it.
/// `filter_gradient`: every task writes its part of `partials`, which holds `part_count` whole filters;
/// `sum` then adds them up in order. With one part the caller may pass the gradient itself as
/// `partials` and leave `sum` out. Unless null, `bias_partials` gets as many vectors with one element an
/// output channel, the sum of which is the sum of the output gradient over all positions.
#define NAGARE_DECLARE_CONVOLUTION(PREFIX, T, S)                                               \
  int64_t PREFIX##_packed_count_##S(const nagare_convolution *shape);                          \
  int64_t PREFIX##_pack_task_count_##S(const nagare_convolution *shape);                       \
  void PREFIX##_pack_##S(                                                                      \
      const nagare_convolution *shape, const T *filter, T *packed, int64_t task);              \
  int64_t PREFIX##_task_count_##S(const nagare_convolution *shape);                            \
  int64_t PREFIX##_scratch_bytes_##S(const nagare_convolution *shape);                         \
  void PREFIX##_##S(                                                                           \
      const nagare_convolution *shape, const T *input, const T *packed,                        \
      const nagare_epilogue *epilogue, T *output, int64_t task, void *scratch);                \
  int64_t PREFIX##_input_gradient_packed_count_##S(const nagare_convolution *shape);           \
  int64_t PREFIX##_input_gradient_pack_task_count_##S(const nagare_convolution *shape);        \
  void PREFIX##_input_gradient_pack_##S(                                                       \
      const nagare_convolution *shape, const T *filter, T *packed, int64_t task);              \
  int64_t PREFIX##_input_gradient_task_count_##S(const nagare_convolution *shape);             \
  int64_t PREFIX##_input_gradient_scratch_bytes_##S(const nagare_convolution *shape);          \
  void PREFIX##_input_gradient_##S(                                                            \
      const nagare_convolution *shape, const T *output_gradient, const T *packed,              \
      const T *mask, T *input_gradient, int64_t task, void *scratch);                          \
  int64_t PREFIX##_filter_gradient_task_count_##S(const nagare_convolution *shape);            \
  int64_t PREFIX##_filter_gradient_part_count_##S(const nagare_convolution *shape);            \
  int64_t PREFIX##_filter_gradient_scratch_bytes_##S(const nagare_convolution *shape);         \
  void PREFIX##_filter_gradient_##S(                                                           \
      const nagare_convolution *shape, const T *input, const T *output_gradient, T *partials,  \
      T *bias_partials, int64_t task, void *scratch);                                          \
  void PREFIX##_filter_gradient_sum_##S(                                                       \
      const nagare_convolution *shape, const T *partials, T *filter_gradient);

NAGARE_DECLARE_CONVOLUTION(nagare_conv2d, float, f32)
NAGARE_DECLARE_CONVOLUTION(nagare_conv2d, double, f64)
NAGARE_DECLARE_CONVOLUTION(nagare_conv2d, int32_t, i32)

/// Whether results may be pooled.
bool nagare_conv2d_pools_f32(const nagare_convolution *shape);
