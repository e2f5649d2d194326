/// Arithmetic of sizes, and the division of work into tasks.
#pragma once

#include <stdint.h>

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t quotient_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t rounded_up(int64_t a, int64_t b) { return quotient_up(a, b) * b; }

/// The bounds of task `index` of `count` over `total` items.
static inline int64_t bound(int64_t total, int64_t index, int64_t count) {
  return total / count * index + least(index, total % count);
}
