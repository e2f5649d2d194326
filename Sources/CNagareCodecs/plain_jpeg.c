#include "plain_jpeg.h"

#include <stdlib.h>
#include <string.h>

// MARK: - Bits

// The bits of entropy-coded data that are free of markers, from the most significant on.
typedef struct {
  const uint8_t *next;
  uint64_t bits;
  // How many of `bits` count; what is beyond them are the bits after, or zero.
  int count;
} bit_reader;

// At least 56 bits; eight bytes from `next` on must be there.
static inline void refill(bit_reader *reader) {
  uint64_t word;
  memcpy(&word, reader->next, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  reader->bits |= word >> reader->count;
  reader->next += (63 - reader->count) >> 3;
  reader->count |= 56;
}

static inline int peek(const bit_reader *reader, int count) {
  return (int)(reader->bits >> (64 - count));
}

static inline void skip(bit_reader *reader, int count) {
  reader->bits <<= count;
  reader->count -= count;
}

// Of the bits from `start` on `size`, 0 … 15, as a number of that category: the upper half
// positive.
static inline int number(const bit_reader *reader, int start, int size) {
  const int value = (int)(reader->bits << start >> 1 >> (63 - size));
  return value - ((value < 1 << size >> 1 ? 1 << size : 1) - 1);
}

// MARK: - Codes

enum { fast_bits = 10 };

// What the next bits begin with: a code, and a number of `size` bits after it, with it `total`
// bits. No `length` for a code that is longer than `fast_bits`.
typedef struct {
  uint8_t length, total, size, run;
} code;

typedef struct {
  code fast[1 << fast_bits];
  // For each length the code after the last, left-aligned in 16 bits, and where its symbols stand
  // less the first code.
  int32_t limit[18];
  int32_t offset[18];
  uint8_t symbols[256];
  int is_dc;
} code_table;

// A run that ends the block.
enum { end_of_block = 64 };

static code meaning(int symbol, int length, int is_dc) {
  const int size = symbol & 15;
  const int run = is_dc ? 0 : size == 0 && symbol != 0xF0 ? end_of_block : symbol >> 4;
  return (code){(uint8_t)length, (uint8_t)(length + size), (uint8_t)size, (uint8_t)run};
}

static int make_table(code_table *table, const JHUFF_TBL *given, int is_dc) {
  if (given == NULL) return 0;
  memset(table->fast, 0, sizeof table->fast);
  memcpy(table->symbols, given->huffval, sizeof table->symbols);
  table->is_dc = is_dc;
  int position = 0;
  int32_t next = 0;
  for (int length = 1; length <= 16; length++) {
    const int count = given->bits[length];
    // No code is all ones.
    if (position + count > 256 || next + count >= 1 << length) return 0;
    table->offset[length] = position - next;
    for (int i = 0; i < count; i++, next++, position++) {
      const int symbol = given->huffval[position];
      if (is_dc && symbol > 15) return 0;
      if (length > fast_bits) continue;
      const code entry = meaning(symbol, length, is_dc);
      const int spare = fast_bits - length;
      for (int rest = 0; rest < 1 << spare; rest++) table->fast[(next << spare) | rest] = entry;
    }
    table->limit[length] = next << (16 - length);
    next <<= 1;
  }
  table->limit[17] = INT32_MAX;
  return 1;
}

// A code that is longer than `fast_bits`; without a length for none.
static __attribute__((noinline)) code long_code(const code_table *table, int bits) {
  int length = fast_bits + 1;
  while (bits >= table->limit[length]) length++;
  if (length > 16) return (code){0, 0, 0, 0};
  const int place = table->offset[length] + (bits >> (16 - length));
  return meaning(table->symbols[place & 255], length, table->is_dc);
}

static inline code next_code(const bit_reader *reader, const code_table *table) {
  const code found = table->fast[peek(reader, fast_bits)];
  return __builtin_expect(found.length == 0, 0) ? long_code(table, peek(reader, 16)) : found;
}

// MARK: - Blocks

static const uint8_t natural_order[64] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

typedef struct {
  const code_table *dc, *ac;
  // In the order of the file: what coefficients are multiplied with, and their places.
  struct {
    int16_t factor, place;
  } steps[64];
  int previous;
  // The blocks that it has in a unit of the scan.
  int across, down;
  // Its samples without those that complete a unit, and where they are, `stride` bytes between
  // rows.
  int64_t width, height;
  uint8_t *samples;
  size_t stride;
} component;

enum block_kind { block_damaged, block_of_one_value, block_of_many };

// The coefficients of a block, multiplied, in natural order; `block` is zero before. A block that
// has but the first coefficient is of one value. Not inlined: registers are few.
static __attribute__((noinline)) enum block_kind read_block(
    bit_reader *shared, component *component, int16_t *block) {
  bit_reader reader = *shared;
  refill(&reader);
  code found = next_code(&reader, component->dc);
  if (found.length == 0) return block_damaged;
  component->previous =
      (int)((unsigned)component->previous + (unsigned)number(&reader, found.length, found.size));
  block[0] = (int16_t)((int16_t)component->previous * component->steps[0].factor);
  skip(&reader, found.total);

  const code_table *ac = component->ac;
  int k = 1;
  for (; k < 64; k++) {
    // At least 25 bits are there, and the next are fetched meanwhile.
    found = next_code(&reader, ac);
    refill(&reader);
    if (found.length == 0) return block_damaged;
    if (found.run == end_of_block) break;
    k += found.run;
    if (k > 63) return block_damaged;
    const int value = number(&reader, found.length, found.size);
    block[component->steps[k].place] = (int16_t)(value * component->steps[k].factor);
    skip(&reader, found.total);
  }
  // Nothing has been skipped for the end.
  if (k < 64) skip(&reader, found.total);
  *shared = reader;
  return k == 1 ? block_of_one_value : block_of_many;
}

#define INLINE static inline __attribute__((always_inline))

// Sixteen bits wrap, as in libjpeg's vector code.
typedef uint16_t row8 __attribute__((vector_size(16)));
typedef int16_t signed8 __attribute__((vector_size(16)));
typedef int32_t wide8 __attribute__((vector_size(32)));
typedef uint8_t bytes8 __attribute__((vector_size(8)));

// The upper halves of the products of four times `x` and a factor.
INLINE row8 times(row8 x, int16_t factor) {
  const signed8 factors = {factor, factor, factor, factor, factor, factor, factor, factor};
  const wide8 product = __builtin_convertvector((signed8)(x << 2), wide8) *
                        __builtin_convertvector(factors, wide8);
  return (row8)__builtin_convertvector(product >> 16, signed8);
}

// One pass of the fast inverse DCT of Arai, Agui and Nakajima over eight columns.
INLINE void transform(row8 *x) {
  const row8 sum04 = x[0] + x[4], difference04 = x[0] - x[4];
  const row8 sum26 = x[2] + x[6];
  const row8 turned26 = times(x[2] - x[6], 362 << 6) - sum26;
  const row8 even0 = sum04 + sum26, even3 = sum04 - sum26;
  const row8 even1 = difference04 + turned26, even2 = difference04 - turned26;

  const row8 sum53 = x[5] + x[3], difference53 = x[5] - x[3];
  const row8 sum17 = x[1] + x[7], difference17 = x[1] - x[7];
  const row8 odd7 = sum17 + sum53;
  const row8 common = times(difference53 + difference17, 473 << 6);
  const row8 odd6 = times(difference53, -(413 << 6)) - difference53 + common - odd7;
  const row8 odd5 = times(sum17 - sum53, 362 << 6) - odd6;
  const row8 odd4 = times(difference17, 277 << 6) - common + odd5;

  x[0] = even0 + odd7;
  x[7] = even0 - odd7;
  x[1] = even1 + odd6;
  x[6] = even1 - odd6;
  x[2] = even2 + odd5;
  x[5] = even2 - odd5;
  x[4] = even3 + odd4;
  x[3] = even3 - odd4;
}

INLINE void interleave(const row8 *x, row8 *y) {
  for (int i = 0; i < 4; i++) {
    y[2 * i] = __builtin_shufflevector(x[i], x[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
    y[2 * i + 1] = __builtin_shufflevector(x[i], x[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
  }
}

INLINE void transpose(row8 *x) {
  row8 y[8];
  interleave(x, y);
  interleave(y, x);
  interleave(x, y);
  memcpy(x, y, sizeof y);
}

// The samples of a block, `stride` bytes between rows.
static void write_block(
    const int16_t *block, enum block_kind kind, uint8_t *samples, size_t stride) {
  if (kind == block_of_one_value) {
    const int value = (block[0] >> 5) + 128;
    const int sample = value < 0 ? 0 : value > 255 ? 255 : value;
    for (int i = 0; i < 8; i++) memset(samples + (size_t)i * stride, sample, 8);
    return;
  }
  row8 x[8];
  memcpy(x, block, sizeof x);
  transform(x);
  transpose(x);
  transform(x);
  transpose(x);
  const signed8 least = {-128, -128, -128, -128, -128, -128, -128, -128};
  for (int i = 0; i < 8; i++) {
    signed8 value = __builtin_elementwise_max((signed8)x[i] >> 5, least);
    value = __builtin_elementwise_min(value, -1 - least) - least;
    const bytes8 bytes = __builtin_convertvector(value, bytes8);
    memcpy(samples + (size_t)i * stride, &bytes, 8);
  }
}

// MARK: - Colour

// A row of twice as many samples, each nearer to one of the two that it lies between.
INLINE void widen(int64_t width, const uint8_t *source, uint8_t *restrict target) {
  target[0] = source[0];
  for (int64_t i = 0; i < width - 1; i++) {
    target[2 * i + 1] = (uint8_t)((source[i] * 3 + source[i + 1] + 2) >> 2);
    target[2 * i + 2] = (uint8_t)((source[i + 1] * 3 + source[i] + 1) >> 2);
  }
  target[2 * width - 1] = source[width - 1];
}

// The same for a row that is nearer to `source` than to `other`. `sums` has room for a row.
INLINE void widen_between(int64_t width, const uint8_t *source, const uint8_t *other,
                          uint16_t *restrict sums, uint8_t *restrict target) {
  for (int64_t i = 0; i < width; i++) sums[i] = (uint16_t)(source[i] * 3 + other[i]);
  target[0] = (uint8_t)((sums[0] * 4 + 8) >> 4);
  for (int64_t i = 0; i < width - 1; i++) {
    target[2 * i + 1] = (uint8_t)((sums[i] * 3 + sums[i + 1] + 7) >> 4);
    target[2 * i + 2] = (uint8_t)((sums[i + 1] * 3 + sums[i] + 8) >> 4);
  }
  target[2 * width - 1] = (uint8_t)((sums[width - 1] * 4 + 7) >> 4);
}

INLINE uint8_t clamp(int value) { return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value); }

INLINE void convert(int64_t width, const uint8_t *luma, const uint8_t *blue, const uint8_t *red,
                    uint8_t *restrict rgb) {
  for (int64_t i = 0; i < width; i++) {
    const int y = luma[i], b = blue[i] - 128, r = red[i] - 128;
    rgb[3 * i] = clamp(y + ((91881 * r + 32768) >> 16));
    rgb[3 * i + 1] = clamp(y + ((-22554 * b - 46802 * r + 32768) >> 16));
    rgb[3 * i + 2] = clamp(y + ((116130 * b + 32768) >> 16));
  }
}

// What `colour_row` needs memory for: two rows of colour and one of sums.
static size_t row_scratch(int64_t width) { return 3 * (size_t)width + 6 * 64; }

// Row `y` of those whose samples there are.
INLINE void colour_row(const component *components, int64_t width, int64_t y, uint8_t *scratch,
                       uint8_t *rgb) {
  const component *luma = &components[0];
  const uint8_t *colour[2];
  for (int c = 0; c < 2; c++) {
    const component *its = &components[c + 1];
    const int64_t row = y / luma->down;
    const uint8_t *source = its->samples + (size_t)row * its->stride;
    uint8_t *wide = scratch + (size_t)c * ((size_t)width + 64);
    uint16_t *sums = (uint16_t *)(void *)(scratch + 2 * ((size_t)width + 64));
    colour[c] = wide;
    if (luma->across == 1) {
      colour[c] = source;
    } else if (luma->down == 1) {
      widen(its->width, source, wide);
    } else {
      const int64_t next = y & 1 ? row + 1 : row - 1;
      const int64_t other = next < 0 ? 0 : next >= its->height ? its->height - 1 : next;
      widen_between(its->width, source, its->samples + (size_t)other * its->stride, sums, wide);
    }
  }
  convert(width, luma->samples + (size_t)y * luma->stride, colour[0], colour[1], rgb);
}

static void colour_row_portable(const component *components, int64_t width, int64_t y,
                                uint8_t *scratch, uint8_t *rgb) {
  colour_row(components, width, y, scratch, rgb);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void colour_row_avx2(
    const component *components, int64_t width, int64_t y, uint8_t *scratch, uint8_t *rgb) {
  colour_row(components, width, y, scratch, rgb);
}
#endif

static void write_row(const component *components, int64_t width, int64_t y, uint8_t *scratch,
                      uint8_t *rgb) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) {
    colour_row_avx2(components, width, y, scratch, rgb);
    return;
  }
#endif
  colour_row_portable(components, width, y, scratch, rgb);
}

// MARK: - Pictures

typedef struct {
  bit_reader reader;
  component components[3];
  code_table dc[NUM_HUFF_TBLS], ac[NUM_HUFF_TBLS];
  // The entropy-coded data, without the zeros that follow 0xFF there.
  uint8_t *data;
  size_t size;
} plain_decoder;

// The bytes that a block has at most, and those that are read at once.
enum { margin = 64 * 31 / 8 + 32 };

// The data up to the marker after them, which must be that of the picture's end.
static int read_data(plain_decoder *decoder, const uint8_t *source, size_t size) {
  decoder->data = malloc(size + margin);
  if (decoder->data == NULL) return 0;
  uint8_t *target = decoder->data;
  const uint8_t *end = source + size;
  while (1) {
    const uint8_t *mark = memchr(source, 0xFF, (size_t)(end - source));
    if (mark == NULL || end - mark < 2) return 0;
    memcpy(target, source, (size_t)(mark - source));
    target += mark - source;
    source = mark + 2;
    if (mark[1] == JPEG_EOI) break;
    if (mark[1] != 0) return 0;
    *target++ = 0xFF;
  }
  memset(target, 0, margin);
  decoder->size = (size_t)(target - decoder->data);
  decoder->reader.next = decoder->data;
  return 1;
}

// The scaling of the fast DCT by rows and columns, in 14 bits: libjpeg's own table.
static const uint16_t scales[64] = {
    16384, 22725, 21407, 19266, 16384, 12873, 8867,  4520,  //
    22725, 31521, 29692, 26722, 22725, 17855, 12299, 6270,  //
    21407, 29692, 27969, 25172, 21407, 16819, 11585, 5906,  //
    19266, 26722, 25172, 22654, 19266, 15137, 10426, 5315,  //
    16384, 22725, 21407, 19266, 16384, 12873, 8867,  4520,  //
    12873, 17855, 16819, 15137, 12873, 10114, 6967,  3552,  //
    8867,  12299, 11585, 10426, 8867,  6967,  4799,  2446,  //
    4520,  6270,  5906,  5315,  4520,  3552,  2446,  1247};

static int set_up(plain_decoder *decoder, j_decompress_ptr jpeg) {
  int has_dc = 0, has_ac = 0;
  for (int i = 0; i < jpeg->num_components; i++) {
    const jpeg_component_info *info = &jpeg->comp_info[i];
    component *component = &decoder->components[i];
    const int dc = info->dc_tbl_no, ac = info->ac_tbl_no, q = info->quant_tbl_no;
    if (dc < 0 || dc >= NUM_HUFF_TBLS || ac < 0 || ac >= NUM_HUFF_TBLS || q < 0 ||
        q >= NUM_QUANT_TBLS || jpeg->quant_tbl_ptrs[q] == NULL) {
      return 0;
    }
    if ((!(has_dc >> dc & 1) && !make_table(&decoder->dc[dc], jpeg->dc_huff_tbl_ptrs[dc], 1)) ||
        (!(has_ac >> ac & 1) && !make_table(&decoder->ac[ac], jpeg->ac_huff_tbl_ptrs[ac], 0))) {
      return 0;
    }
    has_dc |= 1 << dc;
    has_ac |= 1 << ac;
    component->dc = &decoder->dc[dc];
    component->ac = &decoder->ac[ac];
    for (int k = 0; k < 64; k++) {
      const int place = natural_order[k];
      const uint32_t step = jpeg->quant_tbl_ptrs[q]->quantval[place];
      component->steps[k].factor = (int16_t)((step * scales[place] + (1 << 11)) >> 12);
      component->steps[k].place = (int16_t)place;
    }
  }
  return 1;
}

// How many of the data's bits are left.
static int64_t bits_left(const plain_decoder *decoder) {
  const int64_t read = decoder->reader.next - decoder->data;
  return ((int64_t)decoder->size - read) * 8 + decoder->reader.count;
}

static int decode(
    plain_decoder *decoder, j_decompress_ptr jpeg, uint8_t *scratch, uint8_t *pixels) {
  const int count = jpeg->num_components;
  const int64_t width = jpeg->image_width, height = jpeg->image_height;
  const component *luma = &decoder->components[0];
  const int64_t unit_width = 8 * luma->across, unit_height = 8 * luma->down;
  const int64_t units = (width + unit_width - 1) / unit_width;
  // Rows of colour between others need those below, and so are all made at the end.
  const int at_end = count == 3 && luma->across > 1;
  int16_t block[64] __attribute__((aligned(16)));
  for (int64_t top = 0; top < height; top += unit_height) {
    for (int64_t unit = 0; unit < units; unit++) {
      for (int c = 0; c < count; c++) {
        component *its = &decoder->components[c];
        const int64_t first = at_end ? top / unit_height * its->down : 0;
        for (int i = 0; i < its->across * its->down; i++) {
          memset(block, 0, sizeof block);
          const enum block_kind kind = read_block(&decoder->reader, its, block);
          if (kind == block_damaged || bits_left(decoder) < 0) return 0;
          const int64_t row = (first + i / its->across) * 8;
          const int64_t column = (unit * its->across + i % its->across) * 8;
          write_block(block, kind, its->samples + (size_t)row * its->stride + column, its->stride);
        }
      }
    }
    if (at_end) continue;
    for (int64_t y = top; y < top + 8 && y < height; y++) {
      const uint8_t *row = luma->samples + (size_t)(y - top) * luma->stride;
      if (count == 3) {
        write_row(decoder->components, width, y - top, scratch, pixels + y * width * 3);
      } else if (jpeg->out_color_space == JCS_GRAYSCALE) {
        memcpy(pixels + y * width, row, (size_t)width);
      } else {
        uint8_t *rgb = pixels + y * width * 3;
        for (int64_t x = 0; x < width; x++) rgb[3 * x] = rgb[3 * x + 1] = rgb[3 * x + 2] = row[x];
      }
    }
  }
  for (int64_t y = 0; at_end && y < height; y++) {
    write_row(decoder->components, width, y, scratch, pixels + y * width * 3);
  }
  // All the data, but for the rest of the last byte.
  return bits_left(decoder) < 8;
}

// Where the samples of each component go; how many bytes there are in all.
static size_t place_samples(plain_decoder *decoder, j_decompress_ptr jpeg, uint8_t *samples) {
  const int across = jpeg->comp_info[0].h_samp_factor, down = jpeg->comp_info[0].v_samp_factor;
  const int64_t width = jpeg->image_width, height = jpeg->image_height;
  const int64_t units = (width + 8 * across - 1) / (8 * across);
  const int64_t rows = across == 1 ? 1 : (height + 8 * down - 1) / (8 * down);
  size_t taken = 0;
  for (int c = 0; c < jpeg->num_components; c++) {
    component *its = &decoder->components[c];
    its->across = c == 0 ? across : 1;
    its->down = c == 0 ? down : 1;
    its->width = c == 0 ? width : (width + across - 1) / across;
    its->height = c == 0 ? height : (height + down - 1) / down;
    its->stride = (size_t)(units * its->across * 8);
    its->samples = samples == NULL ? NULL : samples + taken;
    taken += its->stride * (size_t)(rows * its->down * 8);
  }
  return taken;
}

// Whether the components are of one size, or those of colour of half the width or half of both, as
// far as they are interpolated.
static int has_plain_sizes(j_decompress_ptr jpeg) {
  const int across = jpeg->comp_info[0].h_samp_factor, down = jpeg->comp_info[0].v_samp_factor;
  for (int i = 0; i < jpeg->num_components; i++) {
    const jpeg_component_info *info = &jpeg->comp_info[i];
    if (jpeg->cur_comp_info[i] != info) return 0;
    if (i > 0 && (info->h_samp_factor != 1 || info->v_samp_factor != 1)) return 0;
  }
  if (across == 1 && down == 1) return 1;
  // The samples of the whole picture are kept: of a very large one libjpeg keeps less.
  const int64_t pixel_limit = 1 << 24;
  return jpeg->num_components == 3 && across == 2 && (down == 1 || down == 2) &&
         jpeg->do_fancy_upsampling && jpeg->image_width > 4 &&
         (int64_t)jpeg->image_width * jpeg->image_height <= pixel_limit;
}

int nagare_jpeg_decode_plain(j_decompress_ptr jpeg, uint8_t *pixels) {
  const int is_grey = jpeg->num_components == 1 && jpeg->jpeg_color_space == JCS_GRAYSCALE;
  const int is_colour = jpeg->num_components == 3 && jpeg->jpeg_color_space == JCS_YCbCr &&
                        jpeg->out_color_space == JCS_RGB;
  if (!is_grey && !is_colour) return 0;
  if (jpeg->progressive_mode || jpeg->arith_code || jpeg->data_precision != 8 ||
      jpeg->restart_interval != 0 || jpeg->comps_in_scan != jpeg->num_components ||
      jpeg->Ss != 0 || jpeg->Se != 63 || jpeg->Ah != 0 || jpeg->Al != 0 ||
      jpeg->scale_num != jpeg->scale_denom || jpeg->dct_method != JDCT_IFAST ||
      !has_plain_sizes(jpeg)) {
    return 0;
  }
  plain_decoder *decoder = calloc(1, sizeof *decoder);
  if (decoder == NULL) return 0;
  const size_t size = place_samples(decoder, jpeg, NULL);
  uint8_t *samples = malloc(size + row_scratch(jpeg->image_width) + 64);
  int done = 0;
  if (samples != NULL && set_up(decoder, jpeg) &&
      read_data(decoder, jpeg->src->next_input_byte, jpeg->src->bytes_in_buffer)) {
    place_samples(decoder, jpeg, samples);
    done = decode(decoder, jpeg, samples + size, pixels);
  }
  free(samples);
  free(decoder->data);
  free(decoder);
  return done;
}
