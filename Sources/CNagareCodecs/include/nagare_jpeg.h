#pragma once
#include <stddef.h>
#include <stdint.h>

// JPEG over libjpeg (libjpeg-turbo). libjpeg reports errors with longjmp, which must not pass
// through Swift frames: every function here returns instead.

/// How a JPEG is decoded; the fields are those of TensorFlow's DecodeJpeg.
typedef struct {
  /// 1 (gray), 3 (RGB), or 0 for what the file has, at most 3.
  int channels;
  /// Denominator of the scale: 1, 2, 4 or 8.
  int ratio;
  int fancy_upscaling;
  /// The slow integer DCT, else the fast one.
  int accurate_dct;
  /// Fill what a truncated file lacks instead of failing.
  int recover_truncated;
  /// The least part of the rows that must be there; missing rows become black.
  float acceptable_fraction;
  /// Decode only the window below, which must lie inside the picture.
  int crop;
  int crop_x, crop_y, crop_width, crop_height;
  /// A file with more pixels, or a progressive one with more scans, is refused.
  int64_t pixel_limit;
  int scan_limit;
} nagare_jpeg_decode_options;

typedef enum {
  NAGARE_JPEG_OK = 0,
  NAGARE_JPEG_INVALID = 1,
  NAGARE_JPEG_TOO_LARGE = 2,
  NAGARE_JPEG_NO_MEMORY = 3,
} nagare_jpeg_status;

typedef struct {
  /// Of the result: after scaling and cropping.
  int width, height, channels;
  /// Of the file.
  int64_t file_width, file_height;
  /// What libjpeg said, empty if nothing.
  char message[256];
} nagare_jpeg_info;

typedef struct nagare_jpeg_decoder nagare_jpeg_decoder;

/// Reads the header. `data` must stay valid until `nagare_jpeg_close`. On failure `*decoder` is
/// NULL; on success it must be closed.
nagare_jpeg_status nagare_jpeg_open(
    const uint8_t *data, size_t size, const nagare_jpeg_decode_options *options,
    nagare_jpeg_decoder **decoder, nagare_jpeg_info *info);

/// Decodes into `pixels`, which holds width * height * channels bytes. To be called once.
nagare_jpeg_status nagare_jpeg_read(
    nagare_jpeg_decoder *decoder, uint8_t *pixels, nagare_jpeg_info *info);

void nagare_jpeg_close(nagare_jpeg_decoder *decoder);

/// How a JPEG is written; the fields are those of TensorFlow's EncodeJpeg.
typedef struct {
  int quality;
  int progressive;
  int optimize_size;
  int chroma_downsampling;
  /// 1 for dots an inch, 2 for dots a centimetre.
  int density_unit;
  int x_density, y_density;
  const uint8_t *xmp;
  size_t xmp_size;
} nagare_jpeg_encode_options;

/// Encodes rows of `width * channels` bytes (1 or 3 channels). On success `*output` holds
/// `*output_size` bytes and must be given to `nagare_jpeg_free`.
nagare_jpeg_status nagare_jpeg_encode(
    const uint8_t *pixels, int width, int height, int channels,
    const nagare_jpeg_encode_options *options, uint8_t **output, size_t *output_size);

void nagare_jpeg_free(uint8_t *output);
