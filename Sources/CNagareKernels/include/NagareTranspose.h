#pragma once

#include <stdint.h>

/// target[column][row] = source[row][column] for a matrix of elements of 1, 2, 4 or 8 bytes, or a part
/// of one: `source_step` elements from a row to the next, `target_step` in the result.
void nagare_transpose(
    int64_t rows, int64_t columns, int64_t source_step, int64_t target_step,
    int64_t element_bytes, const void *source, void *target);
