/// Which elements the windows of pooling see, and how the work is divided.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "Division.h"
#include "NagarePooling.h"

/// Elements that a task reads, about.
#define TASK_ELEMENTS 65536

/// Whether the windows divide the input among them, but for what is left to the right and below.
static inline bool divides(const nagare_pooling *shape) {
  return shape->stride_height == shape->window_height &&
         shape->stride_width == shape->window_width && shape->padding_top == 0 &&
         shape->padding_left == 0;
}

/// Rows of a block when `height` rows with `row` elements to read each are divided.
static inline int64_t block_rows(int64_t height, int64_t row) {
  return least(height, most(1, TASK_ELEMENTS / most(1, row)));
}

static inline int64_t output_block(const nagare_pooling *shape) {
  return block_rows(
      shape->output_height, shape->stride_height * shape->input_width * shape->channels);
}

static inline int64_t input_block(const nagare_pooling *shape) {
  return block_rows(shape->input_height, shape->input_width * shape->channels);
}

/// The elements of a window that lie inside the input, along one dimension.
typedef struct {
  int64_t begin, end;
} range;

static inline range inside(int64_t at, int64_t stride, int64_t padding, int64_t window, int64_t size) {
  int64_t begin = at * stride - padding;
  return (range){.begin = most(0, begin), .end = least(size, begin + window)};
}

/// The windows that see any of the elements from `begin` to `end`, along one dimension.
static inline range seeing(
    range elements, int64_t stride, int64_t padding, int64_t window, int64_t count) {
  int64_t first = elements.begin + padding - window + 1;
  return (range){
      .begin = first <= 0 ? 0 : quotient_up(first, stride),
      .end = least(count, (elements.end - 1 + padding) / stride + 1)};
}

/// A task's picture and its rows.
typedef struct {
  int64_t picture;
  range rows;
} part;

static inline part task_part(int64_t task, int64_t height, int64_t block) {
  int64_t down = quotient_up(height, block), begin = task % down * block;
  return (part){.picture = task / down, .rows = {begin, least(height, begin + block)}};
}

/// Loops over the outputs in `rows` × all columns, with the window of each in `down` and `across`.
#define FOR_WINDOWS                                                                            \
  for (int64_t y = rows.begin; y < rows.end; y++) {                                            \
    const range down = inside(                                                                 \
        y, shape->stride_height, shape->padding_top, shape->window_height,                     \
        shape->input_height);                                                                  \
    for (int64_t x = 0; x < shape->output_width; x++) {                                        \
      const range across = inside(                                                             \
          x, shape->stride_width, shape->padding_left, shape->window_width,                    \
          shape->input_width);

#define END_WINDOWS                                                                            \
  }                                                                                            \
  }
