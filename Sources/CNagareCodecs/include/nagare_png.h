#pragma once
#include <stddef.h>
#include <stdint.h>

// PNG over libpng. libpng reports errors with longjmp, which must not pass through Swift frames:
// every function here returns instead.

typedef enum {
  NAGARE_PNG_OK = 0,
  NAGARE_PNG_INVALID = 1,
  NAGARE_PNG_TOO_LARGE = 2,
  NAGARE_PNG_NO_MEMORY = 3,
} nagare_png_status;

typedef struct {
  int64_t width, height;
  int channels;
  /// What libpng said, empty if nothing.
  char message[256];
} nagare_png_info;

typedef struct nagare_png_decoder nagare_png_decoder;

/// Reads the header. `channels` is 0 (as in the file) to 4, `bits` 8 or 16. `data` must stay valid
/// until `nagare_png_close`. On failure `*decoder` is NULL; on success it must be closed.
nagare_png_status nagare_png_open(
    const uint8_t *data, size_t size, int channels, int bits, int64_t pixel_limit,
    nagare_png_decoder **decoder, nagare_png_info *info);

/// Decodes into `pixels`: width * height * channels values of `bits` bits in the machine's byte
/// order. To be called once.
nagare_png_status nagare_png_read(
    nagare_png_decoder *decoder, void *pixels, nagare_png_info *info);

void nagare_png_close(nagare_png_decoder *decoder);

/// Encodes rows of `width * channels` values of `bits` bits (1 to 4 channels, 8 or 16 bits) at a
/// zlib level of -1 to 9. On success `*output` holds `*output_size` bytes and must be given to
/// `nagare_png_free`.
nagare_png_status nagare_png_encode(
    const void *pixels, int width, int height, int channels, int bits, int level,
    uint8_t **output, size_t *output_size);

void nagare_png_free(uint8_t *output);
