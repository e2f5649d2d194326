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
/// max(x, 0) that keeps NaN.
INLINE VECTOR NAME(relu)(VECTOR x) { return (VECTOR)((MASK)x & ~(MASK)(x < (VECTOR){0})); }
