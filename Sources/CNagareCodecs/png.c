#include "nagare_png.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

struct nagare_png_decoder {
  png_structp png;
  png_infop info;
  const uint8_t *data;
  size_t left;
  jmp_buf jump;
  char message[256];
  int width, height, channels, bits, passes;
  // The file's values have 8 bits and the result's 16.
  int widen;
};

static void stop_reading(png_structp png, png_const_charp text) {
  nagare_png_decoder *decoder = png_get_error_ptr(png);
  snprintf(decoder->message, sizeof decoder->message, "%s", text);
  longjmp(decoder->jump, 1);
}

static void keep_silent(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep bytes, size_t count) {
  nagare_png_decoder *decoder = png_get_io_ptr(png);
  if (count > decoder->left) png_error(png, "the data end too early");
  memcpy(bytes, decoder->data, count);
  decoder->data += count;
  decoder->left -= count;
}

static int is_little_endian(void) {
  const uint16_t one = 1;
  return *(const uint8_t *)&one;
}

static nagare_png_status read_header(nagare_png_decoder *decoder, int64_t pixel_limit,
                                     nagare_png_info *info) {
  decoder->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, decoder, stop_reading, keep_silent);
  if (decoder->png == NULL) return NAGARE_PNG_NO_MEMORY;
  if (setjmp(decoder->jump)) return NAGARE_PNG_INVALID;
  png_structp png = decoder->png;
  decoder->info = png_create_info_struct(png);
  if (decoder->info == NULL) return NAGARE_PNG_NO_MEMORY;
  png_set_read_fn(png, decoder, read_bytes);
  png_read_info(png, decoder->info);

  png_uint_32 width, height;
  int depth, color;
  if (!png_get_IHDR(png, decoder->info, &width, &height, &depth, &color, NULL, NULL, NULL)) {
    return NAGARE_PNG_INVALID;
  }
  info->width = width;
  info->height = height;
  if (width == 0 || height == 0) return NAGARE_PNG_INVALID;
  if ((int64_t)width * (int64_t)height > pixel_limit) return NAGARE_PNG_TOO_LARGE;

  const int transparency = png_get_valid(png, decoder->info, PNG_INFO_tRNS) != 0;
  const int alpha = (color & PNG_COLOR_MASK_ALPHA) != 0;
  const int gray = (color & PNG_COLOR_MASK_COLOR) == 0;
  if (decoder->channels == 0) {
    decoder->channels = color == PNG_COLOR_TYPE_PALETTE ? (transparency ? 4 : 3)
                                                        : png_get_channels(png, decoder->info);
  }
  const int want_alpha = decoder->channels % 2 == 0;
  if (!want_alpha) {
    if (alpha || transparency) png_set_strip_alpha(png);
  } else if (!alpha && transparency) {
    png_set_tRNS_to_alpha(png);
  } else if (!alpha) {
    png_set_add_alpha(png, (1u << depth) - 1, PNG_FILLER_AFTER);
  }
  if (depth > 8 && decoder->bits == 8) png_set_strip_16(png);
  decoder->widen = depth <= 8 && decoder->bits == 16;
  png_set_packing(png);
  decoder->passes = png_set_interlace_handling(png);
  if (decoder->bits == 16 && is_little_endian()) png_set_swap(png);
  if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (gray && depth < 8) png_set_expand_gray_1_2_4_to_8(png);
  if (decoder->channels < 3) {
    // The weights of ITU-R BT.601, as JPEG has them.
    if (!gray) png_set_rgb_to_gray(png, PNG_ERROR_ACTION_NONE, 0.299, 0.587);
  } else if (gray) {
    png_set_gray_to_rgb(png);
  }
  png_read_update_info(png, decoder->info);

  // The transformations must give exactly the rows that the caller makes room for.
  const size_t value_bytes = decoder->bits == 16 && !decoder->widen ? 2 : 1;
  if (png_get_rowbytes(png, decoder->info) != width * (size_t)decoder->channels * value_bytes) {
    return NAGARE_PNG_INVALID;
  }
  decoder->width = (int)width;
  decoder->height = (int)height;
  info->channels = decoder->channels;
  return NAGARE_PNG_OK;
}

nagare_png_status nagare_png_open(
    const uint8_t *data, size_t size, int channels, int bits, int64_t pixel_limit,
    nagare_png_decoder **decoder, nagare_png_info *info) {
  *decoder = NULL;
  memset(info, 0, sizeof *info);
  if (channels < 0 || channels > 4 || (bits != 8 && bits != 16)) return NAGARE_PNG_INVALID;
  nagare_png_decoder *made = calloc(1, sizeof *made);
  if (made == NULL) return NAGARE_PNG_NO_MEMORY;
  made->data = data;
  made->left = size;
  made->channels = channels;
  made->bits = bits;
  nagare_png_status status = read_header(made, pixel_limit, info);
  if (status == NAGARE_PNG_OK) {
    *decoder = made;
  } else {
    memcpy(info->message, made->message, sizeof info->message);
    nagare_png_close(made);
  }
  return status;
}

nagare_png_status nagare_png_read(
    nagare_png_decoder *decoder, void *pixels, nagare_png_info *info) {
  if (setjmp(decoder->jump)) {
    memcpy(info->message, decoder->message, sizeof info->message);
    return NAGARE_PNG_INVALID;
  }
  const size_t values = (size_t)decoder->width * (size_t)decoder->channels;
  const size_t stride = values * (decoder->bits == 16 ? 2 : 1);
  // Each pass of an interlaced picture leaves the pixels of the other passes as they are.
  for (int pass = 0; pass < decoder->passes; pass++) {
    for (int y = 0; y < decoder->height; y++) {
      png_read_row(decoder->png, (png_bytep)pixels + (size_t)y * stride, NULL);
    }
  }
  png_read_end(decoder->png, NULL);
  if (decoder->widen) {
    for (int y = 0; y < decoder->height; y++) {
      uint8_t *bytes = (uint8_t *)pixels + (size_t)y * stride;
      uint16_t *wide = (uint16_t *)(void *)bytes;
      for (size_t x = values; x-- > 0;) wide[x] = (uint16_t)(bytes[x] * 257);
    }
  }
  return NAGARE_PNG_OK;
}

void nagare_png_close(nagare_png_decoder *decoder) {
  if (decoder == NULL) return;
  if (decoder->png != NULL) png_destroy_read_struct(&decoder->png, &decoder->info, NULL);
  free(decoder);
}

// Everything that must outlive a longjmp.
typedef struct {
  png_structp png;
  png_infop info;
  jmp_buf jump;
  uint8_t *output;
  size_t size, capacity;
} encoder;

static void stop_writing(png_structp png, png_const_charp text) {
  (void)text;
  longjmp(((encoder *)png_get_error_ptr(png))->jump, 1);
}

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
  encoder *state = png_get_io_ptr(png);
  if (count > state->capacity - state->size) {
    size_t capacity = 2 * state->capacity + count;
    uint8_t *grown = realloc(state->output, capacity);
    if (grown == NULL) png_error(png, "out of memory");
    state->output = grown;
    state->capacity = capacity;
  }
  memcpy(state->output + state->size, bytes, count);
  state->size += count;
}

static void flush(png_structp png) { (void)png; }

static int encode(encoder *state, const void *pixels, int width, int height, int channels,
                  int bits, int level) {
  static const int colors[] = {
      PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
      PNG_COLOR_TYPE_RGB_ALPHA};
  state->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, state, stop_writing, keep_silent);
  if (state->png == NULL) return 0;
  if (setjmp(state->jump)) return 0;
  png_structp png = state->png;
  state->info = png_create_info_struct(png);
  if (state->info == NULL) return 0;
  png_set_write_fn(png, state, write_bytes, flush);
  png_set_compression_level(png, level);
  png_set_compression_mem_level(png, 9);
  png_set_IHDR(png, state->info, (png_uint_32)width, (png_uint_32)height, bits,
               colors[channels - 1], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, state->info);
  if (bits == 16 && is_little_endian()) png_set_swap(png);
  const size_t stride = (size_t)width * (size_t)channels * (bits == 16 ? 2 : 1);
  for (int y = 0; y < height; y++) {
    png_write_row(png, (png_const_bytep)pixels + (size_t)y * stride);
  }
  png_write_end(png, NULL);
  return 1;
}

nagare_png_status nagare_png_encode(
    const void *pixels, int width, int height, int channels, int bits, int level,
    uint8_t **output, size_t *output_size) {
  *output = NULL;
  *output_size = 0;
  if (width <= 0 || height <= 0 || channels < 1 || channels > 4 || (bits != 8 && bits != 16) ||
      level < -1 || level > 9) {
    return NAGARE_PNG_INVALID;
  }
  encoder *state = calloc(1, sizeof *state);
  if (state == NULL) return NAGARE_PNG_NO_MEMORY;
  int done = encode(state, pixels, width, height, channels, bits, level);
  if (state->png != NULL) png_destroy_write_struct(&state->png, &state->info);
  if (done) {
    *output = state->output;
    *output_size = state->size;
  } else {
    free(state->output);
  }
  free(state);
  return done ? NAGARE_PNG_OK : NAGARE_PNG_INVALID;
}

void nagare_png_free(uint8_t *output) { free(output); }
