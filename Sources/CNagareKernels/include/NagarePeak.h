#pragma once

#include <stdint.h>

/// Does `rounds` rounds of float32 multiply-adds in registers alone, as many at a time as hide their
/// latency, and returns how many multiply-adds a round is.
double nagare_multiply_adds(int64_t rounds);
