#ifndef NAGARE_ZSTREAM_H
#define NAGARE_ZSTREAM_H

#include <stddef.h>
#include <stdint.h>

typedef struct nagare_zstream nagare_zstream;

enum nagare_zformat { NAGARE_ZFORMAT_ZLIB, NAGARE_ZFORMAT_GZIP, NAGARE_ZFORMAT_RAW };

enum nagare_zstatus {
  /// More input or more room for output is needed.
  NAGARE_Z_CONTINUE = 0,
  /// The compressed stream is complete; input may be left.
  NAGARE_Z_END = 1,
  NAGARE_Z_CORRUPT = -1,
  NAGARE_Z_NO_MEMORY = -2
};

/// A decompressor; NULL when there is no memory.
nagare_zstream *nagare_inflate_create(enum nagare_zformat format);

/// Decompresses from `input` to `output`; both counts come back as what was used of them.
enum nagare_zstatus nagare_inflate(
    nagare_zstream *stream, const uint8_t *input, size_t *input_count, uint8_t *output,
    size_t *output_count);

/// Makes the decompressor ready for another stream, as in a file of several gzip members.
enum nagare_zstatus nagare_inflate_reset(nagare_zstream *stream);

void nagare_inflate_destroy(nagare_zstream *stream);

/// A compressor at zlib's default level; NULL when there is no memory.
nagare_zstream *nagare_deflate_create(enum nagare_zformat format);

/// Compresses from `input` to `output`; both counts come back as what was used of them.
/// With `finish`, call again with no input until `NAGARE_Z_END`.
enum nagare_zstatus nagare_deflate(
    nagare_zstream *stream, const uint8_t *input, size_t *input_count, uint8_t *output,
    size_t *output_count, int finish);

void nagare_deflate_destroy(nagare_zstream *stream);

/// The CRC-32 that zip files use, of bytes that follow bytes whose checksum is `crc`, 0 for none.
uint32_t nagare_crc32(uint32_t crc, const void *bytes, size_t count);

#endif
