/// Times the kernels beside oneDNN (convolutions) and OpenBLAS (products of matrices), where they are
/// installed, on the layers of the detectors, ResNet-50 and MobileNet V1. One thread; all that compute the
/// same thing take turns and are compared first; medians of processor time. Filters are packed
/// beforehand, on both sides. oneDNN is timed on pictures as TensorFlow and Nagare have them (NHWC) and
/// on its own layout, into and out of which nobody counts the way; the faster of both counts.
///
///     make bench-kernels
///
/// `--json` prints every measurement, `--rounds N` takes turns so often, `--only TEXT` measures what has
/// that in its name.
#include "CNagareKernels.h"

#include <time.h>

#include "support.h"

#ifdef WITH_ONEDNN
#include <dnnl.h>
#endif
#ifdef WITH_OPENBLAS
#include <cblas.h>
#endif

#define T float
#define S f32
#include "convolution.h"

// MARK: - What is measured

typedef struct {
  const char *network, *layer;
  /// Pictures, their side, channels, the filter's side and stride. No filters: depthwise.
  int64_t batch, size, inputs, outputs, filter, stride;
  bool depthwise;
} layer;

#define DENSE(NETWORK, SIZE, INPUTS, OUTPUTS, FILTER, STRIDE)                                  \
  {NETWORK, #FILTER "×" #FILTER "/" #STRIDE ", " #SIZE "², " #INPUTS " → " #OUTPUTS, 1, SIZE,  \
   INPUTS, OUTPUTS, FILTER, STRIDE, false}
#define DEPTHWISE(NETWORK, SIZE, CHANNELS, FILTER, STRIDE)                                     \
  {NETWORK, "depthwise " #FILTER "×" #FILTER "/" #STRIDE ", " #SIZE "², " #CHANNELS, 1, SIZE,  \
   CHANNELS, CHANNELS, FILTER, STRIDE, true}

static const layer layers[] = {
    DENSE("detector", 256, 1, 64, 3, 1),
    DENSE("detector", 256, 64, 64, 3, 1),
    DENSE("detector", 128, 64, 128, 3, 1),
    DENSE("detector", 128, 128, 128, 3, 1),
    DENSE("detector", 42, 128, 256, 3, 1),
    DENSE("detector", 42, 256, 256, 1, 1),
    DENSE("detector", 42, 256, 256, 3, 2),
    DENSE("ResNet-50", 224, 3, 64, 7, 2),
    DENSE("ResNet-50", 56, 64, 64, 1, 1),
    DENSE("ResNet-50", 56, 64, 64, 3, 1),
    DENSE("ResNet-50", 56, 64, 256, 1, 1),
    DENSE("ResNet-50", 56, 256, 64, 1, 1),
    DENSE("ResNet-50", 56, 256, 512, 1, 2),
    DENSE("ResNet-50", 28, 128, 128, 3, 1),
    DENSE("ResNet-50", 28, 128, 512, 1, 1),
    DENSE("ResNet-50", 28, 512, 128, 1, 1),
    DENSE("ResNet-50", 14, 256, 256, 3, 1),
    DENSE("ResNet-50", 14, 256, 1024, 1, 1),
    DENSE("ResNet-50", 14, 1024, 256, 1, 1),
    DENSE("ResNet-50", 7, 512, 512, 3, 1),
    DENSE("ResNet-50", 7, 512, 2048, 1, 1),
    DENSE("ResNet-50", 7, 2048, 512, 1, 1),
    DENSE("MobileNet V1", 224, 3, 32, 3, 2),
    DEPTHWISE("MobileNet V1", 112, 32, 3, 1),
    DENSE("MobileNet V1", 112, 32, 64, 1, 1),
    DEPTHWISE("MobileNet V1", 112, 64, 3, 2),
    DENSE("MobileNet V1", 56, 64, 128, 1, 1),
    DEPTHWISE("MobileNet V1", 56, 128, 3, 1),
    DENSE("MobileNet V1", 56, 128, 128, 1, 1),
    DENSE("MobileNet V1", 28, 256, 256, 1, 1),
    DEPTHWISE("MobileNet V1", 14, 512, 3, 1),
    DENSE("MobileNet V1", 14, 512, 512, 1, 1),
    DEPTHWISE("MobileNet V1", 7, 1024, 3, 1),
    DENSE("MobileNet V1", 7, 1024, 1024, 1, 1)};

typedef struct {
  const char *name;
  int64_t m, n, k;
  bool transpose_a, transpose_b;
} product;

#define PRODUCT(M, N, K, A, B, NAME) {#M "×" #K " · " #K "×" #N NAME, M, N, K, A, B}

static const product products[] = {
    PRODUCT(128, 128, 128, false, false, ""),
    PRODUCT(256, 256, 256, false, false, ""),
    PRODUCT(512, 512, 512, false, false, ""),
    PRODUCT(1024, 1024, 1024, false, false, ""),
    PRODUCT(1, 1024, 512, false, false, ""),
    PRODUCT(32, 1024, 512, false, false, ""),
    PRODUCT(32, 512, 1024, false, true, ", the second transposed"),
    PRODUCT(512, 1024, 32, true, false, ", the first transposed"),
    PRODUCT(1000, 64, 2048, false, false, "")};

enum { FORWARD_KIND, INPUT_GRADIENT_KIND, FILTER_GRADIENT_KIND, KINDS };
static const char *const kinds[] = {"forward", "input gradient", "filter gradient"};

/// TensorFlow's padding SAME.
static nagare_convolution shape_of(const layer *l) {
  const int64_t output = (l->size + l->stride - 1) / l->stride;
  int64_t padding = (output - 1) * l->stride + l->filter - l->size;
  padding = padding > 0 ? padding : 0;
  return (nagare_convolution){
      .batch = l->batch, .input_height = l->size, .input_width = l->size,
      .input_channels = l->inputs, .output_height = output, .output_width = output,
      .output_channels = l->outputs, .filter_height = l->filter, .filter_width = l->filter,
      .stride_height = l->stride, .stride_width = l->stride, .dilation_height = 1,
      .dilation_width = 1, .padding_top = padding / 2, .padding_left = padding / 2,
      .groups = l->depthwise ? l->inputs : 1};
}

// MARK: - Time

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
/// Of the thread, which is the only one: while other processes have the processor it stands still.
static double processor_seconds(void) { return seconds(CLOCK_THREAD_CPUTIME_ID); }

#define MOST_ROUNDS 99
/// A sample lasts at least so long.
#define SAMPLE_SECONDS 0.01

/// One of those who compute the same thing.
typedef struct {
  const char *engine;
  void (*run)(const void *context);
  const void *context;
  int64_t repetitions;
  double samples[MOST_ROUNDS];
  double median;
} contender;

static int rounds = 7;

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void take_turns(contender *contenders, int count) {
  for (int c = 0; c < count; c++) {
    contender *who = contenders + c;
    who->run(who->context);
    who->repetitions = 1;
    for (;;) {
      const double start = processor_seconds();
      for (int64_t i = 0; i < who->repetitions; i++) who->run(who->context);
      const double elapsed = processor_seconds() - start;
      if (elapsed >= SAMPLE_SECONDS) break;
      who->repetitions *= elapsed < SAMPLE_SECONDS / 8 ? 8 : 2;
    }
  }
  for (int round = 0; round < rounds; round++)
    for (int c = 0; c < count; c++) {
      contender *who = contenders + c;
      const double start = processor_seconds();
      for (int64_t i = 0; i < who->repetitions; i++) who->run(who->context);
      who->samples[round] = (processor_seconds() - start) / (double)who->repetitions;
    }
  for (int c = 0; c < count; c++) {
    double *samples = contenders[c].samples;
    qsort(samples, (size_t)rounds, sizeof *samples, by_size);
    contenders[c].median = (samples[(rounds - 1) / 2] + samples[rounds / 2]) / 2;
  }
}

static float *numbers(int64_t count) {
  float *result = take(count * 4, 64);
  for (int64_t i = 0; i < count; i++) result[i] = (float)random_real();
  return result;
}

#if defined(WITH_ONEDNN) || defined(WITH_OPENBLAS)
/// Ends the program unless both are the same but for rounding.
static void expect_same(const char *what, const float *a, const float *b, int64_t count) {
  double worst = 0, largest = 0;
  for (int64_t i = 0; i < count; i++) {
    worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
    largest = fmax(largest, fabs((double)b[i]));
  }
  if (worst <= 1e-4 * largest) return;
  fprintf(stderr, "%s: results differ by %g where they reach %g\n", what, worst, largest);
  exit(1);
}
#endif

// MARK: - Nagare

typedef struct {
  nagare_convolution shape;
  const float *input, *filter, *upstream;
  /// By kind.
  float *result[KINDS], *packed[2], *partials;
  void *scratch[KINDS];
} work;

static const forward_kernel_f32 forward = FORWARD("", nagare_conv2d, f32, NULL);
static const input_gradient_kernel_f32 input_gradient =
    INPUT_GRADIENT("", nagare_conv2d, f32, NULL);
static const filter_gradient_kernel_f32 filter_gradient =
    FILTER_GRADIENT("", nagare_conv2d, f32, NULL);

static work prepare(const layer *l) {
  work w = {.shape = shape_of(l)};
  const nagare_convolution *s = &w.shape;
  w.input = numbers(input_elements(s));
  w.filter = numbers(filter_elements(s));
  w.upstream = numbers(output_elements(s));
  w.result[0] = take(output_elements(s) * 4, 64);
  w.result[1] = take(input_elements(s) * 4, 64);
  w.result[2] = take(filter_elements(s) * 4, 64);
  if (l->depthwise) {
    w.partials = take(nagare_depthwise_filter_gradient_part_count(s) * filter_elements(s) * 4, 64);
    w.scratch[0] = take(nagare_depthwise_scratch_bytes(s, 4), 64);
    w.scratch[1] = take(nagare_depthwise_input_gradient_scratch_bytes(s, 4), 64);
    w.scratch[2] = take(nagare_depthwise_filter_gradient_scratch_bytes(s, 4), 64);
  } else {
    w.partials = take(filter_gradient.part_count(s) * filter_elements(s) * 4, 64);
    w.packed[0] = pack_forward_f32(&forward, s, w.filter, false);
    w.packed[1] = pack_input_gradient_f32(&input_gradient, s, w.filter, false);
    w.scratch[0] = take(forward.scratch_bytes(s), 64);
    w.scratch[1] = take(input_gradient.scratch_bytes(s), 64);
    w.scratch[2] = take(filter_gradient.scratch_bytes(s), 64);
  }
  return w;
}

static void run_forward(const void *context) {
  const work *w = context;
  run_forward_f32(
      &forward, &w->shape, w->input, w->packed[0], NULL, w->result[0], w->scratch[0], false);
}
static void run_input_gradient(const void *context) {
  const work *w = context;
  run_input_gradient_f32(
      &input_gradient, &w->shape, w->upstream, w->packed[1], NULL, w->result[1], w->scratch[1],
      false);
}
static void run_filter_gradient(const void *context) {
  const work *w = context;
  run_filter_gradient_f32(
      &filter_gradient, &w->shape, w->input, w->upstream, w->partials, NULL, w->result[2],
      w->scratch[2], false);
}
static void run_depthwise(const void *context) {
  const work *w = context;
  const int64_t tasks = nagare_depthwise_task_count(&w->shape);
  for (int64_t task = 0; task < tasks; task++)
    nagare_depthwise_f32(
        &w->shape, w->input, w->filter, NULL, w->result[0], task, w->scratch[0]);
}
static void run_depthwise_input_gradient(const void *context) {
  const work *w = context;
  const int64_t tasks = nagare_depthwise_input_gradient_task_count(&w->shape);
  for (int64_t task = 0; task < tasks; task++)
    nagare_depthwise_input_gradient_f32(
        &w->shape, w->upstream, w->filter, w->result[1], task, w->scratch[1]);
}
static void run_depthwise_filter_gradient(const void *context) {
  const work *w = context;
  const int64_t tasks = nagare_depthwise_filter_gradient_task_count(&w->shape);
  for (int64_t task = 0; task < tasks; task++)
    nagare_depthwise_filter_gradient_f32(
        &w->shape, w->input, w->upstream, w->partials, task, w->scratch[2]);
  nagare_depthwise_filter_gradient_sum_f32(&w->shape, w->partials, w->result[2]);
}

static void (*const nagare[2][KINDS])(const void *) = {
    {run_forward, run_input_gradient, run_filter_gradient},
    {run_depthwise, run_depthwise_input_gradient, run_depthwise_filter_gradient}};

// MARK: - oneDNN

#ifdef WITH_ONEDNN
static dnnl_engine_t engine;
static dnnl_stream_t stream;

static void must(dnnl_status_t status, const char *what) {
  if (status == dnnl_success) return;
  fprintf(stderr, "oneDNN: %s: status %d\n", what, status);
  exit(1);
}
#define MUST(CALL) must(CALL, #CALL)

#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t layout;

static layout laid_out(int rank, const dnnl_dims_t dims, dnnl_format_tag_t tag) {
  dnnl_memory_desc_t result;
  MUST(dnnl_memory_desc_create_with_tag(&result, rank, dims, dnnl_f32, tag));
  return result;
}
static void forget(layout layout) { dnnl_memory_desc_destroy((dnnl_memory_desc_t)layout); }
#else
typedef const dnnl_memory_desc_t *layout;

static layout laid_out(int rank, const dnnl_dims_t dims, dnnl_format_tag_t tag) {
  dnnl_memory_desc_t *result = malloc(sizeof *result);
  if (!result) abort();
  MUST(dnnl_memory_desc_init_by_tag(result, rank, dims, dnnl_f32, tag));
  return result;
}
static void forget(layout layout) { free((void *)layout); }
#endif

/// What oneDNN does for a kind, of a source, a filter and a target.
static dnnl_primitive_desc_t described(
    int kind, const layout *of, const dnnl_dims_t strides, const dnnl_dims_t before,
    const dnnl_dims_t after) {
  const dnnl_prop_kind_t use = kind == 0 ? dnnl_forward_inference : dnnl_forward_training;
  const dnnl_alg_kind_t direct = dnnl_convolution_direct;
  dnnl_primitive_desc_t forward, result;
#if DNNL_VERSION_MAJOR >= 3
  const dnnl_dims_t none = {0, 0};
  MUST(dnnl_convolution_forward_primitive_desc_create(
      &forward, engine, use, direct, of[0], of[1], NULL, of[2], strides, none, before, after,
      NULL));
  if (kind == 0) return forward;
  if (kind == 1)
    MUST(dnnl_convolution_backward_data_primitive_desc_create(
        &result, engine, direct, of[0], of[1], of[2], strides, none, before, after, forward,
        NULL));
  else
    MUST(dnnl_convolution_backward_weights_primitive_desc_create(
        &result, engine, direct, of[0], of[1], NULL, of[2], strides, none, before, after, forward,
        NULL));
#else
  dnnl_convolution_desc_t convolution;
  MUST(dnnl_convolution_forward_desc_init(
      &convolution, use, direct, of[0], of[1], NULL, of[2], strides, before, after));
  MUST(dnnl_primitive_desc_create(&forward, &convolution, NULL, engine, NULL));
  if (kind == 0) return forward;
  if (kind == 1)
    MUST(dnnl_convolution_backward_data_desc_init(
        &convolution, direct, of[0], of[1], of[2], strides, before, after));
  else
    MUST(dnnl_convolution_backward_weights_desc_init(
        &convolution, direct, of[0], of[1], NULL, of[2], strides, before, after));
  MUST(dnnl_primitive_desc_create(&result, &convolution, NULL, engine, forward));
#endif
  dnnl_primitive_desc_destroy(forward);
  return result;
}

/// A convolution that is ready to run: its operands in the order source, filter, target, whose gradient or
/// value is the result as the kind has it.
typedef struct {
  dnnl_primitive_t primitive;
  dnnl_memory_t memory[3];
  dnnl_exec_arg_t arguments[3];
  layout outside[3];
  int kind;
} onednn;

static int result_of(int kind) { return kind == 0 ? 2 : kind == 1 ? 0 : 1; }

static void copy(dnnl_memory_t from, dnnl_memory_t to) {
  layout source, target;
  dnnl_primitive_desc_t description;
  dnnl_primitive_t primitive;
  MUST(dnnl_memory_get_memory_desc(from, &source));
  MUST(dnnl_memory_get_memory_desc(to, &target));
  MUST(dnnl_reorder_primitive_desc_create(&description, source, engine, target, engine, NULL));
  MUST(dnnl_primitive_create(&primitive, description));
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
  MUST(dnnl_primitive_execute(primitive, stream, 2, arguments));
  MUST(dnnl_stream_wait(stream));
  dnnl_primitive_destroy(primitive);
  dnnl_primitive_desc_destroy(description);
}

/// In `own` layout, or with pictures as NHWC; filters are always in its own.
static onednn prepare_onednn(const work *w, int kind, bool own) {
  const nagare_convolution *s = &w->shape;
  onednn job = {.kind = kind};
  dnnl_dims_t dims[3] = {
      {s->batch, s->input_channels, s->input_height, s->input_width},
      {s->output_channels, s->input_channels, s->filter_height, s->filter_width},
      {s->batch, s->output_channels, s->output_height, s->output_width}};
  if (s->groups > 1) {
    const dnnl_dims_t grouped = {
        s->groups, s->output_channels / s->groups, s->input_channels / s->groups,
        s->filter_height, s->filter_width};
    memcpy(dims[1], grouped, sizeof grouped);
  }
  const dnnl_format_tag_t tags[3] = {
      dnnl_nhwc, s->groups > 1 ? dnnl_hwigo : dnnl_hwio, dnnl_nhwc};
  layout wanted[3];
  for (int i = 0; i < 3; i++) {
    const int rank = i == 1 && s->groups > 1 ? 5 : 4;
    job.outside[i] = laid_out(rank, dims[i], tags[i]);
    wanted[i] = laid_out(rank, dims[i], own || i == 1 ? dnnl_format_tag_any : tags[i]);
  }
  const dnnl_dims_t strides = {s->stride_height, s->stride_width};
  const dnnl_dims_t before = {s->padding_top, s->padding_left};
  const dnnl_dims_t after = {
      (s->output_height - 1) * s->stride_height + s->filter_height - s->input_height -
          s->padding_top,
      (s->output_width - 1) * s->stride_width + s->filter_width - s->input_width -
          s->padding_left};
  const dnnl_primitive_desc_t chosen = described(kind, wanted, strides, before, after);
  static const dnnl_query_t queries[KINDS][3] = {
      {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
      {dnnl_query_diff_src_md, dnnl_query_weights_md, dnnl_query_diff_dst_md},
      {dnnl_query_src_md, dnnl_query_diff_weights_md, dnnl_query_diff_dst_md}};
  static const int arguments[KINDS][3] = {
      {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
      {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST},
      {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST}};
  const float *operands[3] = {w->input, w->filter, w->upstream};
  for (int i = 0; i < 3; i++) {
    const layout inside = dnnl_primitive_desc_query_md(chosen, queries[kind][i], 0);
    MUST(dnnl_memory_create(job.memory + i, inside, engine, DNNL_MEMORY_ALLOCATE));
    job.arguments[i] = (dnnl_exec_arg_t){arguments[kind][i], job.memory[i]};
    forget(wanted[i]);
    if (i == result_of(kind)) continue;
    dnnl_memory_t outside;
    MUST(dnnl_memory_create(&outside, job.outside[i], engine, (void *)operands[i]));
    copy(outside, job.memory[i]);
    dnnl_memory_destroy(outside);
  }
  MUST(dnnl_primitive_create(&job.primitive, chosen));
  dnnl_primitive_desc_destroy(chosen);
  return job;
}

static void run_onednn(const void *context) {
  const onednn *job = context;
  MUST(dnnl_primitive_execute(job->primitive, stream, 3, job->arguments));
  MUST(dnnl_stream_wait(stream));
}

static void fetch(const onednn *job, float *result) {
  dnnl_memory_t outside;
  const int i = result_of(job->kind);
  MUST(dnnl_memory_create(&outside, job->outside[i], engine, result));
  copy(job->memory[i], outside);
  dnnl_memory_destroy(outside);
}

static void finish(onednn *job) {
  dnnl_primitive_destroy(job->primitive);
  for (int i = 0; i < 3; i++) {
    dnnl_memory_destroy(job->memory[i]);
    forget(job->outside[i]);
  }
}
#endif

// MARK: - Products

typedef struct {
  const product *product;
  const float *a, *b;
  float *c;
  void *scratch;
} factors;

static int64_t lda(const product *p) { return p->transpose_a ? p->m : p->k; }
static int64_t ldb(const product *p) { return p->transpose_b ? p->k : p->n; }

static void run_product(const void *context) {
  const factors *f = context;
  const product *p = f->product;
  nagare_gemm_f32(
      p->transpose_a, p->transpose_b, p->m, p->n, p->k, f->a, lda(p), f->b, ldb(p), f->c, p->n,
      false, f->scratch);
}

#ifdef WITH_OPENBLAS
static void run_openblas(const void *context) {
  const factors *f = context;
  const product *p = f->product;
  cblas_sgemm(
      CblasRowMajor, p->transpose_a ? CblasTrans : CblasNoTrans,
      p->transpose_b ? CblasTrans : CblasNoTrans, (int)p->m, (int)p->n, (int)p->k, 1, f->a,
      (int)lda(p), f->b, (int)ldb(p), 0, f->c, (int)p->n);
}
#endif

static void run_peak(const void *context) { nagare_multiply_adds(*(const int64_t *)context); }

// MARK: - Report

static bool json, first = true;

/// Prints one thing that was measured as JSON.
static void print_json(
    const char *group, const char *name, const char *kind, double operations,
    const contender *contenders, int count) {
  printf("%s\n  {\"group\": \"%s\", \"name\": \"%s\"", first ? "" : ",", group, name);
  first = false;
  if (kind) printf(", \"kind\": \"%s\"", kind);
  for (int c = 0; c < count; c++)
    printf(
        ", \"%s\": {\"seconds\": %.4g, \"gflops\": %.4g}", contenders[c].engine,
        contenders[c].median, operations / contenders[c].median * 1e-9);
  printf("}");
}

/// Prints a cell of the table: the rate of the first, and how many times that of the fastest other it is.
static double print_cell(double operations, const contender *contenders, int count) {
  printf(" %.1f |", operations / contenders[0].median * 1e-9);
  double other = INFINITY;
  for (int c = 1; c < count; c++) other = fmin(other, contenders[c].median);
  if (count > 1) {
    printf(" %.1f | %.2f |", operations / other * 1e-9, other / contenders[0].median);
    return other / contenders[0].median;
  }
  printf(" – | – |");
  return 1;
}

static const char *processor(void) {
  static char name[128];
  char line[256];
  FILE *file = fopen("/proc/cpuinfo", "r");
  while (file && fgets(line, sizeof line, file)) {
    char *value = strchr(line, ':');
    if (strncmp(line, "model name", 10) != 0 || !value) continue;
    value[strcspn(value, "\n")] = 0;
    snprintf(name, sizeof name, "%.120s, ", value + 2);
    break;
  }
  if (file) fclose(file);
  return name;
}

typedef struct {
  const char *network;
  double logarithms[KINDS];
  int count;
} mean;

int main(int argc, char **argv) {
  // OpenMP reads this before a program begins.
  const char *threads = getenv("OMP_NUM_THREADS");
  if (!threads || strcmp(threads, "1") != 0) {
    setenv("OMP_NUM_THREADS", "1", 1);
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    execvp(argv[0], argv);
    perror(argv[0]);
    return 1;
  }
  const char *only = "";
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--json") == 0) {
      json = true;
      continue;
    }
    if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
      only = argv[++i];
      continue;
    }
    if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) rounds = atoi(argv[++i]);
    else rounds = 0;
    if (rounds >= 1 && rounds <= MOST_ROUNDS) continue;
    fprintf(stderr, "usage: bench [--json] [--rounds 1…%d] [--only TEXT]\n", MOST_ROUNDS);
    return 2;
  }
#ifdef WITH_ONEDNN
  MUST(dnnl_engine_create(&engine, dnnl_cpu, 0));
  MUST(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
#endif
  const double start = seconds(CLOCK_MONOTONIC);
  if (json) {
    printf("[");
  } else {
#ifdef WITH_ONEDNN
    const dnnl_version_t *version = dnnl_version();
    printf(
        "Convolutions of one picture, GFLOP/s of one thread, beside oneDNN %d.%d.%d; × is how "
        "many times its rate:\n\n",
        version->major, version->minor, version->patch);
#else
    printf(
        "Convolutions of one picture, GFLOP/s of one thread. oneDNN is not installed and left "
        "out; Debian has it as libdnnl-dev:\n\n");
#endif
    printf(
        "| layer | forward | oneDNN | × | input gradient | oneDNN | × | filter gradient | oneDNN "
        "| × |\n|---|---|---|---|---|---|---|---|---|---|\n");
  }
  mean means[8] = {{0}};
  int mean_count = 0;
  for (const layer *l = layers; l < layers + sizeof layers / sizeof *layers; l++) {
    char name[128];
    snprintf(name, sizeof name, "%s, %s", l->network, l->layer);
    if (!strstr(name, only)) continue;
    const int mark = piece_count;
    const work w = prepare(l);
    const nagare_convolution *s = &w.shape;
    const double operations = 2.0 * (double)output_elements(s) * (double)s->filter_height *
                              (double)s->filter_width * (double)(s->input_channels / s->groups);
    if (mean_count == 0 || strcmp(means[mean_count - 1].network, l->network) != 0)
      means[mean_count++].network = l->network;
    mean *average = means + mean_count - 1;
    average->count++;
    if (!json) printf("| %s |", name);
    for (int kind = 0; kind < KINDS; kind++) {
      contender contenders[3] = {
          {.engine = "nagare", .run = nagare[l->depthwise][kind], .context = &w}};
      int count = 1;
#ifdef WITH_ONEDNN
      onednn jobs[2];
      const int64_t results[] = {output_elements(s), input_elements(s), filter_elements(s)};
      float *result = take(results[kind] * 4, 64);
      contenders[0].run(&w);
      for (int own = 0; own < 2; own++) {
        jobs[own] = prepare_onednn(&w, kind, own);
        run_onednn(jobs + own);
        fetch(jobs + own, result);
        expect_same(name, w.result[kind], result, results[kind]);
        contenders[count++] = (contender){
            .engine = own ? "onednn_own_layout" : "onednn_nhwc", .run = run_onednn,
            .context = jobs + own};
      }
#endif
      take_turns(contenders, count);
      if (json)
        print_json("convolution", name, kinds[kind], operations, contenders, count);
      else
        average->logarithms[kind] += log(print_cell(operations, contenders, count));
#ifdef WITH_ONEDNN
      for (int own = 0; own < 2; own++) finish(jobs + own);
#endif
    }
    if (!json) printf("\n");
    fflush(stdout);
    release(mark);
  }
#ifdef WITH_ONEDNN
  for (const mean *m = means; !json && m < means + mean_count; m++) {
    printf("| **%s, geometric mean** |", m->network);
    for (int kind = 0; kind < KINDS; kind++)
      printf(" | | **%.2f** |", exp(m->logarithms[kind] / m->count));
    printf("\n");
  }
#endif
  bool heading = !json;
  for (const product *p = products; p < products + sizeof products / sizeof *products; p++) {
    char name[128];
    snprintf(name, sizeof name, "product, %s", p->name);
    if (!strstr(name, only)) continue;
    if (heading) {
#ifdef WITH_OPENBLAS
      printf("\nProducts of matrices, GFLOP/s of one thread, beside OpenBLAS:\n\n");
#else
      printf(
          "\nProducts of matrices, GFLOP/s of one thread. OpenBLAS is not installed and left out; "
          "Debian has it as libopenblas-dev:\n\n");
#endif
      printf("| product | Nagare | OpenBLAS | × |\n|---|---|---|---|\n");
      heading = false;
    }
    const int mark = piece_count;
    const factors f = {
        p, numbers(p->m * p->k), numbers(p->k * p->n), take(p->m * p->n * 4, 64),
        take(nagare_gemm_scratch_bytes(p->m, p->n, p->k, 4), 64)};
    contender contenders[2] = {{.engine = "nagare", .run = run_product, .context = &f}};
    int count = 1;
#ifdef WITH_OPENBLAS
    const factors other = {p, f.a, f.b, take(p->m * p->n * 4, 64), NULL};
    run_product(&f);
    run_openblas(&other);
    expect_same(name, f.c, other.c, p->m * p->n);
    contenders[count++] =
        (contender){.engine = "openblas", .run = run_openblas, .context = &other};
#endif
    const double operations = 2.0 * (double)p->m * (double)p->n * (double)p->k;
    take_turns(contenders, count);
    if (json) {
      print_json("product", p->name, NULL, operations, contenders, count);
    } else {
      printf("| %s |", p->name);
      print_cell(operations, contenders, count);
      printf("\n");
    }
    release(mark);
  }
  const int64_t peak_rounds = 20000;
  contender peak = {.engine = "nagare", .run = run_peak, .context = &peak_rounds};
  take_turns(&peak, 1);
  const double operations = 2 * nagare_multiply_adds(0) * (double)peak_rounds;
  if (json) {
    print_json("multiply-adds in registers", "", NULL, operations, &peak, 1);
    printf("\n]\n");
    return 0;
  }
  printf(
      "\n%s%s; medians of %d; multiply-adds in registers alone reach %.0f GFLOP/s. ", processor(),
      nagare_kernels_instruction_set(), rounds, operations / peak.samples[0] * 1e-9);
  printf(
      "Times are the thread's own; it ran %.0f %% of the time.\n",
      100 * processor_seconds() / (seconds(CLOCK_MONOTONIC) - start));
  return 0;
}
