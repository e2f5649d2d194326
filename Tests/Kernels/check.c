/// Checks every family of kernels beside plain loops, on random shapes, with the fastest forms that the
/// processor has and with the portable ones, and says how near each came to its bound. All memory
/// ends at a page that no one may touch. Needs nothing but the kernels, so that it runs wherever they do:
///
///     make test-kernels, make test-arm
///
/// `--expect NAME` fails unless the fastest forms are those of that instruction set; a number multiplies
/// the random shapes.
#include "CNagareKernels.h"

#include "ConvolutionAlgorithms.h"
#include "support.h"

// MARK: - What was found

/// By forms: the fastest and the portable ones.
typedef struct {
  int64_t cases, failures;
  double worst;
} tally;

typedef struct {
  char what[64];
  const char *unit;
  double bound;
  tally of[2];
} finding;

static finding findings[256];
static int finding_count;
static bool failed;
/// Which forms run.
static int portable;

/// Notes the error of a case, which fails unless it is within `bound`.
__attribute__((format(printf, 5, 6))) static void note(
    const char *what, const char *unit, double bound, double error, const char *format, ...) {
  finding *f = findings;
  while (f < findings + finding_count && strcmp(f->what, what) != 0) f++;
  if (f == findings + finding_count) {
    if (finding_count++ == sizeof findings / sizeof *findings) abort();
    snprintf(f->what, sizeof f->what, "%s", what);
    f->unit = unit;
    f->bound = bound;
  }
  tally *tally = f->of + portable;
  tally->cases++;
  tally->worst = fmax(tally->worst, error);
  if (error <= bound) return;
  failed = true;
  if (tally->failures++ >= 3) return;
  printf(
      "FAILED  %s, %s: %.3g, bound %.3g %s: ", what, nagare_kernels_instruction_set(), error,
      bound, unit);
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  printf("\n");
}

static void same_bits(
    const char *what, const void *left, const void *right, int64_t bytes, const char *where) {
  note(what, "exact", 0, memcmp(left, right, (size_t)bytes) == 0 ? 0 : INFINITY, "%s", where);
}

/// Gives memory back.
static void intact(int mark, const char *where) {
  note("memory around", "intact", 0, release(mark) ? 0 : INFINITY, "%s", where);
}

/// Once with the fastest forms, once with the portable ones.
#define FOR_EACH_SET                                                                           \
  for (portable = 0; nagare_kernels_use_portable(portable), portable < 2 || fastest_again();   \
       portable++)

static bool fastest_again(void) {
  portable = 0;
  nagare_kernels_use_portable(0);
  return false;
}

static int64_t rounds = 1;

// MARK: - Convolution

static const char *geometry(const nagare_convolution *s) {
  static char text[300];
  snprintf(
      text, sizeof text,
      "input %lldx%lldx%lldx%lld, output %lldx%lldx%lld, filter %lldx%lld, stride %lldx%lld, "
      "dilation %lldx%lld, padding %lld,%lld, groups %lld",
      (long long)s->batch, (long long)s->input_height, (long long)s->input_width,
      (long long)s->input_channels, (long long)s->output_height, (long long)s->output_width,
      (long long)s->output_channels, (long long)s->filter_height, (long long)s->filter_width,
      (long long)s->stride_height, (long long)s->stride_width, (long long)s->dilation_height,
      (long long)s->dilation_width, (long long)s->padding_top, (long long)s->padding_left,
      (long long)s->groups);
  return text;
}

/// Where each result is a sum of its own: the error in units u of the sum of the sizes of what is added,
/// u being half the distance from 1 to the next number (2⁻²⁴ for floats).
#ifdef __APPLE__
// There the loops for doubles round as well.
#define SUM_BOUND 16
#else
#define SUM_BOUND 8
#endif
/// Where results are mixed: the error as a share of the largest result. Some in a thousand of these small
/// random pictures are above 3e-6.
#define WINOGRAD_BOUND 3.5e-6

#define T float
#define S f32
#define EXACT double
#define SIGNED double
#define UNIT 0x1p-24
#define RANDOM ((float)random_real())
/// Winograd's results are mixtures of many sums.
#define MIXES(KERNEL, SUITS) ((!(KERNEL)->suits || (KERNEL)->suits == SUITS) && SUITS(shape))
#include "convolution.h"
#include "convolution_check.h"
#undef T
#undef S
#undef EXACT
#undef SIGNED
#undef UNIT
#undef RANDOM
#undef MIXES

#define T double
#define S f64
#define EXACT long double
#define SIGNED long double
#define UNIT 0x1p-53
#define RANDOM random_long_real()
#define MIXES(KERNEL, SUITS) ((void)(KERNEL), false)
#include "convolution.h"
#include "convolution_check.h"
#undef T
#undef S
#undef EXACT
#undef SIGNED
#undef UNIT
#undef RANDOM

// Integers wrap.
#define T int32_t
#define S i32
#define EXACT uint64_t
#define SIGNED int32_t
#define UNIT 0.0
#define RANDOM ((int32_t)random_bits())
#include "convolution.h"
#include "convolution_check.h"
#undef T
#undef S
#undef EXACT
#undef SIGNED
#undef UNIT
#undef RANDOM

static bool any(const nagare_convolution *shape) { return shape != NULL; }

/// The one that the geometry chooses, and all that it could choose.
static const forward_kernel_f32 forward_kernels[] = {
    FORWARD("chosen", nagare_conv2d, f32, NULL),
    FORWARD("in place", nagare_implicit_gemm, f32, any),
    FORWARD("Winograd", nagare_winograd, f32, nagare_winograd_suits),
    FORWARD("few channels", nagare_few_channels, f32, nagare_few_channels_suits)};
static const input_gradient_kernel_f32 input_gradient_kernels[] = {
    INPUT_GRADIENT("chosen", nagare_conv2d, f32, NULL),
    INPUT_GRADIENT("in place", nagare_implicit_gemm, f32, any),
    INPUT_GRADIENT("Winograd", nagare_winograd, f32, nagare_winograd_input_gradient_suits)};
static const filter_gradient_kernel_f32 filter_gradient_kernels[] = {
    FILTER_GRADIENT("chosen", nagare_conv2d, f32, NULL),
    FILTER_GRADIENT("in place", nagare_implicit_gemm, f32, any),
    FILTER_GRADIENT("Winograd", nagare_winograd, f32, nagare_winograd_filter_gradient_suits),
    FILTER_GRADIENT(
        "few channels", nagare_few_channels, f32, nagare_few_channels_filter_gradient_suits),
    FILTER_GRADIENT("packed", nagare_packed_gemm, f32, nagare_packed_gemm_filter_gradient_suits)};

#define COUNT(ARRAY) ((int)(sizeof(ARRAY) / sizeof *(ARRAY)))

static void check_float(const nagare_convolution *shape) {
  check_convolution_f32(
      shape, forward_kernels, COUNT(forward_kernels), input_gradient_kernels,
      COUNT(input_gradient_kernels), filter_gradient_kernels, COUNT(filter_gradient_kernels));
}

static void check_others(const nagare_convolution *shape) {
  static const forward_kernel_f64 forward_f64[] = {FORWARD("f64", nagare_conv2d, f64, NULL)};
  static const input_gradient_kernel_f64 back_f64[] = {
      INPUT_GRADIENT("f64", nagare_conv2d, f64, NULL)};
  static const filter_gradient_kernel_f64 slope_f64[] = {
      FILTER_GRADIENT("f64", nagare_conv2d, f64, NULL)};
  check_convolution_f64(shape, forward_f64, 1, back_f64, 1, slope_f64, 1);
  static const forward_kernel_i32 forward_i32[] = {FORWARD("i32", nagare_conv2d, i32, NULL)};
  static const input_gradient_kernel_i32 back_i32[] = {
      INPUT_GRADIENT("i32", nagare_conv2d, i32, NULL)};
  static const filter_gradient_kernel_i32 slope_i32[] = {
      FILTER_GRADIENT("i32", nagare_conv2d, i32, NULL)};
  check_convolution_i32(shape, forward_i32, 1, back_i32, 1, slope_i32, 1);
}

typedef struct {
  int64_t input, output, taps, stride, dilation, padding;
} axis;

/// Any stride, dilation and padding on either side, and inputs that the last window does not fill.
static axis random_axis(int64_t most_taps, int64_t most_output) {
  for (;;) {
    axis a = {
        .taps = random_integer(1, one_in(4) ? 2 * most_taps : most_taps),
        .stride = random_integer(1, 3), .dilation = random_integer(1, 2),
        .output = random_integer(1, most_output)};
    const int64_t span = (a.taps - 1) * a.dilation + 1;
    a.padding = one_in(2) ? random_integer(0, span - 1) : 0;
    const int64_t after = one_in(2) ? random_integer(0, span - 1) : 0;
    const int64_t unused = after == 0 ? random_integer(0, a.stride - 1) : 0;
    a.input = (a.output - 1) * a.stride + span - a.padding - after + unused;
    if (a.input >= 1) return a;
  }
}

static nagare_convolution with_axes(axis y, axis x) {
  return (nagare_convolution){
      .batch = random_integer(1, 2), .input_height = y.input, .input_width = x.input,
      .output_height = y.output, .output_width = x.output, .filter_height = y.taps,
      .filter_width = x.taps, .stride_height = y.stride, .stride_width = x.stride,
      .dilation_height = y.dilation, .dilation_width = x.dilation, .padding_top = y.padding,
      .padding_left = x.padding, .groups = 1};
}

static nagare_convolution any_geometry(void) {
  nagare_convolution shape = with_axes(random_axis(3, 9), random_axis(3, 9));
  shape.groups = one_in(5) ? random_integer(2, 4) : 1;
  shape.input_channels = shape.groups * (one_in(12) ? random_integer(380, 500) : random_integer(1, 20));
  shape.output_channels = shape.groups * random_integer(1, 20);
  return shape;
}

/// Filters of 3×3 over neighbouring pixels.
static nagare_convolution square_geometry(int64_t inputs, int64_t outputs) {
  const int64_t top = random_integer(0, 2), left = random_integer(0, 2);
  const int64_t height = random_integer(3, 18), width = random_integer(3, 18);
  return (nagare_convolution){
      .batch = random_integer(1, 3), .input_height = height, .input_width = width,
      .input_channels = inputs, .output_height = height + top + random_integer(0, 2) - 2,
      .output_width = width + left + random_integer(0, 2) - 2, .output_channels = outputs,
      .filter_height = 3, .filter_width = 3, .stride_height = 1, .stride_width = 1,
      .dilation_height = 1, .dilation_width = 1, .padding_top = top, .padding_left = left,
      .groups = 1};
}

/// Filters of one pixel, any stride.
static nagare_convolution pixel_geometry(int64_t inputs, int64_t outputs) {
  const int64_t stride = one_in(3) ? 2 : 1;
  const int64_t height = random_integer(1, 15), width = random_integer(1, 15);
  return (nagare_convolution){
      .batch = random_integer(1, 2), .input_height = height, .input_width = width,
      .input_channels = inputs, .output_height = (height - 1) / stride + 1,
      .output_width = (width - 1) / stride + 1, .output_channels = outputs, .filter_height = 1,
      .filter_width = 1, .stride_height = stride, .stride_width = stride, .dilation_height = 1,
      .dilation_width = 1, .groups = 1};
}

static int64_t odd_channels(void) {
  static const int64_t sizes[] = {1, 3, 4, 8, 12, 16, 20, 24, 31, 32};
  return sizes[random_integer(0, COUNT(sizes) - 1)];
}

static void check_convolutions(void) {
  for (int64_t i = 0; i < 120 * rounds; i++) {
    const nagare_convolution shape = any_geometry();
    check_float(&shape);
  }
  for (int64_t i = 0; i < 80 * rounds; i++) {
    const bool many = i % 20 == 0;
    const nagare_convolution shape = square_geometry(
        many ? random_integer(60, 140) : odd_channels(),
        many ? random_integer(60, 140) : odd_channels());
    check_float(&shape);
  }
  for (int64_t i = 0; i < 60 * rounds; i++) {
    const bool many = i % 6 == 0;
    const nagare_convolution shape = pixel_geometry(
        random_integer(1, many ? 600 : 70), random_integer(1, many ? 300 : 70));
    check_float(&shape);
  }
  // Products of few rows.
  for (int64_t i = 0; i < 12 * rounds; i++) {
    nagare_convolution shape = pixel_geometry(random_integer(1, 600), random_integer(1, 300));
    shape.input_height = shape.output_height = 1;
    shape.input_width = shape.output_width = random_integer(1, 3);
    shape.stride_height = shape.stride_width = 1;
    check_float(&shape);
    if (i % 4 == 0) check_others(&shape);
  }
  // Enough channels on both sides for packed filter gradients; enough positions for several parts.
  for (int64_t i = 0; i < 20 * rounds; i++) {
    nagare_convolution shape = with_axes(random_axis(2, 9), random_axis(2, 9));
    shape.groups = i % 5 == 0 ? 2 : 1;
    shape.input_channels = shape.groups * random_integer(16, i % 5 == 1 ? 140 : 40);
    shape.output_channels = shape.groups * random_integer(16, i % 5 == 2 ? 300 : 40);
    if (i % 5 == 3) shape.batch = random_integer(10, 30);
    check_float(&shape);
  }
  for (int64_t i = 0; i < 40 * rounds;) {
    nagare_convolution shape = with_axes(random_axis(3, 9), random_axis(3, 9));
    shape.input_channels = random_integer(1, 4);
    if (shape.filter_height * shape.filter_width * shape.input_channels > 12 && !one_in(8)) continue;
    shape.output_channels = random_integer(8, 70);
    if (one_in(4)) shape.batch = 20;
    check_float(&shape);
    i++;
  }
  // Pictures that are divided into several tasks.
  for (int64_t dilation = 1; dilation <= 2; dilation++) {
    const nagare_convolution shape = {
        .batch = 2, .input_height = 60, .input_width = 70, .input_channels = 40,
        .output_height = 60, .output_width = 70, .output_channels = 5, .filter_height = 3,
        .filter_width = 3, .stride_height = 1, .stride_width = 1, .dilation_height = dilation,
        .dilation_width = dilation, .padding_top = dilation, .padding_left = dilation,
        .groups = 1};
    check_float(&shape);
  }
  for (int64_t i = 0; i < 30 * rounds; i++) {
    nagare_convolution shape = any_geometry();
    shape.input_channels = shape.groups * random_integer(1, 20);
    check_others(&shape);
  }
}

/// An output that no cache holds is written past them: the bits are those of each picture by itself.
static void check_streaming(void) {
  static const int64_t channels[] = {1, 8};
  const int64_t batch = 9, pixels = 253 * 254, outputs = 16;
  for (int i = 0; i < COUNT(channels); i++) {
    const int mark = piece_count;
    nagare_convolution shape = {
        .batch = batch, .input_height = 253, .input_width = 254, .input_channels = channels[i],
        .output_height = 253, .output_width = 254, .output_channels = outputs,
        .filter_height = 3, .filter_width = 3, .stride_height = 1, .stride_width = 1,
        .dilation_height = 1, .dilation_width = 1, .padding_top = 1, .padding_left = 1,
        .groups = 1};
    nagare_convolution alone = shape;
    alone.batch = 1;
    const float *input = numbers_f32(batch * pixels * channels[i]);
    const float *filter = numbers_f32(9 * channels[i] * outputs), *bias = numbers_f32(outputs);
    FOR_EACH_SET {
      const int inner = piece_count;
      const forward_kernel_f32 *kernel = forward_kernels;
      const float *packed = pack_forward_f32(kernel, &shape, filter, false);
      const float *packed_alone = pack_forward_f32(kernel, &alone, filter, false);
      void *scratch = take(kernel->scratch_bytes(&shape), 64);
      void *scratch_alone = take(kernel->scratch_bytes(&alone), 64);
      float *all = take(batch * pixels * outputs * 4, 64);
      float *single = take(pixels * outputs * 4, 4);
      const nagare_epilogue finish = {.bias = bias, .relu = true};
      run_forward_f32(kernel, &shape, input, packed, &finish, all, scratch, false);
      for (int64_t picture = 0; picture < batch; picture++) {
        run_forward_f32(
            kernel, &alone, input + picture * pixels * channels[i], packed_alone, &finish,
            single, scratch_alone, true);
        same_bits(
            "convolution past the caches", all + picture * pixels * outputs, single,
            pixels * outputs * 4, geometry(&shape));
      }
      intact(inner, geometry(&shape));
    }
    intact(mark, geometry(&shape));
  }
}

// MARK: - Depthwise convolution

#define DEFINE_DEPTHWISE(T, S)                                                                 \
  static void check_depthwise_##S(const nagare_convolution *shape) {                           \
    const int mark = piece_count;                                                              \
    const int64_t inputs = input_elements(shape), outputs = output_elements(shape);            \
    const int64_t filters = filter_elements(shape);                                            \
    const T *input = numbers_##S(inputs), *filter = numbers_##S(filters);                      \
    const T *upstream = numbers_##S(outputs);                                                  \
    const nagare_epilogue finish = random_epilogue_##S(shape);                                 \
    const nagare_epilogue *epilogue = one_in(4) ? NULL : &finish;                              \
    const plain_loops_##S plain =                                                              \
        compute_plainly_##S(shape, input, filter, upstream, epilogue, NULL);                   \
    FOR_EACH_SET {                                                                             \
      T *result[2];                                                                            \
      for (int turn = 0; turn < 2; turn++) {                                                   \
        result[turn] = take(outputs * (int64_t)sizeof(T), sizeof(T));                          \
        void *scratch = take(nagare_depthwise_scratch_bytes(shape, sizeof(T)), 64);            \
        const int64_t tasks = nagare_depthwise_task_count(shape);                              \
        for (int64_t i = 0; i < tasks; i++)                                                    \
          nagare_depthwise_##S(                                                                \
              shape, input, filter, epilogue, result[turn], turn ? tasks - 1 - i : i,          \
              scratch);                                                                        \
      }                                                                                        \
      compare_##S(                                                                             \
          "forward", "depthwise " #S, false, shape, outputs, result[0], plain.output,          \
          plain.output_size, plain.largest);                                                   \
      same_bits(                                                                               \
          "tasks in any order", result[0], result[1], outputs * (int64_t)sizeof(T),            \
          geometry(shape));                                                                    \
      for (int turn = 0; turn < 2; turn++) {                                                   \
        result[turn] = take(inputs * (int64_t)sizeof(T), sizeof(T));                           \
        void *scratch =                                                                        \
            take(nagare_depthwise_input_gradient_scratch_bytes(shape, sizeof(T)), 64);         \
        const int64_t tasks = nagare_depthwise_input_gradient_task_count(shape);               \
        for (int64_t i = 0; i < tasks; i++)                                                    \
          nagare_depthwise_input_gradient_##S(                                                 \
              shape, upstream, filter, result[turn], turn ? tasks - 1 - i : i, scratch);       \
      }                                                                                        \
      compare_##S(                                                                             \
          "input gradient", "depthwise " #S, false, shape, inputs, result[0],                  \
          plain.input_gradient, plain.input_gradient_size, 1e-3);                              \
      same_bits(                                                                               \
          "tasks in any order", result[0], result[1], inputs * (int64_t)sizeof(T),             \
          geometry(shape));                                                                    \
      for (int turn = 0; turn < 2; turn++) {                                                   \
        const int64_t tasks = nagare_depthwise_filter_gradient_task_count(shape);              \
        result[turn] = take(filters * (int64_t)sizeof(T), sizeof(T));                          \
        const int64_t parts = nagare_depthwise_filter_gradient_part_count(shape);              \
        T *partials = take(parts * filters * (int64_t)sizeof(T), 64);                          \
        void *scratch =                                                                        \
            take(nagare_depthwise_filter_gradient_scratch_bytes(shape, sizeof(T)), 64);        \
        for (int64_t i = 0; i < tasks; i++)                                                    \
          nagare_depthwise_filter_gradient_##S(                                                \
              shape, input, upstream, partials, turn ? tasks - 1 - i : i, scratch);            \
        nagare_depthwise_filter_gradient_sum_##S(shape, partials, result[turn]);               \
      }                                                                                        \
      compare_##S(                                                                             \
          "filter gradient", "depthwise " #S, false, shape, filters, result[0],                \
          plain.filter_gradient, plain.filter_gradient_size, 1e-3);                            \
      same_bits(                                                                               \
          "tasks in any order", result[0], result[1], filters * (int64_t)sizeof(T),            \
          geometry(shape));                                                                    \
    }                                                                                          \
    intact(mark, geometry(shape));                                                             \
  }
DEFINE_DEPTHWISE(float, f32)
DEFINE_DEPTHWISE(double, f64)

/// Filters of 3×3 of which every output sees most, and channels that fill vectors or do not.
static nagare_convolution depthwise_tiles(void) {
  axis y, x;
  axis *const axes[] = {&y, &x};
  for (int i = 0; i < 2; i++)
    do
      *axes[i] = random_axis(3, 20);
    while (axes[i]->taps != 3 || axes[i]->dilation != 1 || axes[i]->stride > 2 ||
           axes[i]->padding > 1);
  nagare_convolution shape = with_axes(y, x);
  shape.groups = one_in(8)   ? 32 * random_integer(16, 36)
                 : one_in(2) ? 16 * random_integer(1, 12)
                             : random_integer(1, 40);
  shape.input_channels = shape.groups;
  shape.output_channels = shape.groups * (one_in(4) ? 2 : 1);
  if (one_in(8)) shape.batch = 20;
  return shape;
}

static void check_depthwise(void) {
  for (int64_t i = 0; i < 100 * rounds; i++) {
    // Rows of many channels are copied.
    const bool many = i % 8 == 0;
    nagare_convolution shape;
    do
      shape = with_axes(random_axis(3, 20), random_axis(3, 20));
    while (many && shape.stride_height * shape.stride_width > 1);
    shape.groups = shape.input_channels = many ? random_integer(250, 400)
                                          : one_in(8) ? random_integer(120, 300)
                                                      : random_integer(1, 40);
    shape.output_channels = shape.groups * (!many && one_in(3) ? random_integer(2, 3) : 1);
    check_depthwise_f32(&shape);
    if (i % 4 == 0) check_depthwise_f64(&shape);
  }
  for (int64_t i = 0; i < 150 * rounds; i++) {
    const nagare_convolution shape = depthwise_tiles();
    check_depthwise_f32(&shape);
    if (i % 4 == 0) check_depthwise_f64(&shape);
  }
}

// MARK: - Products of matrices

#define DEFINE_GEMM(T, S, EXACT, UNIT, RANDOM)                                                 \
  static void check_gemm_##S(int64_t m, int64_t n, int64_t k) {                                \
    const int mark = piece_count;                                                              \
    const bool turn_a = one_in(2), turn_b = one_in(2), accumulate = one_in(2);                 \
    const int64_t lda = (turn_a ? m : k) + random_integer(0, 3);                               \
    const int64_t ldb = (turn_b ? k : n) + random_integer(0, 3);                               \
    const int64_t ldc = n + random_integer(0, 3);                                              \
    T *a = take(((turn_a ? k : m) * lda + 1) * (int64_t)sizeof(T), sizeof(T));                 \
    T *b = take(((turn_b ? n : k) * ldb + 1) * (int64_t)sizeof(T), sizeof(T));                 \
    T *before = take(m * ldc * (int64_t)sizeof(T), sizeof(T));                                 \
    for (int64_t i = 0; i < (turn_a ? k : m) * lda; i++) a[i] = RANDOM;                        \
    for (int64_t i = 0; i < (turn_b ? n : k) * ldb; i++) b[i] = RANDOM;                        \
    for (int64_t i = 0; i < m * ldc; i++) before[i] = RANDOM;                                  \
    char where[120];                                                                           \
    snprintf(                                                                                  \
        where, sizeof where, "m %lld, n %lld, k %lld, transposed %d %d, accumulate %d",        \
        (long long)m, (long long)n, (long long)k, turn_a, turn_b, accumulate);                 \
    const int64_t row = random_integer(0, m), column = random_integer(0, n);                   \
    FOR_EACH_SET {                                                                             \
      T *whole = take(m * ldc * (int64_t)sizeof(T), sizeof(T));                                \
      T *parts = take(m * ldc * (int64_t)sizeof(T), sizeof(T));                                \
      memcpy(whole, before, (size_t)(m * ldc) * sizeof(T));                                    \
      memcpy(parts, before, (size_t)(m * ldc) * sizeof(T));                                    \
      void *scratch = take(nagare_gemm_scratch_bytes(m, n, k, sizeof(T)), 64);                 \
      nagare_gemm_##S(                                                                         \
          turn_a, turn_b, m, n, k, a, lda, b, ldb, whole, ldc, accumulate, scratch);           \
      for (int part = 0; part < 4; part++) {                                                   \
        const int64_t y = part / 2 ? row : 0, rows = part / 2 ? m - row : row;                 \
        const int64_t x = part % 2 ? column : 0, columns = part % 2 ? n - column : column;     \
        nagare_gemm_##S(                                                                       \
            turn_a, turn_b, rows, columns, k, a + (turn_a ? y : y * lda), lda,                 \
            b + (turn_b ? x * ldb : x), ldb, parts + y * ldc + x, ldc, accumulate, scratch);   \
      }                                                                                        \
      same_bits("product in parts", whole, parts, m * ldc * (int64_t)sizeof(T), where);        \
      double worst = 0;                                                                        \
      for (int64_t i = 0; i < m; i++)                                                          \
        for (int64_t j = 0; j < ldc; j++) {                                                    \
          EXACT sum = accumulate || j >= n ? (EXACT)before[i * ldc + j] : 0;                   \
          double size = fabs((double)sum);                                                     \
          for (int64_t p = 0; j < n && p < k; p++) {                                           \
            const EXACT term = (EXACT)a[turn_a ? p * lda + i : i * lda + p] *                  \
                               (EXACT)b[turn_b ? j * ldb + p : p * ldb + j];                   \
            sum += term;                                                                       \
            size += fabs((double)term);                                                        \
          }                                                                                    \
          const T value = whole[i * ldc + j];                                                  \
          if (UNIT == 0 || j >= n) {                                                           \
            if (value != (T)sum) worst = INFINITY;                                             \
          } else if (value != sum) {                                                           \
            const double error = fabs((double)((EXACT)value - sum)) / (UNIT * size);           \
            worst = fmax(worst, isnan(error) ? INFINITY : error);                              \
          }                                                                                    \
        }                                                                                      \
      note(                                                                                    \
          "product " #S, UNIT == 0 ? "exact" : "u of the sum of sizes",                        \
          UNIT == 0 ? 0 : SUM_BOUND, worst, "%s", where);                                      \
    }                                                                                          \
    intact(mark, where);                                                                       \
  }
DEFINE_GEMM(float, f32, double, 0x1p-24, (float)random_real())
DEFINE_GEMM(double, f64, long double, 0x1p-53, random_long_real())
DEFINE_GEMM(int32_t, i32, uint64_t, 0.0, (int32_t)random_bits())
DEFINE_GEMM(int64_t, i64, uint64_t, 0.0, (int64_t)random_bits())

static void check_products(void) {
  for (int64_t i = 0; i < 120 * rounds; i++) {
    const int64_t m = random_integer(1, i % 10 == 0 ? 210 : 30);
    const int64_t n = random_integer(1, i % 9 == 0 ? 300 : 40);
    const int64_t k = random_integer(0, i % 7 == 0 ? 300 : 40);
    check_gemm_f32(m, n, k);
    // One short column is a case of its own.
    check_gemm_f32(random_integer(1, 20), random_integer(1, 4), random_integer(1, 9));
    if (i % 3 == 0) check_gemm_f64(m, n, k);
    if (i % 3 == 1) check_gemm_i32(m, n, k);
    if (i % 3 == 2) check_gemm_i64(m, n, k);
  }
}

// MARK: - Pooling

static const char *pooling(const nagare_pooling *s) {
  static char text[240];
  snprintf(
      text, sizeof text,
      "input %lldx%lldx%lldx%lld, output %lldx%lld, window %lldx%lld, stride %lldx%lld, "
      "padding %lld,%lld",
      (long long)s->batch, (long long)s->input_height, (long long)s->input_width,
      (long long)s->channels, (long long)s->output_height, (long long)s->output_width,
      (long long)s->window_height, (long long)s->window_width, (long long)s->stride_height,
      (long long)s->stride_width, (long long)s->padding_top, (long long)s->padding_left);
  return text;
}

static nagare_pooling pooling_geometry(void) {
  int64_t axes[2][5];
  for (int i = 0; i < 2;) {
    const int64_t window = random_integer(1, 4);
    const int64_t stride = one_in(3) ? window : random_integer(1, 4);
    const int64_t before = one_in(2) ? 0 : random_integer(0, window - 1);
    const int64_t after = random_integer(0, window - 1), input = random_integer(1, 14);
    if (input + before + after < window) continue;
    const int64_t axis[] = {
        input, (input + before + after - window) / stride + 1, window, stride, before};
    memcpy(axes[i++], axis, sizeof axis);
  }
  return (nagare_pooling){
      .batch = random_integer(1, 2), .channels = random_integer(1, 40),
      .input_height = axes[0][0], .output_height = axes[0][1], .window_height = axes[0][2],
      .stride_height = axes[0][3], .padding_top = axes[0][4], .input_width = axes[1][0],
      .output_width = axes[1][1], .window_width = axes[1][2], .stride_width = axes[1][3],
      .padding_left = axes[1][4]};
}

/// Does the rest for each element `at` of the input that output element `place` sees.
#define FOR_SEEN(SHAPE, PLACE, ...)                                                            \
  do {                                                                                         \
    const int64_t channel = (PLACE) % (SHAPE)->channels, pixel = (PLACE) / (SHAPE)->channels;  \
    const int64_t ox = pixel % (SHAPE)->output_width;                                          \
    const int64_t oy = pixel / (SHAPE)->output_width % (SHAPE)->output_height;                 \
    const int64_t image = pixel / (SHAPE)->output_width / (SHAPE)->output_height;              \
    for (int64_t k = 0; k < (SHAPE)->window_height * (SHAPE)->window_width; k++) {             \
      const int64_t y = oy * (SHAPE)->stride_height - (SHAPE)->padding_top +                   \
                        k / (SHAPE)->window_width;                                             \
      const int64_t x = ox * (SHAPE)->stride_width - (SHAPE)->padding_left +                   \
                        k % (SHAPE)->window_width;                                             \
      if (y < 0 || x < 0 || y >= (SHAPE)->input_height || x >= (SHAPE)->input_width) continue; \
      const int64_t at = ((image * (SHAPE)->input_height + y) * (SHAPE)->input_width + x) *    \
                             (SHAPE)->channels + channel;                                      \
      __VA_ARGS__                                                                              \
    }                                                                                          \
  } while (0)

/// Numbers are few, so that there are ties, and gradients small whole numbers, so that sums are exact.
#define DEFINE_MAX_POOL(T, S, LOWEST, RANDOM)                                                  \
  static void check_max_pool_##S(const nagare_pooling *shape) {                                \
    const int mark = piece_count;                                                              \
    const int64_t inputs =                                                                     \
        shape->batch * shape->input_height * shape->input_width * shape->channels;             \
    const int64_t outputs =                                                                    \
        shape->batch * shape->output_height * shape->output_width * shape->channels;           \
    const int64_t in_bytes = inputs * (int64_t)sizeof(T);                                      \
    const int64_t out_bytes = outputs * (int64_t)sizeof(T);                                    \
    T *input = take(in_bytes, sizeof(T)), *upstream = take(out_bytes, sizeof(T));              \
    T *second = take(in_bytes, sizeof(T)), *largest = take(out_bytes, sizeof(T));              \
    T *gradient = take(in_bytes, sizeof(T)), *picked = take(out_bytes, sizeof(T));             \
    for (int64_t i = 0; i < inputs; i++) input[i] = RANDOM;                                    \
    for (int64_t i = 0; i < inputs; i++) second[i] = (T)random_integer(0, 5);                  \
    for (int64_t i = 0; i < outputs; i++) upstream[i] = (T)random_integer(0, 5);               \
    const bool relu = one_in(2);                                                               \
    memset(gradient, 0, (size_t)in_bytes);                                                     \
    for (int64_t place = 0; place < outputs; place++) {                                        \
      T best = LOWEST;                                                                         \
      int64_t best_at = -1, first = -1;                                                        \
      FOR_SEEN(shape, place, {                                                                 \
        if (first < 0) first = at;                                                             \
        if (input[at] > best) best = input[at], best_at = at;                                  \
      });                                                                                      \
      largest[place] = best;                                                                   \
      if (!relu || best > 0) gradient[best_at < 0 ? first : best_at] += upstream[place];       \
      picked[place] = 0;                                                                       \
      bool found = false;                                                                      \
      FOR_SEEN(shape, place, {                                                                 \
        if (!found && input[at] == best) picked[place] = second[at], found = true;             \
      });                                                                                      \
    }                                                                                          \
    FOR_EACH_SET {                                                                             \
      T *pooled = take(out_bytes, sizeof(T)), *shares = take(in_bytes, sizeof(T));             \
      T *chosen = take(out_bytes, sizeof(T));                                                  \
      for (int64_t task = nagare_pool_task_count(shape); task-- > 0;)                          \
        nagare_max_pool_##S(shape, input, pooled, task);                                       \
      for (int64_t task = nagare_pool_gradient_task_count(shape); task-- > 0;)                 \
        nagare_max_pool_gradient_##S(shape, input, upstream, relu, shares, task);              \
      for (int64_t task = nagare_pool_task_count(shape); task-- > 0;)                          \
        nagare_max_pool_gradient_gradient_##S(shape, input, largest, second, chosen, task);    \
      same_bits("max pooling " #S, pooled, largest, out_bytes, pooling(shape));                \
      same_bits("max pooling's gradient " #S, shares, gradient, in_bytes, pooling(shape));     \
      same_bits(                                                                               \
          "max pooling's second gradient " #S, chosen, picked, out_bytes, pooling(shape));     \
    }                                                                                          \
    intact(mark, pooling(shape));                                                              \
  }
#define FLOATING(T)                                                                            \
  (one_in(6) ? (one_in(2) ? (T)NAN : (T)-INFINITY) : (T)random_integer(-4, 4))
DEFINE_MAX_POOL(float, f32, -__FLT_MAX__, FLOATING(float))
DEFINE_MAX_POOL(double, f64, -__DBL_MAX__, FLOATING(double))
#define SIGNED_NUMBER(T, LOWEST, MOST)                                                         \
  (one_in(6) ? (one_in(2) ? (T)(LOWEST) : (T)(MOST)) : (T)random_integer(-4, 4))
DEFINE_MAX_POOL(int8_t, i8, INT8_MIN, SIGNED_NUMBER(int8_t, INT8_MIN, INT8_MAX))
DEFINE_MAX_POOL(int16_t, i16, INT16_MIN, SIGNED_NUMBER(int16_t, INT16_MIN, INT16_MAX))
DEFINE_MAX_POOL(int32_t, i32, INT32_MIN, SIGNED_NUMBER(int32_t, INT32_MIN, INT32_MAX))
DEFINE_MAX_POOL(int64_t, i64, INT64_MIN, SIGNED_NUMBER(int64_t, INT64_MIN, INT64_MAX))
#define UNSIGNED_NUMBER(T) (one_in(6) ? (one_in(2) ? (T)-1 : 0) : (T)random_integer(0, 9))
DEFINE_MAX_POOL(uint8_t, u8, 0, UNSIGNED_NUMBER(uint8_t))
DEFINE_MAX_POOL(uint16_t, u16, 0, UNSIGNED_NUMBER(uint16_t))
DEFINE_MAX_POOL(uint32_t, u32, 0, UNSIGNED_NUMBER(uint32_t))
DEFINE_MAX_POOL(uint64_t, u64, 0, UNSIGNED_NUMBER(uint64_t))

#define DEFINE_AVERAGE_POOL(T, S, EXACT, UNIT)                                                 \
  static void check_average_pool_##S(const nagare_pooling *shape) {                            \
    const int mark = piece_count;                                                              \
    const int64_t inputs =                                                                     \
        shape->batch * shape->input_height * shape->input_width * shape->channels;             \
    const int64_t outputs =                                                                    \
        shape->batch * shape->output_height * shape->output_width * shape->channels;           \
    const T *input = numbers_##S(inputs), *upstream = numbers_##S(outputs);                    \
    EXACT *mean = take(outputs * (int64_t)sizeof *mean, 16);                                   \
    EXACT *shared = take(inputs * (int64_t)sizeof *shared, 16);                                \
    double *mean_size = take(outputs * 8, 8), *shared_size = take(inputs * 8, 8);              \
    memset(shared, 0, (size_t)inputs * sizeof *shared);                                        \
    memset(shared_size, 0, (size_t)inputs * 8);                                                \
    for (int64_t place = 0; place < outputs; place++) {                                        \
      int64_t elements = 0;                                                                    \
      mean[place] = 0;                                                                         \
      mean_size[place] = 0;                                                                    \
      FOR_SEEN(shape, place, {                                                                 \
        elements++;                                                                            \
        mean[place] += input[at];                                                              \
        mean_size[place] += fabs((double)input[at]);                                           \
      });                                                                                      \
      mean[place] /= elements;                                                                 \
      mean_size[place] /= (double)elements;                                                    \
      FOR_SEEN(shape, place, {                                                                 \
        shared[at] += (EXACT)upstream[place] / elements;                                       \
        shared_size[at] += fabs((double)upstream[place]) / (double)elements;                   \
      });                                                                                      \
    }                                                                                          \
    FOR_EACH_SET {                                                                             \
      T *pooled = take(outputs * (int64_t)sizeof(T), sizeof(T));                               \
      T *gradient = take(inputs * (int64_t)sizeof(T), sizeof(T));                              \
      for (int64_t task = nagare_pool_task_count(shape); task-- > 0;)                          \
        nagare_average_pool_##S(shape, input, pooled, task);                                   \
      for (int64_t task = nagare_pool_gradient_task_count(shape); task-- > 0;)                 \
        nagare_average_pool_gradient_##S(shape, upstream, gradient, task);                     \
      double worst[2] = {0};                                                                   \
      for (int64_t i = 0; i < outputs; i++)                                                    \
        worst[0] = fmax(                                                                       \
            worst[0], error_in_units((double)(pooled[i] - mean[i]), UNIT * mean_size[i]));     \
      for (int64_t i = 0; i < inputs; i++)                                                     \
        worst[1] = fmax(                                                                       \
            worst[1],                                                                          \
            error_in_units((double)(gradient[i] - shared[i]), UNIT * shared_size[i]));         \
      const char *unit = "u of the sum of sizes";                                              \
      note("average pooling " #S, unit, SUM_BOUND, worst[0], "%s", pooling(shape));            \
      note("average pooling's gradient " #S, unit, SUM_BOUND, worst[1], "%s", pooling(shape)); \
    }                                                                                          \
    intact(mark, pooling(shape));                                                              \
  }

static double error_in_units(double error, double unit) {
  if (error == 0) return 0;
  return isnan(error) ? INFINITY : fabs(error) / unit;
}
DEFINE_AVERAGE_POOL(float, f32, double, 0x1p-24)
DEFINE_AVERAGE_POOL(double, f64, long double, 0x1p-53)

/// The places of the largest elements give the bits that the elements give.
static void check_winners(const nagare_pooling *shape) {
  const int mark = piece_count;
  const int64_t inputs =
      shape->batch * shape->input_height * shape->input_width * shape->channels;
  const int64_t outputs =
      shape->batch * shape->output_height * shape->output_width * shape->channels;
  float *input = take(inputs * 4, 4), *upstream = take(outputs * 4, 4);
  for (int64_t i = 0; i < inputs; i++) input[i] = FLOATING(float);
  for (int64_t i = 0; i < outputs; i++) upstream[i] = (float)random_integer(0, 5);
  const bool relu = one_in(2);
  FOR_EACH_SET {
    float *pooled = take(outputs * 4, 4), *gradient = take(inputs * 4, 4);
    float *same = take(outputs * 4, 4), *result = take(inputs * 4, 4);
    uint8_t *winners = take(outputs, 1);
    for (int64_t task = nagare_pool_task_count(shape); task-- > 0;) {
      nagare_max_pool_f32(shape, input, pooled, task);
      nagare_max_pool_winners_f32(shape, input, relu, same, winners, task);
    }
    for (int64_t task = nagare_pool_gradient_task_count(shape); task-- > 0;) {
      nagare_max_pool_gradient_f32(shape, input, upstream, relu, gradient, task);
      nagare_max_pool_winners_gradient_f32(shape, winners, upstream, result, task);
    }
    same_bits("max pooling with places", same, pooled, outputs * 4, pooling(shape));
    same_bits("max pooling's gradient from places", result, gradient, inputs * 4, pooling(shape));
  }
  intact(mark, pooling(shape));
}

/// A convolution that pools gives the bits of one and of pooling.
static void check_pooled_convolution(void) {
  const int mark = piece_count;
  nagare_convolution shape = {
      .batch = random_integer(1, 3), .input_height = 2 * random_integer(3, 15),
      .input_width = 2 * random_integer(3, 15), .input_channels = random_integer(8, 40),
      .output_channels = 8 * random_integer(1, 20), .filter_height = 3, .filter_width = 3,
      .stride_height = 1, .stride_width = 1, .dilation_height = 1, .dilation_width = 1,
      .padding_top = 1, .padding_left = 1, .groups = 1};
  // With padding on both sides, and without any.
  if (one_in(3)) shape.padding_top = shape.padding_left = 0;
  shape.output_height = shape.input_height - (shape.padding_top ? 0 : 2);
  shape.output_width = shape.input_width - (shape.padding_top ? 0 : 2);
  if (!nagare_conv2d_pools_f32(&shape)) return;
  const nagare_pooling pool = {
      .batch = shape.batch, .input_height = shape.output_height,
      .input_width = shape.output_width, .channels = shape.output_channels,
      .output_height = shape.output_height / 2, .output_width = shape.output_width / 2,
      .window_height = 2, .window_width = 2, .stride_height = 2, .stride_width = 2};
  const int64_t outputs = output_elements(&shape), kept = outputs / 4;
  const float *input = numbers_f32(input_elements(&shape));
  const float *filter = numbers_f32(filter_elements(&shape));
  nagare_epilogue finish = random_epilogue_f32(&shape);
  finish.addend = NULL;
  const bool places = one_in(2);
  FOR_EACH_SET {
    const int64_t tasks = nagare_conv2d_task_count_f32(&shape);
    float *packed = take(nagare_conv2d_packed_count_f32(&shape) * 4, 64);
    for (int64_t i = nagare_conv2d_pack_task_count_f32(&shape); i-- > 0;)
      nagare_conv2d_pack_f32(&shape, filter, packed, i);
    void *scratch = take(nagare_conv2d_scratch_bytes_f32(&shape), 64);
    float *whole = take(outputs * 4, 4), *pooled = take(kept * 4, 4), *result = take(kept * 4, 4);
    uint8_t *winners = take(kept, 1), *result_winners = take(kept, 1);
    finish.pools = false, finish.winners = NULL;
    for (int64_t i = 0; i < tasks; i++)
      nagare_conv2d_f32(&shape, input, packed, &finish, whole, i, scratch);
    for (int64_t i = nagare_pool_task_count(&pool); i-- > 0;)
      nagare_max_pool_winners_f32(&pool, whole, finish.relu, pooled, winners, i);
    finish.pools = true, finish.winners = places ? result_winners : NULL;
    for (int64_t i = tasks; i-- > 0;)
      nagare_conv2d_f32(&shape, input, packed, &finish, result, i, scratch);
    same_bits("convolution with pooling", result, pooled, kept * 4, geometry(&shape));
    if (places)
      same_bits(
          "places of a convolution with pooling", result_winners, winners, kept,
          geometry(&shape));
  }
  intact(mark, geometry(&shape));
}

/// The same of outputs that no cache holds, and of the gradient of pooling.
static void check_pooled_streaming(void) {
  const int mark = piece_count;
  const int64_t batch = 17, side = 254, channels = 16, pixels = side * side;
  nagare_convolution shape = {
      .batch = batch, .input_height = side, .input_width = side, .input_channels = 8,
      .output_height = side, .output_width = side, .output_channels = channels,
      .filter_height = 3, .filter_width = 3, .stride_height = 1, .stride_width = 1,
      .dilation_height = 1, .dilation_width = 1, .padding_top = 1, .padding_left = 1, .groups = 1};
  nagare_pooling pool = {
      .batch = batch, .input_height = side, .input_width = side, .channels = channels,
      .output_height = side / 2, .output_width = side / 2, .window_height = 2,
      .window_width = 2, .stride_height = 2, .stride_width = 2};
  const float *input = numbers_f32(batch * pixels * 8);
  const float *filter = numbers_f32(9 * 8 * channels);
  const int64_t kept = pixels / 4 * channels;
  const float *upstream = numbers_f32(batch * kept);
  FOR_EACH_SET {
    float *pooled[2], *gradient[2];
    uint8_t *winners[2];
    for (int alone = 0; alone < 2; alone++) {
      shape.batch = pool.batch = alone ? 1 : batch;
      pooled[alone] = take(batch * kept * 4, 64);
      winners[alone] = take(batch * kept, 1);
      gradient[alone] = take(batch * pixels * channels * 4, 64);
      float *packed = take(nagare_conv2d_packed_count_f32(&shape) * 4, 64);
      for (int64_t i = nagare_conv2d_pack_task_count_f32(&shape); i-- > 0;)
        nagare_conv2d_pack_f32(&shape, filter, packed, i);
      void *scratch = take(nagare_conv2d_scratch_bytes_f32(&shape), 64);
      for (int64_t picture = 0; picture < (alone ? batch : 1); picture++) {
        const nagare_epilogue finish = {
            .relu = true, .pools = true, .winners = winners[alone] + picture * kept};
        for (int64_t i = nagare_conv2d_task_count_f32(&shape); i-- > 0;)
          nagare_conv2d_f32(
              &shape, input + picture * pixels * 8, packed, &finish,
              pooled[alone] + picture * kept, i, scratch);
        for (int64_t i = nagare_pool_gradient_task_count(&pool); i-- > 0;)
          nagare_max_pool_winners_gradient_f32(
              &pool, winners[alone] + picture * kept, upstream + picture * kept,
              gradient[alone] + picture * pixels * channels, i);
      }
    }
    same_bits("pooling past the caches", pooled[0], pooled[1], batch * kept * 4, "");
    same_bits("pooling past the caches", winners[0], winners[1], batch * kept, "");
    same_bits(
        "pooling's gradient past the caches", gradient[0], gradient[1],
        batch * pixels * channels * 4, "");
  }
  intact(mark, "");
}

static void check_pooling(void) {
  for (int64_t i = 0; i < 60 * rounds; i++) check_pooled_convolution();
  check_pooled_streaming();
  for (int64_t i = 0; i < 150 * rounds; i++) {
    const nagare_pooling shape = pooling_geometry();
    check_max_pool_f32(&shape);
    check_winners(&shape);
    check_average_pool_f32(&shape);
    switch (i % 9) {
      case 0: check_max_pool_i8(&shape); break;
      case 1: check_max_pool_i16(&shape); break;
      case 2: check_max_pool_i32(&shape); break;
      case 3: check_max_pool_i64(&shape); break;
      case 4: check_max_pool_u8(&shape); break;
      case 5: check_max_pool_u16(&shape); break;
      case 6: check_max_pool_u32(&shape); break;
      case 7: check_max_pool_u64(&shape); break;
      default:
        check_max_pool_f64(&shape);
        check_average_pool_f64(&shape);
    }
  }
}

// MARK: - Functions of single elements

static double exact_sigmoid(double x) { return 1 / (1 + exp(-x)); }

typedef struct {
  const char *name;
  void (*kernel)(int64_t, const float *, float *);
  double (*exact)(double);
  /// Units of the last place.
  double bound;
} function;

static const function functions[] = {
    {"exp", nagare_exp_f32, exp, 1.2},
    {"log", nagare_log_f32, log, 1},
    {"tanh", nagare_tanh_f32, tanh, 1.5},
    {"sigmoid", nagare_sigmoid_f32, exact_sigmoid, 2.5}};

static double units_off(float y, double exact) {
  const float rounded = (float)exact;
  if (isnan(exact)) return isnan(y) ? 0 : INFINITY;
  if (isinf(rounded) || exact == 0)
    return y == rounded && signbit(y) == signbit(rounded) ? 0 : INFINITY;
  const float size = fabsf(rounded);
  const double error = fabs((double)y - exact) / ((double)nextafterf(size, INFINITY) - (double)size);
  return isnan(error) ? INFINITY : error;
}

static void check_functions(void) {
  const int mark = piece_count;
  const uint32_t step = 9973;
  static const float special[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 1e-45f, -1e-45f};
  const int64_t regular = (int64_t)(UINT32_MAX / step), count = regular + COUNT(special);
  float *x = take(count * 4, 4), *y = take(count * 4, 4), *parts = take(count * 4, 4);
  for (int64_t i = 0; i < regular; i++) {
    const uint32_t pattern = (uint32_t)i * step;
    memcpy(x + i, &pattern, 4);
  }
  memcpy(x + regular, special, sizeof special);
  for (int f = 0; f < COUNT(functions); f++) {
    FOR_EACH_SET {
      functions[f].kernel(count, x, y);
      double worst = 0;
      int64_t where = 0;
      for (int64_t i = 0; i < count; i++) {
        const double error = units_off(y[i], functions[f].exact((double)x[i]));
        if (error > worst) worst = error, where = i;
      }
      note(
          functions[f].name, "units of the last place", functions[f].bound, worst, "%a gives %a",
          (double)x[where], (double)y[where]);
      // Pieces of any length, in place, have the same bits.
      memcpy(parts, x, (size_t)count * 4);
      for (int64_t i = 0; i < count;) {
        const int64_t length = i + 40 < count ? random_integer(1, 40) : count - i;
        functions[f].kernel(length, parts + i, parts + i);
        i += length;
        if (i > 2000 && i < count - 2000) {
          functions[f].kernel(count - 2000 - i, parts + i, parts + i);
          i = count - 2000;
        }
      }
      same_bits("functions of pieces, in place", y, parts, count * 4, functions[f].name);
    }
  }
  intact(mark, "functions");
}

typedef struct {
  const char *name;
  void (*kernel)(int64_t, const float *, int64_t, const float *, int64_t, float *);
  char operator;
} operation;

static const operation operations[] = {
    {"addition", nagare_add_f32, '+'},
    {"subtraction", nagare_subtract_f32, '-'},
    {"multiplication", nagare_multiply_f32, '*'},
    {"division", nagare_divide_f32, '/'}};

static void check_arithmetic(void) {
  for (int64_t round = 0; round < 80 * rounds; round++) {
    const operation *operation = operations + round % 4;
    const int mark = piece_count;
    const int64_t count = random_integer(1, 70);
    const int kind = (int)random_integer(0, 2);
    const int64_t a_step = kind != 1, b_step = kind != 2;
    const float *a = numbers_f32(a_step ? count : 1), *b = numbers_f32(b_step ? count : 1);
    float *exact = take(count * 4, 4);
    for (int64_t i = 0; i < count; i++) {
      const float l = a[i * a_step], r = b[i * b_step];
      exact[i] = operation->operator == '+'   ? l + r
                 : operation->operator == '-' ? l - r
                 : operation->operator == '*' ? l * r
                                              : l / r;
    }
    FOR_EACH_SET {
      float *y = take(count * 4, 4);
      operation->kernel(count, a, a_step, b, b_step, y);
      same_bits(operation->name, y, exact, count * 4, "one result");
      const float *of = a_step ? a : b;
      memcpy(y, of, (size_t)count * 4);
      operation->kernel(count, a_step ? y : a, a_step, a_step ? b : y, b_step, y);
      same_bits(operation->name, y, exact, count * 4, "in place");
    }
    intact(mark, operation->name);
  }
}

static void check_relu(void) {
  for (int64_t round = 0; round < 40 * rounds; round++) {
    const int mark = piece_count;
    const int64_t count = random_integer(1, 70);
    float *x = take(count * 4, 4), *g = take(count * 4, 4), *exact[3];
    for (int i = 0; i < 3; i++) exact[i] = take(count * 4, 4);
    for (int64_t i = 0; i < count; i++) {
      x[i] = one_in(9) ? INFINITY : one_in(4) ? 0 : (float)random_real() * 9;
      g[i] = (float)random_real();
      exact[0][i] = x[i] > 0 ? x[i] : 0;
      exact[1][i] = exact[0][i] < 6 ? exact[0][i] : 6;
      exact[2][i] = g[i] * (x[i] > 0 ? 1.0f : 0.0f);
    }
    FOR_EACH_SET {
      float *y = take(count * 4, 4);
      nagare_relu_f32(count, x, y);
      same_bits("ReLU", y, exact[0], count * 4, "");
      nagare_relu6_f32(count, x, y);
      same_bits("ReLU6", y, exact[1], count * 4, "");
      memcpy(y, g, (size_t)count * 4);
      nagare_relu_gradient_f32(count, y, x, y);
      same_bits("ReLU's gradient", y, exact[2], count * 4, "");
      const float nan = NAN;
      nagare_relu_f32(1, &nan, y);
      note("ReLU of NaN", "exact", 0, isnan(y[0]) ? 0 : INFINITY, "%a", (double)y[0]);
      nagare_relu6_f32(1, &nan, y);
      note("ReLU of NaN", "exact", 0, isnan(y[0]) ? 0 : INFINITY, "ReLU6: %a", (double)y[0]);
    }
    intact(mark, "ReLU");
  }
}

// MARK: - Columns and optimizers

/// Errors in units of what was added or multiplied, sizes being those of the intermediate results.
#define DEFINE_COLUMNS(T, S, EXACT, UNIT)                                                      \
  static void check_columns_##S(int64_t rows, int64_t columns) {                               \
    const int mark = piece_count;                                                              \
    const int64_t count = rows * columns;                                                      \
    const T *x = numbers_##S(count), *g = numbers_##S(count), *mean = numbers_##S(columns);    \
    const T *scale = numbers_##S(columns), *offset = numbers_##S(columns);                     \
    const T *slope = numbers_##S(columns);                                                     \
    char where[60];                                                                            \
    snprintf(where, sizeof where, "%lld by %lld", (long long)rows, (long long)columns);        \
    FOR_EACH_SET {                                                                             \
      T *sums = take(columns * (int64_t)sizeof(T), sizeof(T));                                 \
      T *squares = take(columns * (int64_t)sizeof(T), sizeof(T));                              \
      T *products = take(columns * (int64_t)sizeof(T), sizeof(T));                             \
      T *normal = take(count * (int64_t)sizeof(T), sizeof(T));                                 \
      T *gradient = take(count * (int64_t)sizeof(T), sizeof(T));                               \
      T *added = take(count * (int64_t)sizeof(T), sizeof(T));                                  \
      nagare_column_sums_##S(rows, columns, x, sums);                                          \
      nagare_column_squares_##S(rows, columns, x, mean, squares);                              \
      nagare_column_products_##S(rows, columns, g, x, mean, products);                         \
      nagare_column_normalize_##S(rows, columns, x, mean, scale, offset, normal);              \
      nagare_column_normalize_gradient_##S(                                                    \
          rows, columns, g, x, mean, offset, slope, scale, gradient);                          \
      memcpy(added, x, (size_t)count * sizeof(T));                                             \
      nagare_column_add_##S(rows, columns, added, offset, added);                              \
      double worst[6] = {0};                                                                   \
      for (int64_t c = 0; c < columns; c++) {                                                  \
        EXACT sum = 0, square = 0, product = 0;                                                \
        double sum_size = 0, square_size = 0, product_size = 0;                                \
        for (int64_t r = 0; r < rows; r++) {                                                   \
          const int64_t i = r * columns + c;                                                   \
          const EXACT d = (EXACT)x[i] - mean[c];                                               \
          const double size = fabs((double)x[i]) + fabs((double)mean[c]);                      \
          sum += x[i];                                                                         \
          square += d * d;                                                                     \
          product += g[i] * d;                                                                 \
          sum_size += fabs((double)x[i]);                                                      \
          square_size += size * size;                                                          \
          product_size += fabs((double)g[i]) * size;                                           \
          const EXACT n = d * scale[c] + offset[c];                                            \
          worst[3] = fmax(                                                                     \
              worst[3],                                                                        \
              error_in_units(                                                                  \
                  (double)(normal[i] - n),                                                     \
                  UNIT * (size * fabs((double)scale[c]) + fabs((double)offset[c]))));          \
          const EXACT e = (g[i] - (EXACT)offset[c] - d * slope[c]) * scale[c];                 \
          worst[4] = fmax(                                                                     \
              worst[4],                                                                        \
              error_in_units(                                                                  \
                  (double)(gradient[i] - e),                                                   \
                  UNIT * fabs((double)scale[c]) *                                              \
                      (fabs((double)g[i]) + fabs((double)offset[c]) +                          \
                       size * fabs((double)slope[c]))));                                       \
          worst[5] = fmax(worst[5], added[i] == (T)(x[i] + offset[c]) ? 0 : INFINITY);         \
        }                                                                                      \
        worst[0] = fmax(worst[0], error_in_units((double)(sums[c] - sum), UNIT * sum_size));   \
        worst[1] =                                                                             \
            fmax(worst[1], error_in_units((double)(squares[c] - square), UNIT * square_size)); \
        worst[2] = fmax(                                                                       \
            worst[2], error_in_units((double)(products[c] - product), UNIT * product_size));   \
      }                                                                                        \
      static const char *const names[] = {                                                     \
          "column sums " #S,       "column squares " #S,              "column products " #S,   \
          "column normalize " #S,  "column normalize's gradient " #S, "column add " #S};       \
      for (int i = 0; i < 6; i++)                                                              \
        note(                                                                                  \
            names[i], i == 5 ? "exact" : "u of the sum of sizes", i == 5 ? 0 : SUM_BOUND,      \
            worst[i], "%s", where);                                                            \
    }                                                                                          \
    intact(mark, where);                                                                       \
  }
DEFINE_COLUMNS(float, f32, double, 0x1p-24)
DEFINE_COLUMNS(double, f64, long double, 0x1p-53)

/// Errors in units of the variable's and the step's sizes.
#define DEFINE_ADAM(T, S, EXACT, UNIT)                                                         \
  static void check_adam_##S(int64_t count, bool nesterov) {                                   \
    const int mark = piece_count;                                                              \
    const T *start = numbers_##S(count), *gradient = numbers_##S(count);                       \
    const T *m_start = numbers_##S(count), *v_start = numbers_##S(count);                      \
    const T alpha = (T)0.01, beta1 = (T)0.9, beta2 = (T)0.999, epsilon = (T)1e-8;              \
    FOR_EACH_SET {                                                                             \
      T *x = take(count * (int64_t)sizeof(T), sizeof(T));                                      \
      T *m = take(count * (int64_t)sizeof(T), sizeof(T));                                      \
      T *v = take(count * (int64_t)sizeof(T), sizeof(T));                                      \
      for (int64_t i = 0; i < count; i++) {                                                    \
        x[i] = start[i];                                                                       \
        m[i] = m_start[i];                                                                     \
        v[i] = v_start[i] * v_start[i];                                                        \
      }                                                                                        \
      nagare_adam_##S(count, x, m, v, gradient, alpha, beta1, beta2, epsilon, nesterov);       \
      double worst = 0;                                                                        \
      for (int64_t i = 0; i < count; i++) {                                                    \
        const EXACT g = gradient[i], rest1 = (T)(1 - beta1), rest2 = (T)(1 - beta2);           \
        const EXACT before = (T)(v_start[i] * v_start[i]);                                     \
        const EXACT first = m_start[i] + (g - m_start[i]) * rest1;                             \
        const EXACT second = before + (g * g - before) * rest2;                                \
        const EXACT direction = nesterov ? g * rest1 + first * beta1 : first;                  \
        const double root = sqrt((double)second), size = fabs((double)g) +                     \
                                                         fabs((double)m_start[i]);             \
        const double step = (double)alpha * size / (root + (double)epsilon);                   \
        worst = fmax(worst, error_in_units((double)(m[i] - first), UNIT * size));              \
        worst = fmax(                                                                          \
            worst, error_in_units((double)(v[i] - second), UNIT * (double)(before + g * g)));  \
        worst = fmax(                                                                          \
            worst,                                                                             \
            error_in_units(                                                                    \
                (double)(x[i] - (start[i] - alpha * direction /                                \
                                                ((EXACT)root + (EXACT)epsilon))),              \
                UNIT * (fabs((double)start[i]) + step)));                                      \
      }                                                                                        \
      note(                                                                                    \
          nesterov ? "Adam with Nesterov's momentum " #S : "Adam " #S,                         \
          "u of the sum of sizes", SUM_BOUND, worst, "%lld elements", (long long)count);       \
    }                                                                                          \
    intact(mark, "Adam");                                                                      \
  }
DEFINE_ADAM(float, f32, double, 0x1p-24)
DEFINE_ADAM(double, f64, double, 0x1p-53)

static void check_columns_and_optimizers(void) {
  for (int64_t i = 0; i < 50 * rounds; i++) {
    check_columns_f32(random_integer(1, 60), random_integer(1, 70));
    check_columns_f64(random_integer(1, 20), random_integer(1, 35));
    check_adam_f32(random_integer(1, 50), i % 2);
    check_adam_f64(random_integer(1, 50), i % 2);
  }
}

// MARK: - Moving elements

/// The arithmetic of TensorFlow, whose products are rounded before they are added.
static float interpolate(float from, float to, float fraction) {
  // One that is stored is not fused.
  volatile float part = (to - from) * fraction;
  return from + part;
}

#define DEFINE_RESIZE(T, S, RANDOM)                                                            \
  static void check_resize_##S(int64_t input, int64_t width, int64_t channels) {               \
    const int mark = piece_count;                                                              \
    T *rows[2];                                                                                \
    for (int r = 0; r < 2; r++) {                                                              \
      rows[r] = take(input * channels * (int64_t)sizeof(T), sizeof(T));                        \
      for (int64_t i = 0; i < input * channels; i++) rows[r][i] = RANDOM;                      \
    }                                                                                          \
    int32_t *before = take(width * 4, 4), *after = take(width * 4, 4);                         \
    float *fractions = take(width * 4, 4), *exact = take(width * channels * 4, 4);             \
    const float fraction = (float)fabs(random_real());                                         \
    for (int64_t i = 0; i < width; i++) {                                                      \
      const double at = (double)i * (double)input / (double)width;                             \
      before[i] = (int32_t)at;                                                                 \
      after[i] = before[i] + 1 < input ? before[i] + 1 : before[i];                            \
      fractions[i] = (float)(at - before[i]);                                                  \
      for (int64_t c = 0; c < channels; c++) {                                                 \
        const int64_t left = before[i] * channels + c, right = after[i] * channels + c;        \
        exact[i * channels + c] = interpolate(                                                 \
            interpolate((float)rows[0][left], (float)rows[0][right], fractions[i]),            \
            interpolate((float)rows[1][left], (float)rows[1][right], fractions[i]), fraction); \
      }                                                                                        \
    }                                                                                          \
    char where[80];                                                                            \
    snprintf(                                                                                  \
        where, sizeof where, "%lld to %lld pixels of %lld", (long long)input,                  \
        (long long)width, (long long)channels);                                                \
    FOR_EACH_SET {                                                                             \
      float *y = take(width * channels * 4, 4);                                                \
      nagare_resize_row_##S(                                                                   \
          width, channels, rows[0], rows[1], before, after, fractions, fraction, y);           \
      same_bits("resizing " #S, y, exact, width * channels * 4, where);                        \
    }                                                                                          \
    intact(mark, where);                                                                       \
  }
DEFINE_RESIZE(uint8_t, u8, (uint8_t)random_bits())
DEFINE_RESIZE(float, f32, (float)random_real())

static void check_contrast(int64_t pixels, int64_t channels) {
  const int mark = piece_count;
  const int64_t count = pixels * channels, half = (pixels - pixels / 2) * channels;
  const float *x = numbers_f32(count), *means = numbers_f32(channels);
  const float factor = (float)random_real();
  // The second half added to the first, until one pixel is left.
  float *halves = take(count * 4, 4), *exact = take(count * 4, 4);
  memcpy(halves, x, (size_t)count * 4);
  for (int64_t left = pixels; left > 1; left -= left / 2)
    for (int64_t i = 0; i < left / 2 * channels; i++)
      halves[i] += halves[(left - left / 2) * channels + i];
  for (int64_t i = 0; i < count; i++)
    exact[i] = interpolate(means[i % channels], x[i], factor);
  char where[60];
  snprintf(
      where, sizeof where, "%lld pixels of %lld", (long long)pixels, (long long)channels);
  FOR_EACH_SET {
    float *sums = take(half * 4, 4), *y = take(count * 4, 4);
    nagare_sum_halves_f32(pixels, channels, x, sums);
    same_bits("sums of halves", sums, halves, channels * 4, where);
    nagare_adjust_contrast_f32(pixels, channels, x, means, factor, y);
    same_bits("contrast", y, exact, count * 4, where);
  }
  intact(mark, where);
}

static void check_sum(int64_t count) {
  const int mark = piece_count;
  const float *x = numbers_f32(count);
  float part[8] = {0};
  for (int64_t i = 0; i < count; i++) part[i < count / 8 * 8 ? i % 8 : 0] += x[i];
  for (int width = 4; width > 0; width /= 2)
    for (int i = 0; i < width; i++) part[i] = part[2 * i] + part[2 * i + 1];
  FOR_EACH_SET {
    const float sum = nagare_sum_f32(count, x);
    same_bits("sum", &sum, part, 4, "");
  }
  intact(mark, "sum");
}

static void check_cast(void) {
  const int mark = piece_count;
  const int64_t count = random_integer(1, 100);
  uint8_t *x = take(count, 1);
  float *exact = take(count * 4, 4);
  for (int64_t i = 0; i < count; i++) exact[i] = x[i] = (uint8_t)random_bits();
  FOR_EACH_SET {
    float *y = take(count * 4, 4);
    nagare_cast_u8_f32(count, x, y);
    same_bits("bytes to floats", y, exact, count * 4, "");
  }
  intact(mark, "bytes to floats");
}

static void check_transpose(int64_t rows, int64_t columns, int64_t bytes) {
  const int mark = piece_count;
  const int64_t count = rows * columns;
  uint8_t *x = take(count * bytes, bytes), *exact = take(count * bytes, bytes);
  uint8_t *y = take(count * bytes, bytes);
  for (int64_t i = 0; i < count * bytes; i++) x[i] = (uint8_t)random_bits();
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < columns; c++)
      memcpy(exact + (c * rows + r) * bytes, x + (r * columns + c) * bytes, (size_t)bytes);
  // In two parts.
  const int64_t left = random_integer(0, columns), right = columns - left;
  nagare_transpose(rows, left, columns, rows, bytes, x, y);
  nagare_transpose(rows, right, columns, rows, bytes, x + left * bytes, y + left * rows * bytes);
  same_bits("transposition", y, exact, count * bytes, "");
  intact(mark, "transposition");
}

static void check_moves(void) {
  for (int64_t i = 0; i < 60 * rounds; i++) {
    check_resize_u8(random_integer(1, 40), random_integer(1, 60), random_integer(1, 5));
    check_resize_f32(random_integer(1, 40), random_integer(1, 60), random_integer(1, 5));
    check_contrast(random_integer(1, 90), random_integer(1, 5));
    check_sum(random_integer(1, 100));
    check_cast();
    check_transpose(random_integer(1, 50), random_integer(1, 50), 1 << i % 4);
  }
}

// MARK: - Checksums

static void check_checksums(void) {
  for (int64_t round = 0; round < 100 * rounds; round++) {
    const int mark = piece_count;
    const int64_t count = random_integer(0, 300);
    uint8_t *bytes = take(count + 1, 1);
    for (int64_t i = 0; i < count; i++) bytes[i] = (uint8_t)random_bits();
    uint32_t exact = UINT32_MAX;
    for (int64_t i = 0; i < count; i++) {
      exact ^= bytes[i];
      for (int bit = 0; bit < 8; bit++) exact = (exact >> 1) ^ (exact & 1 ? 0x82f63b78u : 0);
    }
    exact = ~exact;
    const size_t cut = (size_t)random_integer(0, count), rest = (size_t)count - cut;
    const uint32_t found[] = {
        nagare_crc32c(0, bytes, (size_t)count), nagare_crc32c_portable(0, bytes, (size_t)count),
        nagare_crc32c(nagare_crc32c(0, bytes, cut), bytes + cut, rest),
        nagare_crc32c_portable(nagare_crc32c_portable(0, bytes, cut), bytes + cut, rest)};
    for (int i = 0; i < 4; i++)
      note(
          i % 2 ? "CRC-32C by tables" : "CRC-32C", "exact", 0, found[i] == exact ? 0 : INFINITY,
          "%lld bytes", (long long)count);
    intact(mark, "CRC-32C");
  }
  note(
      "CRC-32C", "exact", 0, nagare_crc32c(0, "123456789", 9) == 0xe3069283u ? 0 : INFINITY,
      "the check value");
}

// MARK: -

static int report(void) {
  printf(
      "%-45s %6s %9s %9s  %s\n", "what", "cases", nagare_kernels_instruction_set(), "portable",
      "bound");
  for (const finding *f = findings; f < findings + finding_count; f++) {
    printf("%-45s %6lld", f->what, (long long)(f->of[0].cases + f->of[1].cases));
    for (int i = 0; i < 2; i++)
      if (f->of[i].cases > 0)
        printf(" %9.2g", f->of[i].worst);
      else
        printf(" %9s", "");
    if (f->bound > 0)
      printf("  %.2g %s", f->bound, f->unit);
    else
      printf("  %s", f->unit);
    const int64_t failures = f->of[0].failures + f->of[1].failures;
    if (failures > 0) printf(", FAILED %lld times", (long long)failures);
    printf("\n");
  }
  printf(failed ? "FAILED\n" : "passed\n");
  return failed;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--expect") == 0 && i + 1 < argc) {
      if (strcmp(argv[++i], nagare_kernels_instruction_set()) == 0) continue;
      printf("FAILED  the kernels run as %s\n", nagare_kernels_instruction_set());
      return 1;
    }
    rounds = strtoll(argv[i], NULL, 10);
    if (rounds < 1) {
      fprintf(stderr, "usage: check [--expect INSTRUCTION-SET] [ROUNDS]\n");
      return 2;
    }
  }
  check_convolutions();
  check_streaming();
  check_depthwise();
  check_products();
  check_pooling();
  check_functions();
  check_arithmetic();
  check_relu();
  check_columns_and_optimizers();
  check_moves();
  check_checksums();
  return report();
}
