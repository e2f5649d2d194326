#include "ConvolutionAlgorithms.h"

#include <string.h>

#include "Division.h"

// Convolution of floats: each function is that of the algorithm which suits the geometry.

#define CHOOSE(FUNCTION, ARGUMENTS)                                                            \
  (nagare_winograd_suits(shape)       ? nagare_winograd##FUNCTION##_f32 ARGUMENTS              \
   : nagare_few_channels_suits(shape) ? nagare_few_channels##FUNCTION##_f32 ARGUMENTS          \
                                      : nagare_implicit_gemm##FUNCTION##_f32 ARGUMENTS)

int64_t nagare_conv2d_packed_count_f32(const nagare_convolution *shape) {
  return CHOOSE(_packed_count, (shape));
}
int64_t nagare_conv2d_pack_task_count_f32(const nagare_convolution *shape) {
  return CHOOSE(_pack_task_count, (shape));
}
void nagare_conv2d_pack_f32(
    const nagare_convolution *shape, const float *filter, float *packed, int64_t task) {
  CHOOSE(_pack, (shape, filter, packed, task));
}
int64_t nagare_conv2d_task_count_f32(const nagare_convolution *shape) {
  return CHOOSE(_task_count, (shape));
}
int64_t nagare_conv2d_scratch_bytes_f32(const nagare_convolution *shape) {
  return CHOOSE(_scratch_bytes, (shape));
}
void nagare_conv2d_f32(
    const nagare_convolution *shape, const float *input, const float *packed,
    const nagare_epilogue *epilogue, float *output, int64_t task, void *scratch) {
  CHOOSE(, (shape, input, packed, epilogue, output, task, scratch));
}

bool nagare_conv2d_pools_f32(const nagare_convolution *shape) {
  return nagare_winograd_suits(shape) && nagare_winograd_pools(shape);
}

#define CHOOSE_INPUT_GRADIENT(FUNCTION, ARGUMENTS)                                             \
  (nagare_winograd_input_gradient_suits(shape)                                                 \
       ? nagare_winograd_input_gradient##FUNCTION##_f32 ARGUMENTS                              \
       : nagare_implicit_gemm_input_gradient##FUNCTION##_f32 ARGUMENTS)

int64_t nagare_conv2d_input_gradient_packed_count_f32(const nagare_convolution *shape) {
  return CHOOSE_INPUT_GRADIENT(_packed_count, (shape));
}
int64_t nagare_conv2d_input_gradient_pack_task_count_f32(const nagare_convolution *shape) {
  return CHOOSE_INPUT_GRADIENT(_pack_task_count, (shape));
}
void nagare_conv2d_input_gradient_pack_f32(
    const nagare_convolution *shape, const float *filter, float *packed, int64_t task) {
  CHOOSE_INPUT_GRADIENT(_pack, (shape, filter, packed, task));
}
int64_t nagare_conv2d_input_gradient_task_count_f32(const nagare_convolution *shape) {
  return CHOOSE_INPUT_GRADIENT(_task_count, (shape));
}
int64_t nagare_conv2d_input_gradient_scratch_bytes_f32(const nagare_convolution *shape) {
  return CHOOSE_INPUT_GRADIENT(_scratch_bytes, (shape));
}
void nagare_conv2d_input_gradient_f32(
    const nagare_convolution *shape, const float *output_gradient, const float *packed,
    const float *mask, float *input_gradient, int64_t task, void *scratch) {
  CHOOSE_INPUT_GRADIENT(
      , (shape, output_gradient, packed, mask, input_gradient, task, scratch));
}

#define CHOOSE_FILTER_GRADIENT(FUNCTION, ARGUMENTS)                                            \
  (nagare_winograd_filter_gradient_suits(shape)                                                \
       ? nagare_winograd_filter_gradient##FUNCTION##_f32 ARGUMENTS                             \
   : nagare_few_channels_filter_gradient_suits(shape)                                          \
       ? nagare_few_channels_filter_gradient##FUNCTION##_f32 ARGUMENTS                         \
   : nagare_packed_gemm_filter_gradient_suits(shape)                                           \
       ? nagare_packed_gemm_filter_gradient##FUNCTION##_f32 ARGUMENTS                          \
       : nagare_implicit_gemm_filter_gradient##FUNCTION##_f32 ARGUMENTS)

int64_t nagare_conv2d_filter_gradient_task_count_f32(const nagare_convolution *shape) {
  return CHOOSE_FILTER_GRADIENT(_task_count, (shape));
}
int64_t nagare_conv2d_filter_gradient_part_count_f32(const nagare_convolution *shape) {
  return CHOOSE_FILTER_GRADIENT(_part_count, (shape));
}
int64_t nagare_conv2d_filter_gradient_scratch_bytes_f32(const nagare_convolution *shape) {
  return CHOOSE_FILTER_GRADIENT(_scratch_bytes, (shape));
}
void nagare_conv2d_filter_gradient_f32(
    const nagare_convolution *shape, const float *input, const float *output_gradient,
    float *partials, float *bias_partials, int64_t task, void *scratch) {
  CHOOSE_FILTER_GRADIENT(
      , (shape, input, output_gradient, partials, bias_partials, task, scratch));
}
void nagare_conv2d_filter_gradient_sum_f32(
    const nagare_convolution *shape, const float *partials, float *filter_gradient) {
  CHOOSE_FILTER_GRADIENT(_sum, (shape, partials, filter_gradient));
}

void nagare_sum_partials_f32(int64_t parts, int64_t count, const float *partials, float *sum) {
  // A piece at a time, which stays in the cache.
  for (int64_t piece = 0; piece < count; piece += 1024) {
    const int64_t size = least(1024, count - piece);
    float *total = sum + piece;
    memmove(total, partials + piece, (size_t)size * sizeof(float));
    for (int64_t p = 1; p < parts; p++) {
      const float *part = partials + p * count + piece;
      for (int64_t i = 0; i < size; i++) total[i] += part[i];
    }
  }
}
