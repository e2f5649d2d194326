/// Which elements the filters of a depthwise convolution see.
#pragma once

#include <stdbool.h>

#include "Division.h"
#include "NagareDepthwiseConvolution.h"

/// Indices from `begin` up to `end`.
typedef struct {
  int64_t begin, end;
} range;

/// Filter taps of output element `at` that lie inside an input of `size` elements.
static inline range inside(
    int64_t at, int64_t stride, int64_t dilation, int64_t padding, int64_t taps, int64_t size) {
  int64_t begin = at * stride - padding;
  return (range){
      .begin = begin >= 0 ? 0 : quotient_up(-begin, dilation),
      .end = begin >= size ? 0 : least(taps, (size - 1 - begin) / dilation + 1)};
}

/// Output columns whose taps all lie inside the input.
static inline range seeing_all(const nagare_convolution *shape) {
  const int64_t last = shape->input_width - 1 + shape->padding_left -
                       (shape->filter_width - 1) * shape->dilation_width;
  return (range){
      .begin = quotient_up(shape->padding_left, shape->stride_width),
      .end = last < 0 ? 0 : least(shape->output_width, last / shape->stride_width + 1)};
}

/// Whether each output sees two or three of three taps side by side.
static inline bool sees_most(int64_t outputs, int64_t stride, int64_t padding, int64_t size) {
  const range first = inside(0, stride, 1, padding, 3, size);
  const range last = inside(outputs - 1, stride, 1, padding, 3, size);
  return least(first.end - first.begin, last.end - last.begin) >= 2;
}

/// Whether the filter is 3×3 and the outputs can be computed in tiles.
static inline bool is_tiled(const nagare_convolution *shape) {
  return shape->filter_height == 3 && shape->filter_width == 3 && shape->dilation_height == 1 &&
         shape->dilation_width == 1 && shape->stride_width <= 2 &&
         sees_most(
             shape->output_height, shape->stride_height, shape->padding_top,
             shape->input_height) &&
         sees_most(
             shape->output_width, shape->stride_width, shape->padding_left, shape->input_width);
}
