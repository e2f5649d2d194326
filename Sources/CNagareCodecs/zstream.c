#include "nagare_zstream.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

struct nagare_zstream {
  z_stream z;
};

static int window_bits(enum nagare_zformat format) {
  switch (format) {
    case NAGARE_ZFORMAT_GZIP: return MAX_WBITS + 16;
    case NAGARE_ZFORMAT_RAW: return -MAX_WBITS;
    default: return MAX_WBITS;
  }
}

nagare_zstream *nagare_inflate_create(enum nagare_zformat format) {
  nagare_zstream *stream = calloc(1, sizeof *stream);
  if (stream && inflateInit2(&stream->z, window_bits(format)) != Z_OK) {
    free(stream);
    return NULL;
  }
  return stream;
}

// zlib counts in `unsigned`.
static void set_buffers(
    z_stream *z, const uint8_t *input, size_t input_count, uint8_t *output, size_t output_count) {
  z->next_in = (Bytef *)input;
  z->avail_in = input_count > UINT_MAX ? UINT_MAX : (uInt)input_count;
  z->next_out = output;
  z->avail_out = output_count > UINT_MAX ? UINT_MAX : (uInt)output_count;
}

static enum nagare_zstatus status_of(int code) {
  switch (code) {
    case Z_OK:
    // No progress was possible: not an error of the data.
    case Z_BUF_ERROR: return NAGARE_Z_CONTINUE;
    case Z_STREAM_END: return NAGARE_Z_END;
    case Z_MEM_ERROR: return NAGARE_Z_NO_MEMORY;
    default: return NAGARE_Z_CORRUPT;
  }
}

enum nagare_zstatus nagare_inflate(
    nagare_zstream *stream, const uint8_t *input, size_t *input_count, uint8_t *output,
    size_t *output_count) {
  z_stream *z = &stream->z;
  set_buffers(z, input, *input_count, output, *output_count);
  int code = inflate(z, Z_NO_FLUSH);
  *input_count = (size_t)(z->next_in - input);
  *output_count = (size_t)(z->next_out - output);
  return status_of(code);
}

enum nagare_zstatus nagare_inflate_reset(nagare_zstream *stream) {
  return status_of(inflateReset(&stream->z));
}

void nagare_inflate_destroy(nagare_zstream *stream) {
  if (!stream) return;
  inflateEnd(&stream->z);
  free(stream);
}

nagare_zstream *nagare_deflate_create(enum nagare_zformat format) {
  nagare_zstream *stream = calloc(1, sizeof *stream);
  if (stream && deflateInit2(
                    &stream->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits(format), 8,
                    Z_DEFAULT_STRATEGY) != Z_OK) {
    free(stream);
    return NULL;
  }
  return stream;
}

enum nagare_zstatus nagare_deflate(
    nagare_zstream *stream, const uint8_t *input, size_t *input_count, uint8_t *output,
    size_t *output_count, int finish) {
  z_stream *z = &stream->z;
  set_buffers(z, input, *input_count, output, *output_count);
  int whole = z->avail_in == *input_count;
  int code = deflate(z, finish && whole ? Z_FINISH : Z_NO_FLUSH);
  *input_count = (size_t)(z->next_in - input);
  *output_count = (size_t)(z->next_out - output);
  return status_of(code);
}

void nagare_deflate_destroy(nagare_zstream *stream) {
  if (!stream) return;
  deflateEnd(&stream->z);
  free(stream);
}

uint32_t nagare_crc32(uint32_t crc, const void *bytes, size_t count) {
  const Bytef *p = bytes;
  while (count > 0) {
    uInt part = count > UINT_MAX ? UINT_MAX : (uInt)count;
    crc = (uint32_t)crc32(crc, p, part);
    p += part;
    count -= part;
  }
  return crc;
}
