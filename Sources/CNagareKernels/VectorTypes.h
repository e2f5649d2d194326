/// The vector types of one instantiation; to be included in a body (see Multiversion.h).
#define LANES ((int64_t)(VECTOR_BYTES / sizeof(REAL)))
#define VECTOR NAME(vector)
#define MASK NAME(mask)
#define LOOSE NAME(loose_vector)

typedef REAL VECTOR __attribute__((vector_size(VECTOR_BYTES)));
typedef REAL_BITS MASK __attribute__((vector_size(VECTOR_BYTES)));
/// A vector at any address.
typedef REAL LOOSE __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));

INLINE VECTOR NAME(load)(const REAL *source) { return *(const LOOSE *)source; }
INLINE void NAME(store)(REAL *target, VECTOR value) { *(LOOSE *)target = value; }
INLINE VECTOR NAME(select)(MASK mask, VECTOR yes, VECTOR no) {
  return (VECTOR)(((MASK)yes & mask) | ((MASK)no & ~mask));
}
/// The first `count` lanes from memory, the rest zero.
INLINE VECTOR NAME(load_part)(const REAL *source, int64_t count) {
  if (count >= LANES) return NAME(load)(source);
  VECTOR value = {0};
  for (int64_t i = 0; i < count; i++) value[i] = source[i];
  return value;
}
INLINE void NAME(store_part)(REAL *target, VECTOR value, int64_t count) {
  if (count >= LANES) {
    NAME(store)(target, value);
    return;
  }
  for (int64_t i = 0; i < count; i++) target[i] = value[i];
}
/// The vector whose lanes are all `x`.
INLINE VECTOR NAME(splat)(REAL x) {
  VECTOR value;
  for (int64_t i = 0; i < LANES; i++) value[i] = x;
  return value;
}
/// Integers that wrap are unsigned, but have a sign to a ReLU and to a mask.
#if REAL_FLOATING
typedef REAL NAME(signed_real);
typedef VECTOR NAME(signed_vector);
#else
typedef REAL_BITS NAME(signed_real);
typedef MASK NAME(signed_vector);
#endif
/// max(x, 0) that keeps NaN; +0 for both zeros.
INLINE VECTOR NAME(relu)(VECTOR x) {
  const NAME(signed_vector) value = (NAME(signed_vector))x;
  return (VECTOR)((MASK)x & ~(MASK)(value <= (NAME(signed_vector)){0}));
}
