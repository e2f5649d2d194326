/// What becomes of results before they are stored; to be included in a body (see Multiversion.h), after
/// VectorTypes.h.

/// A nagare_epilogue from some place of the output on.
typedef struct {
  const REAL *bias, *addend;
  bool relu, capped;
} NAME(epilogue);

/// `epilogue`, which may be null, from channel `channel` and element `at` of the output on.
INLINE NAME(epilogue) NAME(epilogue_from)(
    const nagare_epilogue *epilogue, int64_t channel, int64_t at) {
  if (!epilogue) return (NAME(epilogue)){0};
  return (NAME(epilogue)){
      .bias = epilogue->bias ? (const REAL *)epilogue->bias + channel : NULL,
      .addend = epilogue->addend ? (const REAL *)epilogue->addend + at : NULL,
      .relu = epilogue->relu, .capped = epilogue->capped};
}

/// What is added to channels from `channel` on, of which `count` exist, and nothing else.
INLINE VECTOR NAME(bias_of)(NAME(epilogue) epilogue, int64_t channel, int64_t count) {
  return epilogue.bias ? NAME(load_part)(epilogue.bias + channel, count) : (VECTOR){0};
}

/// min(x, 6) that keeps NaN.
INLINE VECTOR NAME(cap)(VECTOR x) {
  const VECTOR six = NAME(splat)((REAL)6);
  return NAME(select)((MASK)((NAME(signed_vector))x > (NAME(signed_vector))six), six, x);
}

/// A vector of results, `count` of which exist: with the bias of their channels, with the addend from
/// `at` on, and activated. The epilogue is passed by value, for what is stored might change one in memory.
INLINE VECTOR NAME(finish)(
    NAME(epilogue) epilogue, VECTOR value, VECTOR bias, int64_t at, int64_t count) {
  value += bias;
  if (epilogue.addend) value += NAME(load_part)(epilogue.addend + at, count);
  if (epilogue.relu) value = NAME(relu)(value);
  if (epilogue.capped) value = NAME(cap)(value);
  return value;
}
