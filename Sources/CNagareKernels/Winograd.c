#ifndef REAL

#include "ConvolutionAlgorithms.h"

#include "Division.h"
#include "PoolingGeometry.h"
#include "Streaming.h"

#include <stdatomic.h>

/// Tiles of a block. All of the filter is read for each block, from further away than what is kept of the
/// source: blocks of fewer tiles cost more than the second-level cache saves.
#define MOST_TILES 30
/// Elements of the transformed source of a block at most.
#define BLOCK_VALUES 1048576
/// Target channels whose products are made and interpolated at a time.
#define CHUNK 64
/// Channels whose products are summed one by one; longer sums lose precision.
#define SUM_CHANNELS 128
/// Target channels whose filters a task packs, a divisor of CHUNK.
#define PACK_COLUMNS 16
/// Elements between the planes, so that they do not fall into the same sets of the cache.
#define PLANE_GAP 16

/// A correlation of a source with 3×3 taps, and how its target is cut into tiles of 4×4.
typedef struct {
  int64_t height, width, channels;
  int64_t target_height, target_width, target_channels;
  int64_t top, left;
  int64_t down, across, tiles;
  /// Sixes of tiles, and the blocks that they are spread over.
  int64_t sixes, blocks, block_tiles;
  /// Runs of blocks, and the parts of the target channels that each is divided into.
  int64_t runs, slices;
  bool streams;
} problem;

/// Parts of the target channels that each of `runs` runs of blocks is divided into.
static int64_t slices_of(int64_t runs, int64_t chunks) {
  return most(1, least(chunks, 8 / runs));
}

static problem divided(problem p, int64_t batch) {
  p.down = quotient_up(p.target_height, 4);
  p.across = quotient_up(p.target_width, 4);
  p.tiles = batch * p.down * p.across;
  p.sixes = quotient_up(p.tiles, 6);
  const int64_t chunks = quotient_up(p.target_channels, CHUNK);
  const int64_t most_tiles = BLOCK_VALUES / (36 * rounded_up(p.channels, 8));
  const int64_t most_sixes = most(2, least(most_tiles, MOST_TILES) / 6);
  p.blocks = quotient_up(p.sixes, most_sixes);
  // Of few tiles, blocks may be somewhat larger if that spares a reading of the filter.
  const bool fits = most_tiles >= 36;
  if (fits && p.tiles <= MOST_TILES && chunks >= 4) {
    // The slices of a filter that is much larger than the source are tasks enough.
    p.blocks = 1;
  } else if (fits && p.blocks > 4 && p.sixes <= 24) {
    p.blocks = 4;
  } else if (p.blocks < 16) {
    // A few threads get as many tasks each.
    while (p.blocks > 1 && p.blocks < p.sixes && p.blocks * slices_of(p.blocks, chunks) % 4 != 0)
      p.blocks++;
  }
  p.block_tiles = 6 * quotient_up(p.sixes, p.blocks);
  p.runs = least(p.blocks, 64);
  p.slices = slices_of(p.runs, chunks);
  p.streams = batch * p.target_height * p.target_width * p.target_channels >= STREAMED;
  return p;
}

static problem forward_problem(const nagare_convolution *shape) {
  return divided(
      (problem){
          .height = shape->input_height, .width = shape->input_width,
          .channels = shape->input_channels, .target_height = shape->output_height,
          .target_width = shape->output_width, .target_channels = shape->output_channels,
          .top = shape->padding_top, .left = shape->padding_left},
      shape->batch);
}

/// The input gradient is the correlation of the output gradient with the filter turned around.
static problem input_gradient_problem(const nagare_convolution *shape) {
  return divided(
      (problem){
          .height = shape->output_height, .width = shape->output_width,
          .channels = shape->output_channels, .target_height = shape->input_height,
          .target_width = shape->input_width, .target_channels = shape->input_channels,
          .top = 2 - shape->padding_top, .left = 2 - shape->padding_left},
      shape->batch);
}

static bool suits(const nagare_convolution *shape, problem p) {
  return shape->filter_height == 3 && shape->filter_width == 3 && shape->stride_height == 1 &&
         shape->stride_width == 1 && shape->dilation_height == 1 && shape->dilation_width == 1 &&
         shape->groups == 1 &&
         // Below, transforming costs more than it saves; above, not even for one target channel.
         p.channels >= 8 &&
         // Tiles are whole even where the target ends within them.
         6 * p.down * p.across <= p.target_height * p.target_width &&
         // The filter is transformed once for all tiles.
         p.tiles >= 8;
}

/// The place of a tile: its picture, and its row and column of tiles.
typedef struct {
  int64_t image, y, x;
} place;

static place place_of(int64_t tile, int64_t down, int64_t across) {
  return (place){.image = tile / across / down, .y = tile / across % down, .x = tile % across};
}

static void advance(place *at, int64_t down, int64_t across) {
  if (++at->x < across) return;
  at->x = 0;
  if (++at->y < down) return;
  at->y = 0;
  at->image++;
}

#define NAGARE_FLOAT32_ONLY
#define NAGARE_BODY "Winograd.c"
#include "Multiversion.h"

/// Enough for the widest vectors.
static int64_t packed_count(problem p) {
  return 36 * (p.channels * rounded_up(p.target_channels, 8) +
               quotient_up(p.target_channels, CHUNK) * PLANE_GAP);
}

static int64_t tasks(problem p) { return p.runs * p.slices; }

static int64_t scratch_bytes(problem p) {
  const int64_t columns = least(CHUNK, rounded_up(p.target_channels, 8));
  return (36 * (p.block_tiles * (rounded_up(p.channels, 8) + columns) + 2 * PLANE_GAP) +
          rounded_up(p.channels, 16) + 16 * CHUNK) * (int64_t)sizeof(float);
}

bool nagare_winograd_suits(const nagare_convolution *shape) {
  return suits(shape, forward_problem(shape));
}
bool nagare_winograd_pools(const nagare_convolution *shape) {
  return shape->output_height % 2 == 0 && shape->output_width % 2 == 0 &&
         shape->output_channels % 8 == 0;
}
int64_t nagare_winograd_task_count_f32(const nagare_convolution *shape) {
  return tasks(forward_problem(shape));
}
int64_t nagare_winograd_scratch_bytes_f32(const nagare_convolution *shape) {
  return scratch_bytes(forward_problem(shape));
}
int64_t nagare_winograd_packed_count_f32(const nagare_convolution *shape) {
  return packed_count(forward_problem(shape));
}
int64_t nagare_winograd_pack_task_count_f32(const nagare_convolution *shape) {
  return quotient_up(shape->output_channels, PACK_COLUMNS);
}
void nagare_winograd_pack_f32(
    const nagare_convolution *shape, const float *filter, float *packed, int64_t task) {
  const problem p = forward_problem(shape);
  NAGARE_DISPATCH(pack_f32, (&p, filter, false, packed, task));
}
void nagare_winograd_f32(
    const nagare_convolution *shape, const float *input, const float *packed,
    const nagare_epilogue *epilogue, float *output, int64_t task, void *scratch) {
  const problem p = forward_problem(shape);
  NAGARE_DISPATCH(correlate_f32, (&p, input, packed, epilogue, NULL, output, task, scratch));
}

bool nagare_winograd_input_gradient_suits(const nagare_convolution *shape) {
  return suits(shape, input_gradient_problem(shape));
}
int64_t nagare_winograd_input_gradient_task_count_f32(const nagare_convolution *shape) {
  return tasks(input_gradient_problem(shape));
}
int64_t nagare_winograd_input_gradient_scratch_bytes_f32(const nagare_convolution *shape) {
  return scratch_bytes(input_gradient_problem(shape));
}
int64_t nagare_winograd_input_gradient_packed_count_f32(const nagare_convolution *shape) {
  return packed_count(input_gradient_problem(shape));
}
int64_t nagare_winograd_input_gradient_pack_task_count_f32(const nagare_convolution *shape) {
  return quotient_up(shape->input_channels, PACK_COLUMNS);
}
void nagare_winograd_input_gradient_pack_f32(
    const nagare_convolution *shape, const float *filter, float *packed, int64_t task) {
  const problem p = input_gradient_problem(shape);
  NAGARE_DISPATCH(pack_f32, (&p, filter, true, packed, task));
}
void nagare_winograd_input_gradient_f32(
    const nagare_convolution *shape, const float *output_gradient, const float *packed,
    const float *mask, float *input_gradient, int64_t task, void *scratch) {
  const problem p = input_gradient_problem(shape);
  NAGARE_DISPATCH(
      correlate_f32,
      (&p, output_gradient, packed, NULL, mask, input_gradient, task, scratch));
}

#else

#define PRODUCT_ALONG true
#include "WinogradTransforms.h"
#include "Epilogue.h"
#include "MaxPoolWindow.h"

/// The transformed filter: chunk by chunk of target channels, in each the 36 planes, in each panels of
/// [channel][PANEL], the last of which may be one vector wide. `turned` says that the filter is
/// [3, 3, target channels, channels] and turned around.
static void NAME(pack)(
    const problem *p, const REAL *filter, bool turned, REAL *packed, int64_t task) {
  const int64_t begin = task * PACK_COLUMNS, end = least(begin + PACK_COLUMNS, p->target_channels);
  const int64_t chunk = begin / CHUNK * CHUNK;
  const int64_t padded = rounded_up(least(CHUNK, p->target_channels - chunk), LANES);
  const int64_t plane = p->channels * padded + PLANE_GAP;
  const int64_t taps = p->channels * p->target_channels;
  packed += 36 * (chunk * p->channels + chunk / CHUNK * PLANE_GAP);
  for (int64_t panel = begin; panel < end; panel += PANEL) {
    const int64_t width = least(PANEL, chunk + padded - panel);
    for (int64_t c = 0; c < p->channels; c++)
      for (int64_t j = panel; j < least(panel + PANEL, end); j += LANES) {
        const int64_t existing = least(LANES, end - j);
        VECTOR half[3][6], w[3], value[6];
        for (int64_t x = 0; x < 3; x++) {
          for (int64_t y = 0; y < 3; y++) {
            if (!turned) {
              w[y] = NAME(load_part)(
                  filter + (y * 3 + x) * taps + c * p->target_channels + j, existing);
            } else {
              const REAL *from = filter + (8 - y * 3 - x) * taps + j * p->channels + c;
              w[y] = (VECTOR){0};
              for (int64_t i = 0; i < existing; i++) w[y][i] = from[i * p->channels];
            }
          }
          NAME(evaluate_filter)(w, half[x]);
        }
        REAL *to = packed + (panel - chunk) * p->channels + c * width + j - panel;
        for (int64_t y = 0; y < 6; y++) {
          for (int64_t x = 0; x < 3; x++) w[x] = half[x][y];
          NAME(evaluate_filter)(w, value);
          for (int64_t x = 0; x < 6; x++) NAME(store)(to + (y * 6 + x) * plane, value[x]);
        }
      }
  }
}

/// Where the results of a tile go, and what becomes of them.
typedef struct {
  REAL *corner;
  /// As the target: the result is zero where this is not positive, unless null.
  const REAL *mask;
  int64_t row, pixel;
  /// Rows and columns of the tile that exist.
  int64_t rows, columns;
  NAME(epilogue) epilogue;
} NAME(tile_target);

/// The 4×4 results of a vector of channels, `count` of which exist. `whole` says that all do.
INLINE void NAME(interpolate_vector)(
    const bool whole, const REAL *products, int64_t plane, VECTOR bias, int64_t channel,
    int64_t count, const NAME(tile_target) *target) {
  VECTOR half[4][6];
  for (int64_t x = 0; x < 6; x++) {
    VECTOR product[6], result[4];
#pragma clang loop unroll(full)
    for (int64_t y = 0; y < 6; y++) product[y] = NAME(load)(products + (y * 6 + x) * plane);
    NAME(interpolate)(product, result);
#pragma clang loop unroll(full)
    for (int64_t y = 0; y < 4; y++) half[y][x] = result[y];
  }
  const NAME(epilogue) epilogue = target->epilogue;
  for (int64_t y = 0; y < (whole ? 4 : target->rows); y++) {
    VECTOR result[4];
    NAME(interpolate)(half[y], result);
    const int64_t line = y * target->row + channel;
#pragma clang loop unroll(full)
    for (int64_t x = 0; x < 4; x++) {
      if (!whole && x >= target->columns) continue;
      const int64_t at = line + x * target->pixel;
      VECTOR value = NAME(finish)(
          epilogue, result[x], bias, at, whole ? LANES : count);
      if (target->mask) {
        const VECTOR mask = whole ? NAME(load)(target->mask + at)
                                  : NAME(load_part)(target->mask + at, count);
        value = (VECTOR)((MASK)value & (MASK)(mask > (VECTOR){0}));
      }
      if (whole)
        NAME(store)(target->corner + at, value);
      else
        NAME(store_part)(target->corner + at, value, count);
    }
  }
}

/// Copies the 4×4 pixels of a tile to where they belong, past the caches.
static void NAME(stream_tile)(
    const REAL *tile, int64_t columns, const NAME(tile_target) *target) {
  for (int64_t i = 0; i < 16; i++, tile += columns) {
    const int64_t at = i / 4 * target->row + i % 4 * target->pixel;
    for (int64_t j = 0; j < columns; j += LANES) {
      VECTOR value = NAME(load)(tile + j);
      if (target->mask) {
        const VECTOR mask = NAME(load)(target->mask + at + j);
        value = (VECTOR)((MASK)value & (MASK)(mask > (VECTOR){0}));
      }
      __builtin_nontemporal_store(value, (VECTOR *)(target->corner + at + j));
    }
  }
}

/// Stores the largest of each 2×2 pixels of a tile, and their places, from element `at` of the output on,
/// whose rows have `row` elements.
static void NAME(pool_tile)(
    const REAL *tile, int64_t columns, const NAME(tile_target) *target,
    const nagare_epilogue *epilogue, REAL *pooled, int64_t at, int64_t row, bool streams) {
  const range two = {0, 2};
  for (int64_t y = 0; y < target->rows / 2; y++)
    for (int64_t x = 0; x < target->columns / 2; x++)
      for (int64_t j = 0; j < columns; j += LANES) {
        const REAL *window = tile + (8 * y + 2 * x) * columns + j;
        const int64_t to = at + y * row + x * target->pixel + j;
        const VECTOR largest =
            epilogue->winners
                ? NAME(find_winners)(
                      window, 4 * columns, columns, 2, 0, two, two, epilogue->relu, LANES,
                      epilogue->winners + to)
                : NAME(window_maximum)(window, 4 * columns, columns, two, two, LANES);
        if (streams)
          __builtin_nontemporal_store(largest, (VECTOR *)(pooled + to));
        else
          NAME(store)(pooled + to, largest);
      }
}

static void NAME(correlate)(
    const problem *p, const REAL *source, const REAL *packed, const nagare_epilogue *epilogue,
    const REAL *mask, REAL *target, int64_t task, void *scratch) {
  const int64_t padded = rounded_up(p->channels, LANES);
  const int64_t source_size = p->height * p->width * p->channels;
  const int64_t target_row = p->target_width * p->target_channels;
  REAL *values = scratch;
  const int64_t plane = p->block_tiles * padded + PLANE_GAP;
  REAL *products = values + 36 * plane;
  const int64_t most_columns = least(CHUNK, rounded_up(p->target_channels, LANES));
  REAL *zeros = products + 36 * (p->block_tiles * most_columns + PLANE_GAP);
  memset(zeros, 0, (size_t)padded * sizeof(REAL));
  REAL *results = zeros + rounded_up(p->channels, 16);
  const bool pools = epilogue && epilogue->pools;
  const bool is_large =
      pools ? p->tiles * 4 * p->target_channels >= STREAMED : p->streams;
  const bool streams = is_large && p->target_channels % LANES == 0 &&
                       (uintptr_t)target % VECTOR_BYTES == 0 && !(epilogue && epilogue->addend);

  const int64_t run = task % p->runs, slice = task / p->runs;
  const int64_t chunks = quotient_up(p->target_channels, CHUNK);
  const int64_t first_channel = CHUNK * bound(chunks, slice, p->slices);
  const int64_t last_channel = least(p->target_channels, CHUNK * bound(chunks, slice + 1, p->slices));
  const int64_t last_block = bound(p->blocks, run + 1, p->runs);
  for (int64_t block = bound(p->blocks, run, p->runs); block < last_block; block++) {
    const int64_t first = 6 * bound(p->sixes, block, p->blocks);
    const int64_t last = least(p->tiles, 6 * bound(p->sixes, block + 1, p->blocks));
    const int64_t tiles = last - first;
    const place start = place_of(first, p->down, p->across);
    const int64_t following =
        block + 1 < last_block
            ? least(p->tiles, 6 * bound(p->sixes, block + 2, p->blocks)) - last
            : 0;
    NAME(upcoming) next = {
        .pictures = source, .height = p->height, .width = p->width, .pixel = p->channels,
        .elements = p->channels, .top = p->top - 2, .left = p->left - 2, .tiles = following,
        .at = place_of(last, p->down, p->across)};
    place at = start;
    for (int64_t t = 0; t < tiles; t++, advance(&at, p->down, p->across)) {
      NAME(square) square;
      NAME(find)(
          source + at.image * source_size, p->height, p->width, p->channels, at.y * 4 - p->top,
          at.x * 4 - p->left, 6, zeros, &square);
      NAME(evaluate_source_square)(&square, p->channels, values + t * padded, plane);
    }
    for (int64_t chunk = first_channel; chunk < last_channel; chunk += CHUNK) {
      const int64_t columns = least(CHUNK, p->target_channels - chunk);
      const int64_t width = rounded_up(columns, LANES);
      const int64_t product_plane = p->block_tiles * width + PLANE_GAP;
      const REAL *b = packed + 36 * (chunk * p->channels + chunk / CHUNK * PLANE_GAP);
      const bool is_last = chunk + CHUNK >= last_channel;
      NAME(upcoming) masks = {
          .pictures = mask ? mask + chunk : NULL, .height = p->target_height,
          .width = p->target_width, .pixel = p->target_channels, .elements = columns,
          .tiles = mask ? tiles : 0, .at = start};
      const int64_t panels = quotient_up(width, PANEL);
      for (int64_t i = 0; i < 36; i++, b += PLANE_GAP)
        for (int64_t j = 0; j < width; j += PANEL) {
          const int64_t panel = least(PANEL, width - j), part = i * panels + j / PANEL;
          // The rest of the filter would drive out what is fetched much earlier.
          if (is_last && i >= 12)
            NAME(fetch)(&next, p->down, p->across, part - 12 * panels, 24 * panels);
          NAME(fetch)(&masks, p->down, p->across, part, 36 * panels);
          for (int64_t k = 0; k < p->channels; k += SUM_CHANNELS)
            NAME(multiply_panel)(
                values + i * plane + k, padded, tiles, b + k * panel, panel,
                least(SUM_CHANNELS, p->channels - k), panel == LANES,
                products + i * product_plane + j, width, k > 0);
          b += p->channels * panel;
        }
      at = start;
      for (int64_t t = 0; t < tiles; t++, advance(&at, p->down, p->across)) {
        const int64_t y = at.y * 4, x = at.x * 4;
        const int64_t corner = (at.image * p->target_height + y) * target_row +
                               x * p->target_channels + chunk;
        const NAME(tile_target) to = {
            .corner = target + corner, .mask = mask ? mask + corner : NULL, .row = target_row,
            .pixel = p->target_channels, .rows = least(4, p->target_height - y),
            .columns = least(4, p->target_width - x),
            .epilogue = NAME(epilogue_from)(epilogue, chunk, corner)};
        const bool complete = to.rows == 4 && to.columns == 4;
        if (pools || (complete && streams)) {
          const NAME(tile_target) tile = {
              .corner = results, .row = 4 * columns, .pixel = columns, .epilogue = to.epilogue};
          for (int64_t j = 0; j < columns; j += LANES)
            NAME(interpolate_vector)(
                true, products + t * width + j, product_plane,
                NAME(bias_of)(tile.epilogue, j, LANES), j, LANES, &tile);
          if (pools)
            NAME(pool_tile)(
                results, columns, &to, epilogue, target,
                ((at.image * p->target_height + y) / 2 * (p->target_width / 2) + x / 2) *
                        p->target_channels + chunk,
                target_row / 2, streams);
          else
            NAME(stream_tile)(results, columns, &to);
          continue;
        }
        for (int64_t j = 0; j < columns; j += LANES) {
          const int64_t count = least(LANES, columns - j);
          const VECTOR added = NAME(bias_of)(to.epilogue, j, count);
          const REAL *from = products + t * width + j;
          if (complete && count == LANES)
            NAME(interpolate_vector)(true, from, product_plane, added, j, count, &to);
          else
            NAME(interpolate_vector)(false, from, product_plane, added, j, count, &to);
        }
      }
    }
  }
  // What is written past the caches is in order with nothing else.
  if (streams) atomic_thread_fence(memory_order_seq_cst);
}

#undef PRODUCT_ALONG
#endif
