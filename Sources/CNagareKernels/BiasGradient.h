/// The gradient to a bias, which is summed while a gradient to a filter reads what it is the sum of; to be
/// included in a body (see Multiversion.h), after VectorTypes.h.

/// Adds the sum of `rows` rows of `columns` elements, which lie `stride` apart, to `sums`.
INLINE void NAME(add_rows)(
    const REAL *from, int64_t rows, int64_t stride, int64_t columns, REAL *sums) {
  for (int64_t j = 0; j < columns; j += LANES) {
    const int64_t count = columns - j;
    VECTOR sum = {0};
    if (count >= LANES)
      for (int64_t r = 0; r < rows; r++) sum += NAME(load)(from + r * stride + j);
    else
      for (int64_t r = 0; r < rows; r++) sum += NAME(load_part)(from + r * stride + j, count);
    NAME(store_part)(sums + j, NAME(load_part)(sums + j, count) + sum, count);
  }
}
