#pragma once

#include "NagareConvolution.h"

/// The algorithms that Convolution.c chooses from; their functions are as in NagareConvolution.h.

/// For any geometry.
NAGARE_DECLARE_CONVOLUTION(nagare_implicit_gemm, float, f32)

/// For those that the following functions name.
NAGARE_DECLARE_CONVOLUTION(nagare_winograd, float, f32)
bool nagare_winograd_suits(const nagare_convolution *shape);
bool nagare_winograd_input_gradient_suits(const nagare_convolution *shape);
bool nagare_winograd_filter_gradient_suits(const nagare_convolution *shape);
