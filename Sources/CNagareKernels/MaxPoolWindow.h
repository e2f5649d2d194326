/// One window of max pooling and a vector of channels, of which `count` exist; to be included in a body
/// (see Multiversion.h), after VectorTypes.h and PoolingGeometry.h.

/// The greatest elements of a window.
INLINE VECTOR NAME(window_maximum)(
    const REAL *source, int64_t line, int64_t channels, range down, range across,
    int64_t count) {
  VECTOR largest = NAME(splat)(REAL_LOWEST);
  for (int64_t i = down.begin; i < down.end; i++)
    for (int64_t j = across.begin; j < across.end; j++) {
      VECTOR value = NAME(load_part)(source + i * line + j * channels, count);
      largest = NAME(select)((MASK)(value > largest), value, largest);
    }
  return largest;
}

typedef uint8_t NAME(places) __attribute__((vector_size(VECTOR_BYTES / sizeof(REAL))));

/// The greatest elements of a window, whose places are stored.
INLINE VECTOR NAME(find_winners)(
    const REAL *source, int64_t line, int64_t channels, int64_t width, int64_t origin, range down,
    range across, bool relu, int64_t count, uint8_t *winners) {
  VECTOR largest = NAME(splat)(REAL_LOWEST);
  MASK place = (MASK){0} + (REAL_BITS)(down.begin * width + across.begin - origin);
  for (int64_t i = down.begin; i < down.end; i++)
    for (int64_t j = across.begin; j < across.end; j++) {
      const VECTOR value = NAME(load_part)(source + i * line + j * channels, count);
      const MASK above = (MASK)(value > largest);
      largest = NAME(select)(above, value, largest);
      place =
          (((MASK){0} + (REAL_BITS)(i * width + j - origin)) & above) | (place & ~above);
    }
  if (relu) place |= ~(MASK)(largest > (VECTOR){0});
  const NAME(places) places = __builtin_convertvector(place, NAME(places));
  if (count >= LANES)
    memcpy(winners, &places, sizeof places);
  else
    memcpy(winners, &places, (size_t)count);
  return largest;
}
