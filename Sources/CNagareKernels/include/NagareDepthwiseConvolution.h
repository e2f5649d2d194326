#pragma once

#include "NagareConvolution.h"

/// Convolution of every channel by filters of its own (TensorFlow's DepthwiseConv2dNative) and its
/// gradients. In the geometry, `groups` is `input_channels`, and `output_channels` a multiple of it:
/// the filter is [filter_height, filter_width, input_channels, multiplier].

int64_t nagare_depthwise_task_count(const nagare_convolution *shape);
int64_t nagare_depthwise_scratch_bytes_f32(const nagare_convolution *shape);
int64_t nagare_depthwise_scratch_bytes_f64(const nagare_convolution *shape);
void nagare_depthwise_f32(
    const nagare_convolution *shape, const float *input, const float *filter, float *output,
    int64_t task, void *scratch);
void nagare_depthwise_f64(
    const nagare_convolution *shape, const double *input, const double *filter, double *output,
    int64_t task, void *scratch);

int64_t nagare_depthwise_input_gradient_task_count(const nagare_convolution *shape);
int64_t nagare_depthwise_input_gradient_scratch_bytes_f32(const nagare_convolution *shape);
int64_t nagare_depthwise_input_gradient_scratch_bytes_f64(const nagare_convolution *shape);
void nagare_depthwise_input_gradient_f32(
    const nagare_convolution *shape, const float *output_gradient, const float *filter,
    float *input_gradient, int64_t task, void *scratch);
void nagare_depthwise_input_gradient_f64(
    const nagare_convolution *shape, const double *output_gradient, const double *filter,
    double *input_gradient, int64_t task, void *scratch);

/// The gradient to the filter: each task fills one of the whole filters in `partials`, of which there
/// are as many as tasks; `sum` adds them up in order.
int64_t nagare_depthwise_filter_gradient_task_count(const nagare_convolution *shape);
int64_t nagare_depthwise_filter_gradient_scratch_bytes_f32(const nagare_convolution *shape);
int64_t nagare_depthwise_filter_gradient_scratch_bytes_f64(const nagare_convolution *shape);
void nagare_depthwise_filter_gradient_f32(
    const nagare_convolution *shape, const float *input, const float *output_gradient,
    float *partials, int64_t task, void *scratch);
void nagare_depthwise_filter_gradient_f64(
    const nagare_convolution *shape, const double *input, const double *output_gradient,
    double *partials, int64_t task, void *scratch);
void nagare_depthwise_filter_gradient_sum_f32(
    const nagare_convolution *shape, const float *partials, float *filter_gradient);
void nagare_depthwise_filter_gradient_sum_f64(
    const nagare_convolution *shape, const double *partials, double *filter_gradient);
