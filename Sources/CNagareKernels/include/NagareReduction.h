#pragma once

#include <stdint.h>

/// The sum of `count` numbers in eight partial sums, the numbers after the last whole eight in the first;
/// neighbouring partial sums are then added until one is left.
float nagare_sum_f32(int64_t count, const float *x);
