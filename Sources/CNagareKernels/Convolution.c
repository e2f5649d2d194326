#include "ConvolutionAlgorithms.h"

// Convolution of floats: each function is that of the algorithm which suits the geometry.

#define CHOOSE(OPERATION, FUNCTION, ARGUMENTS)                                                 \
  (nagare_winograd##OPERATION##_suits(shape)                                                   \
       ? nagare_winograd##OPERATION##FUNCTION##_f32 ARGUMENTS                                  \
       : nagare_implicit_gemm##OPERATION##FUNCTION##_f32 ARGUMENTS)

int64_t nagare_conv2d_packed_count_f32(const nagare_convolution *shape) {
  return CHOOSE(, _packed_count, (shape));
}
int64_t nagare_conv2d_pack_task_count_f32(const nagare_convolution *shape) {
  return CHOOSE(, _pack_task_count, (shape));
}
void nagare_conv2d_pack_f32(
    const nagare_convolution *shape, const float *filter, float *packed, int64_t task) {
  CHOOSE(, _pack, (shape, filter, packed, task));
}
int64_t nagare_conv2d_task_count_f32(const nagare_convolution *shape) {
  return CHOOSE(, _task_count, (shape));
}
int64_t nagare_conv2d_scratch_bytes_f32(const nagare_convolution *shape) {
  return CHOOSE(, _scratch_bytes, (shape));
}
void nagare_conv2d_f32(
    const nagare_convolution *shape, const float *input, const float *packed, const float *bias,
    bool relu, float *output, int64_t task, void *scratch) {
  CHOOSE(, , (shape, input, packed, bias, relu, output, task, scratch));
}

int64_t nagare_conv2d_input_gradient_packed_count_f32(const nagare_convolution *shape) {
  return CHOOSE(_input_gradient, _packed_count, (shape));
}
int64_t nagare_conv2d_input_gradient_pack_task_count_f32(const nagare_convolution *shape) {
  return CHOOSE(_input_gradient, _pack_task_count, (shape));
}
void nagare_conv2d_input_gradient_pack_f32(
    const nagare_convolution *shape, const float *filter, float *packed, int64_t task) {
  CHOOSE(_input_gradient, _pack, (shape, filter, packed, task));
}
int64_t nagare_conv2d_input_gradient_task_count_f32(const nagare_convolution *shape) {
  return CHOOSE(_input_gradient, _task_count, (shape));
}
int64_t nagare_conv2d_input_gradient_scratch_bytes_f32(const nagare_convolution *shape) {
  return CHOOSE(_input_gradient, _scratch_bytes, (shape));
}
void nagare_conv2d_input_gradient_f32(
    const nagare_convolution *shape, const float *output_gradient, const float *packed,
    const float *mask, float *input_gradient, int64_t task, void *scratch) {
  CHOOSE(
      _input_gradient, , (shape, output_gradient, packed, mask, input_gradient, task, scratch));
}

int64_t nagare_conv2d_filter_gradient_task_count_f32(const nagare_convolution *shape) {
  return CHOOSE(_filter_gradient, _task_count, (shape));
}
int64_t nagare_conv2d_filter_gradient_part_count_f32(const nagare_convolution *shape) {
  return CHOOSE(_filter_gradient, _part_count, (shape));
}
int64_t nagare_conv2d_filter_gradient_scratch_bytes_f32(const nagare_convolution *shape) {
  return CHOOSE(_filter_gradient, _scratch_bytes, (shape));
}
void nagare_conv2d_filter_gradient_f32(
    const nagare_convolution *shape, const float *input, const float *output_gradient,
    float *partials, int64_t task, void *scratch) {
  CHOOSE(
      _filter_gradient, , (shape, input, output_gradient, partials, task, scratch));
}
void nagare_conv2d_filter_gradient_sum_f32(
    const nagare_convolution *shape, const float *partials, float *filter_gradient) {
  CHOOSE(_filter_gradient, _sum, (shape, partials, filter_gradient));
}
