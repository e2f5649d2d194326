#pragma once

#include <stdbool.h>
#include <stdint.h>

/// Two-dimensional convolution (TensorFlow's Conv2D) and its gradients, as products over blocks of
/// the picture that are read in place: no matrix of patches is ever formed.

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

/// Tasks of the operation: blocks of rows of one picture.
int64_t nagare_conv2d_task_count(const nagare_convolution *shape);
int64_t nagare_conv2d_input_gradient_task_count(const nagare_convolution *shape);
int64_t nagare_conv2d_filter_gradient_task_count(const nagare_convolution *shape);
/// Bytes of scratch memory for one task.
int64_t nagare_conv2d_scratch_bytes(const nagare_convolution *shape, int64_t element_bytes);
int64_t nagare_conv2d_input_gradient_scratch_bytes(
    const nagare_convolution *shape, int64_t element_bytes);
int64_t nagare_conv2d_filter_gradient_scratch_bytes(
    const nagare_convolution *shape, int64_t element_bytes);
/// Whole filters that the tasks of the filter gradient accumulate in.
int64_t nagare_conv2d_filter_gradient_part_count(const nagare_convolution *shape);

/// For an element type T (integers wrap):
///
/// `conv2d`, the forward operation: `pack` the filter once, into `packed_count` elements, then run every
/// task. `bias` (one element an output channel) is added unless it is null, then negative elements
/// become zero with `relu`.
/// `input_gradient`: likewise.
/// `filter_gradient`: every task writes its part of `partials`, which holds `part_count` whole filters;
/// `sum` then adds them up in order. With one part the caller may pass the gradient itself as
/// `partials` and leave `sum` out.
#define NAGARE_DECLARE_CONVOLUTION(T, S)                                                       \
  int64_t nagare_conv2d_packed_count_##S(const nagare_convolution *shape);                     \
  void nagare_conv2d_pack_##S(const nagare_convolution *shape, const T *filter, T *packed);    \
  void nagare_conv2d_##S(                                                                      \
      const nagare_convolution *shape, const T *input, const T *packed, const T *bias,         \
      bool relu, T *output, int64_t task, void *scratch);                                      \
  int64_t nagare_conv2d_input_gradient_packed_count_##S(const nagare_convolution *shape);      \
  void nagare_conv2d_input_gradient_pack_##S(                                                  \
      const nagare_convolution *shape, const T *filter, T *packed);                            \
  void nagare_conv2d_input_gradient_##S(                                                       \
      const nagare_convolution *shape, const T *output_gradient, const T *packed,              \
      T *input_gradient, int64_t task, void *scratch);                                         \
  void nagare_conv2d_filter_gradient_##S(                                                      \
      const nagare_convolution *shape, const T *input, const T *output_gradient, T *partials,  \
      int64_t task, void *scratch);                                                            \
  void nagare_conv2d_filter_gradient_sum_##S(                                                  \
      const nagare_convolution *shape, const T *partials, T *filter_gradient);

NAGARE_DECLARE_CONVOLUTION(float, f32)
NAGARE_DECLARE_CONVOLUTION(double, f64)
NAGARE_DECLARE_CONVOLUTION(int32_t, i32)
