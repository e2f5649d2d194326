/// How convolutions of element type T, called S in names, are run task by task; to be included once a
/// type.
#define JOINED(A, B) A##_##B
#define JOINED_EXPANDED(A, B) JOINED(A, B)
#define TYPED(NAME) JOINED_EXPANDED(NAME, S)

typedef struct {
  const char *name;
  int64_t (*packed_count)(const nagare_convolution *);
  int64_t (*pack_task_count)(const nagare_convolution *);
  int64_t (*task_count)(const nagare_convolution *);
  int64_t (*scratch_bytes)(const nagare_convolution *);
  void (*pack)(const nagare_convolution *, const T *, T *, int64_t);
  void (*run)(
      const nagare_convolution *, const T *, const T *, const nagare_epilogue *, T *, int64_t,
      void *);
  /// For which geometries; null for all.
  bool (*suits)(const nagare_convolution *);
} TYPED(forward_kernel);

typedef struct {
  const char *name;
  int64_t (*packed_count)(const nagare_convolution *);
  int64_t (*pack_task_count)(const nagare_convolution *);
  int64_t (*task_count)(const nagare_convolution *);
  int64_t (*scratch_bytes)(const nagare_convolution *);
  void (*pack)(const nagare_convolution *, const T *, T *, int64_t);
  void (*run)(const nagare_convolution *, const T *, const T *, const T *, T *, int64_t, void *);
  bool (*suits)(const nagare_convolution *);
} TYPED(input_gradient_kernel);

typedef struct {
  const char *name;
  int64_t (*part_count)(const nagare_convolution *);
  int64_t (*task_count)(const nagare_convolution *);
  int64_t (*scratch_bytes)(const nagare_convolution *);
  void (*run)(
      const nagare_convolution *, const T *, const T *, T *, T *, int64_t, void *);
  void (*sum)(const nagare_convolution *, const T *, T *);
  bool (*suits)(const nagare_convolution *);
} TYPED(filter_gradient_kernel);

#ifndef FORWARD
#define FORWARD(NAME, PREFIX, S, SUITS)                                                        \
  {NAME, PREFIX##_packed_count_##S, PREFIX##_pack_task_count_##S, PREFIX##_task_count_##S,     \
   PREFIX##_scratch_bytes_##S, PREFIX##_pack_##S, PREFIX##_##S, SUITS}
#define INPUT_GRADIENT(NAME, PREFIX, S, SUITS)                                                 \
  FORWARD(NAME, PREFIX##_input_gradient, S, SUITS)
#define FILTER_GRADIENT(NAME, PREFIX, S, SUITS)                                                \
  {NAME, PREFIX##_filter_gradient_part_count_##S, PREFIX##_filter_gradient_task_count_##S,     \
   PREFIX##_filter_gradient_scratch_bytes_##S, PREFIX##_filter_gradient_##S,                   \
   PREFIX##_filter_gradient_sum_##S, SUITS}

static int64_t input_elements(const nagare_convolution *shape) {
  return shape->batch * shape->input_height * shape->input_width * shape->input_channels;
}
static int64_t output_elements(const nagare_convolution *shape) {
  return shape->batch * shape->output_height * shape->output_width * shape->output_channels;
}
static int64_t filter_elements(const nagare_convolution *shape) {
  return shape->filter_height * shape->filter_width * (shape->input_channels / shape->groups) *
         shape->output_channels;
}
#endif

/// The packed filter, for a kernel of either kind.
#define PACK(KIND)                                                                             \
  static T *TYPED(pack_##KIND)(                                                                \
      const TYPED(KIND##_kernel) *kernel, const nagare_convolution *shape, const T *filter,    \
      bool backwards) {                                                                        \
    T *packed = take(kernel->packed_count(shape) * (int64_t)sizeof(T), 64);                    \
    const int64_t tasks = kernel->pack_task_count(shape);                                      \
    for (int64_t i = 0; i < tasks; i++)                                                        \
      kernel->pack(shape, filter, packed, backwards ? tasks - 1 - i : i);                      \
    return packed;                                                                             \
  }
PACK(forward)
PACK(input_gradient)
#undef PACK

static void TYPED(run_forward)(
    const TYPED(forward_kernel) *kernel, const nagare_convolution *shape, const T *input,
    const T *packed, const nagare_epilogue *epilogue, T *output, void *scratch,
    bool backwards) {
  const int64_t tasks = kernel->task_count(shape);
  for (int64_t i = 0; i < tasks; i++)
    kernel->run(
        shape, input, packed, epilogue, output, backwards ? tasks - 1 - i : i, scratch);
}

static void TYPED(run_input_gradient)(
    const TYPED(input_gradient_kernel) *kernel, const nagare_convolution *shape,
    const T *upstream, const T *packed, const T *mask, T *gradient, void *scratch,
    bool backwards) {
  const int64_t tasks = kernel->task_count(shape);
  for (int64_t i = 0; i < tasks; i++)
    kernel->run(
        shape, upstream, packed, mask, gradient, backwards ? tasks - 1 - i : i, scratch);
}

static void TYPED(run_filter_gradient)(
    const TYPED(filter_gradient_kernel) *kernel, const nagare_convolution *shape, const T *input,
    const T *upstream, T *partials, T *bias_partials, T *gradient, void *scratch, bool backwards) {
  const int64_t tasks = kernel->task_count(shape);
  for (int64_t i = 0; i < tasks; i++)
    kernel->run(
        shape, input, upstream, partials, bias_partials, backwards ? tasks - 1 - i : i, scratch);
  kernel->sum(shape, partials, gradient);
}
