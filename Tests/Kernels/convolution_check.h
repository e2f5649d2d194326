/// Convolutions of element type T beside loops in the type EXACT; to be included once a type, after
/// convolution.h. UNIT is half the distance from 1 to the next T, 0 where sums are exact.

typedef struct {
  /// The results, and for each the sum of the sizes of what was added.
  EXACT *output, *input_gradient, *filter_gradient;
  double *output_size, *input_gradient_size, *filter_gradient_size;
  /// The largest output before some are cut off.
  double largest;
} TYPED(plain_loops);

static T *TYPED(numbers)(int64_t count) {
  T *result = take(count * (int64_t)sizeof(T), sizeof(T));
  for (int64_t i = 0; i < count; i++) result[i] = RANDOM;
  return result;
}

static nagare_epilogue TYPED(random_epilogue)(const nagare_convolution *shape) {
  return (nagare_epilogue){
      .bias = one_in(2) ? TYPED(numbers)(shape->output_channels) : NULL,
      .addend = one_in(3) ? TYPED(numbers)(output_elements(shape)) : NULL, .relu = one_in(2),
      .capped = one_in(3)};
}

static TYPED(plain_loops) TYPED(compute_plainly)(
    const nagare_convolution *shape, const T *input, const T *filter, const T *upstream,
    const nagare_epilogue *epilogue, const T *mask) {
  const int64_t inputs = input_elements(shape), outputs = output_elements(shape);
  const int64_t filters = filter_elements(shape);
  TYPED(plain_loops) r;
#define CLEARED(FIELD, COUNT)                                                                  \
  r.FIELD = take((COUNT) * (int64_t)sizeof *r.FIELD, 16);                                      \
  memset(r.FIELD, 0, (size_t)(COUNT) * sizeof *r.FIELD)
  CLEARED(output, outputs);
  CLEARED(output_size, outputs);
  CLEARED(input_gradient, inputs);
  CLEARED(input_gradient_size, inputs);
  CLEARED(filter_gradient, filters);
  CLEARED(filter_gradient_size, filters);
#undef CLEARED
  const int64_t depth = shape->input_channels / shape->groups;
  const int64_t columns = shape->output_channels, share = columns / shape->groups;
  const int64_t positions = outputs / columns;
  for (int64_t place = 0; place < positions; place++) {
    const int64_t ox = place % shape->output_width;
    const int64_t oy = place / shape->output_width % shape->output_height;
    const int64_t image = place / shape->output_width / shape->output_height;
    for (int64_t tap = 0; tap < shape->filter_height * shape->filter_width; tap++) {
      const int64_t y = oy * shape->stride_height - shape->padding_top +
                        tap / shape->filter_width * shape->dilation_height;
      const int64_t x = ox * shape->stride_width - shape->padding_left +
                        tap % shape->filter_width * shape->dilation_width;
      if (y < 0 || x < 0 || y >= shape->input_height || x >= shape->input_width) continue;
      const int64_t pixel =
          ((image * shape->input_height + y) * shape->input_width + x) * shape->input_channels;
      for (int64_t c = 0; c < depth; c++)
        for (int64_t o = 0; o < columns; o++) {
          const int64_t at = pixel + o / share * depth + c, to = place * columns + o;
          const int64_t weight = (tap * depth + c) * columns + o;
          const EXACT forward = (EXACT)input[at] * (EXACT)filter[weight];
          const EXACT back = (EXACT)upstream[to] * (EXACT)filter[weight];
          const EXACT slope = (EXACT)input[at] * (EXACT)upstream[to];
          r.output[to] += forward;
          r.input_gradient[at] += back;
          r.filter_gradient[weight] += slope;
          if (UNIT > 0) {
            r.output_size[to] += fabs((double)forward);
            r.input_gradient_size[at] += fabs((double)back);
            r.filter_gradient_size[weight] += fabs((double)slope);
          }
        }
    }
  }
  const nagare_epilogue finish = epilogue ? *epilogue : (nagare_epilogue){0};
  const T *bias = finish.bias, *addend = finish.addend;
  r.largest = 1e-3;
  for (int64_t i = 0; i < outputs; i++) {
    if (bias) {
      r.output[i] += (EXACT)bias[i % columns];
      r.output_size[i] += fabs((double)bias[i % columns]);
    }
    if (addend) {
      r.output[i] += (EXACT)addend[i];
      r.output_size[i] += fabs((double)addend[i]);
    }
    r.largest = fmax(r.largest, fabs((double)r.output[i]));
    if (finish.relu && !((SIGNED)r.output[i] > 0)) r.output[i] = 0;
    if (finish.capped && (SIGNED)r.output[i] > 6) r.output[i] = 6;
  }
  for (int64_t i = 0; mask && i < inputs; i++)
    if (!(mask[i] > 0)) r.input_gradient[i] = 0, r.input_gradient_size[i] = 0;
  return r;
}

/// Notes the greatest error: of the largest result where an algorithm mixes them, else of each one's sum
/// of sizes.
static void TYPED(compare)(
    const char *kind, const char *algorithm, bool mixes, const nagare_convolution *shape,
    int64_t count, const T *actual, const EXACT *exact, const double *size, double largest) {
  double worst = 0;
  for (int64_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)exact[i]));
  for (int64_t i = 0; i < count; i++) {
    if (UNIT == 0) {
      if (actual[i] != (T)exact[i]) worst = INFINITY;
      continue;
    }
    double error = fabs((double)((EXACT)actual[i] - exact[i]));
    if (isnan(error)) error = INFINITY;
    if (error > 0) error /= mixes ? largest : UNIT * size[i];
    worst = fmax(worst, error);
  }
  char what[80];
  snprintf(what, sizeof what, "convolution %s, %s", algorithm, kind);
  if (UNIT == 0)
    note(what, "exact", 0, worst, "%s", geometry(shape));
  else if (mixes)
    note(what, "of the largest result", WINOGRAD_BOUND, worst, "%s", geometry(shape));
  else
    note(what, "u of the sum of sizes", SUM_BOUND, worst, "%s", geometry(shape));
}

static void TYPED(check_convolution)(
    const nagare_convolution *shape, const TYPED(forward_kernel) *forward, int forward_count,
    const TYPED(input_gradient_kernel) *back, int back_count,
    const TYPED(filter_gradient_kernel) *slope, int slope_count) {
  const int mark = piece_count;
  const int64_t inputs = input_elements(shape), outputs = output_elements(shape);
  const int64_t filters = filter_elements(shape);
  const T *input = TYPED(numbers)(inputs), *filter = TYPED(numbers)(filters);
  const T *upstream = TYPED(numbers)(outputs);
  const nagare_epilogue finish = TYPED(random_epilogue)(shape);
  const nagare_epilogue *epilogue = one_in(4) ? NULL : &finish;
  const T *mask = one_in(2) ? TYPED(numbers)(inputs) : NULL;
  const TYPED(plain_loops) plain =
      TYPED(compute_plainly)(shape, input, filter, upstream, epilogue, mask);
  const int64_t bytes = sizeof(T);
  FOR_EACH_SET {
    for (int k = 0; k < forward_count; k++) {
      const TYPED(forward_kernel) *kernel = forward + k;
      if (kernel->suits && !kernel->suits(shape)) continue;
      T *result[2];
      for (int turn = 0; turn < 2; turn++) {
        const T *packed = TYPED(pack_forward)(kernel, shape, filter, turn);
        void *scratch = take(kernel->scratch_bytes(shape), 64);
        result[turn] = take(outputs * bytes, bytes);
        TYPED(run_forward)(
            kernel, shape, input, packed, epilogue, result[turn], scratch, turn);
      }
      TYPED(compare)(
          "forward", kernel->name, MIXES(kernel, nagare_winograd_suits), shape, outputs,
          result[0], plain.output, plain.output_size, plain.largest);
      same_bits("tasks in any order", result[0], result[1], outputs * bytes, geometry(shape));
    }
    for (int k = 0; k < back_count; k++) {
      const TYPED(input_gradient_kernel) *kernel = back + k;
      if (kernel->suits && !kernel->suits(shape)) continue;
      T *result[2];
      for (int turn = 0; turn < 2; turn++) {
        const T *packed = TYPED(pack_input_gradient)(kernel, shape, filter, turn);
        void *scratch = take(kernel->scratch_bytes(shape), 64);
        result[turn] = take(inputs * bytes, bytes);
        TYPED(run_input_gradient)(
            kernel, shape, upstream, packed, mask, result[turn], scratch, turn);
      }
      TYPED(compare)(
          "input gradient", kernel->name, MIXES(kernel, nagare_winograd_input_gradient_suits),
          shape, inputs, result[0], plain.input_gradient, plain.input_gradient_size, 1e-3);
      same_bits("tasks in any order", result[0], result[1], inputs * bytes, geometry(shape));
    }
    for (int k = 0; k < slope_count; k++) {
      const TYPED(filter_gradient_kernel) *kernel = slope + k;
      if (kernel->suits && !kernel->suits(shape)) continue;
      T *result[2], *bias[2];
      const int64_t parts = kernel->part_count(shape), columns = shape->output_channels;
      // Turned around, the bias is left out half of the time.
      const bool both = one_in(2);
      for (int turn = 0; turn < 2; turn++) {
        T *partials = take(parts * filters * bytes, 64);
        void *scratch = take(kernel->scratch_bytes(shape), 64);
        result[turn] = take(filters * bytes, bytes);
        bias[turn] = take(parts * columns * bytes, bytes);
        TYPED(run_filter_gradient)(
            kernel, shape, input, upstream, partials, turn && !both ? NULL : bias[turn],
            result[turn], scratch, turn);
      }
      EXACT *sums = take(columns * (int64_t)sizeof *sums, 16);
      double *sizes = take(columns * 8, 8);
      for (int64_t c = 0; c < columns; c++) {
        sums[c] = sizes[c] = 0;
        for (int64_t i = c; i < outputs; i += columns) {
          sums[c] += (EXACT)upstream[i];
          sizes[c] += fabs((double)upstream[i]);
        }
        for (int64_t p = 1; p < parts; p++) bias[0][c] += bias[0][p * columns + c];
      }
      TYPED(compare)(
          "bias gradient", kernel->name, false, shape, columns, bias[0], sums, sizes, 1e-3);
      if (both) {
        for (int64_t c = 0; c < columns; c++)
          for (int64_t p = 1; p < parts; p++) bias[1][c] += bias[1][p * columns + c];
        same_bits("tasks in any order", bias[0], bias[1], columns * bytes, geometry(shape));
      }
      TYPED(compare)(
          "filter gradient", kernel->name, MIXES(kernel, nagare_winograd_filter_gradient_suits),
          shape, filters, result[0], plain.filter_gradient, plain.filter_gradient_size, 1e-3);
      same_bits("tasks in any order", result[0], result[1], filters * bytes, geometry(shape));
    }
  }
  intact(mark, geometry(shape));
}
