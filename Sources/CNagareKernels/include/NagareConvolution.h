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

/// Forward: pack the filter once, then run every task with its own or a reused scratch memory.

/// Elements of the packed filter.
int64_t nagare_conv2d_packed_count_f32(const nagare_convolution *shape);
int64_t nagare_conv2d_packed_count_f64(const nagare_convolution *shape);
void nagare_conv2d_pack_f32(const nagare_convolution *shape, const float *filter, float *packed);
void nagare_conv2d_pack_f64(const nagare_convolution *shape, const double *filter, double *packed);
/// Tasks of the operation: blocks of rows of one picture.
int64_t nagare_conv2d_task_count(const nagare_convolution *shape);
/// Bytes of scratch memory for one task.
int64_t nagare_conv2d_scratch_bytes_f32(const nagare_convolution *shape);
int64_t nagare_conv2d_scratch_bytes_f64(const nagare_convolution *shape);
/// Computes one task's part of the output. `bias` (one element an output channel) is added unless it
/// is null, then negative elements become zero with `relu`.
void nagare_conv2d_f32(
    const nagare_convolution *shape, const float *input, const float *packed, const float *bias,
    bool relu, float *output, int64_t task, void *scratch);
void nagare_conv2d_f64(
    const nagare_convolution *shape, const double *input, const double *packed,
    const double *bias, bool relu, double *output, int64_t task, void *scratch);

/// The gradient to the input, likewise.
int64_t nagare_conv2d_input_gradient_packed_count_f32(const nagare_convolution *shape);
int64_t nagare_conv2d_input_gradient_packed_count_f64(const nagare_convolution *shape);
void nagare_conv2d_input_gradient_pack_f32(
    const nagare_convolution *shape, const float *filter, float *packed);
void nagare_conv2d_input_gradient_pack_f64(
    const nagare_convolution *shape, const double *filter, double *packed);
int64_t nagare_conv2d_input_gradient_task_count(const nagare_convolution *shape);
int64_t nagare_conv2d_input_gradient_scratch_bytes_f32(const nagare_convolution *shape);
int64_t nagare_conv2d_input_gradient_scratch_bytes_f64(const nagare_convolution *shape);
void nagare_conv2d_input_gradient_f32(
    const nagare_convolution *shape, const float *output_gradient, const float *packed,
    float *input_gradient, int64_t task, void *scratch);
void nagare_conv2d_input_gradient_f64(
    const nagare_convolution *shape, const double *output_gradient, const double *packed,
    double *input_gradient, int64_t task, void *scratch);

/// The gradient to the filter: every task writes its part of `partials`, which holds
/// `part_count` whole filters; `sum` then adds them up in order. With one part the caller may pass
/// the gradient itself as `partials` and leave `sum` out.
int64_t nagare_conv2d_filter_gradient_part_count(const nagare_convolution *shape);
int64_t nagare_conv2d_filter_gradient_task_count(const nagare_convolution *shape);
int64_t nagare_conv2d_filter_gradient_scratch_bytes_f32(const nagare_convolution *shape);
int64_t nagare_conv2d_filter_gradient_scratch_bytes_f64(const nagare_convolution *shape);
void nagare_conv2d_filter_gradient_f32(
    const nagare_convolution *shape, const float *input, const float *output_gradient,
    float *partials, int64_t task, void *scratch);
void nagare_conv2d_filter_gradient_f64(
    const nagare_convolution *shape, const double *input, const double *output_gradient,
    double *partials, int64_t task, void *scratch);
void nagare_conv2d_filter_gradient_sum_f32(
    const nagare_convolution *shape, const float *partials, float *filter_gradient);
void nagare_conv2d_filter_gradient_sum_f64(
    const nagare_convolution *shape, const double *partials, double *filter_gradient);
