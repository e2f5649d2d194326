#pragma once

#include "NagareConvolution.h"

/// The algorithms that Convolution.c chooses from; their functions are as in NagareConvolution.h.

/// Elements that all partial filter gradients may have together.
#define PARTIAL_ELEMENTS 1310720

/// For any geometry.
NAGARE_DECLARE_CONVOLUTION(nagare_implicit_gemm, float, f32)

/// For those that the following functions name.
NAGARE_DECLARE_CONVOLUTION(nagare_winograd, float, f32)
bool nagare_winograd_suits(const nagare_convolution *shape);
bool nagare_winograd_pools(const nagare_convolution *shape);
bool nagare_winograd_input_gradient_suits(const nagare_convolution *shape);
bool nagare_winograd_filter_gradient_suits(const nagare_convolution *shape);

/// Without the input gradient.
NAGARE_DECLARE_CONVOLUTION(nagare_few_channels, float, f32)
bool nagare_few_channels_suits(const nagare_convolution *shape);
bool nagare_few_channels_filter_gradient_suits(const nagare_convolution *shape);

/// Only the filter gradient, for geometries that the following function names.
NAGARE_DECLARE_CONVOLUTION(nagare_packed_gemm, float, f32)
bool nagare_packed_gemm_filter_gradient_suits(const nagare_convolution *shape);

/// The sum of `parts` arrays of `count` elements that follow each other, in order. `sum` may be the
/// first of them.
void nagare_sum_partials_f32(int64_t parts, int64_t count, const float *partials, float *sum);
