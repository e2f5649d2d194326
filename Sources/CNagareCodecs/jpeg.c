#include "nagare_jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

#include "plain_jpeg.h"

// libjpeg's error manager with the place to return to; `base` first, so that a pointer to one is a
// pointer to the other.
typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
} error_manager;

static void stop(j_common_ptr common) {
  error_manager *manager = (error_manager *)common->err;
  common->err->format_message(common, manager->message);
  longjmp(manager->jump, 1);
}

static void note(j_common_ptr common, int level) {
  error_manager *manager = (error_manager *)common->err;
  if (level >= 0) return;
  if (common->err->num_warnings++ == 0) common->err->format_message(common, manager->message);
}

static void keep_silent(j_common_ptr common) { (void)common; }

static struct jpeg_error_mgr *set_up_errors(error_manager *manager) {
  jpeg_std_error(&manager->base);
  manager->base.error_exit = stop;
  manager->base.emit_message = note;
  manager->base.output_message = keep_silent;
  manager->message[0] = 0;
  return &manager->base;
}

struct nagare_jpeg_decoder {
  struct jpeg_decompress_struct jpeg;
  error_manager errors;
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
  nagare_jpeg_decode_options options;
  const uint8_t *data;
  size_t size;
  int width, height, channels;
  uint8_t *row;
  // How often libjpeg asked for more data at the same place.
  const uint8_t *stalled_at;
  int stalls;
};

static nagare_jpeg_decoder *owner(j_decompress_ptr jpeg) {
  return (nagare_jpeg_decoder *)jpeg->client_data;
}

static void start_source(j_decompress_ptr jpeg) {
  nagare_jpeg_decoder *decoder = owner(jpeg);
  jpeg->src->next_input_byte = decoder->data;
  jpeg->src->bytes_in_buffer = decoder->size;
}

static const JOCTET end_of_image[2] = {0xFF, JPEG_EOI};
enum { stall_limit = 4096 };

// libjpeg asks in the middle of a unit of data while the source still stands at its beginning.
// TensorFlow then suspends (the rows so far are the result), or, when it recovers, lets libjpeg
// read the unit's bytes once more: its pixels depend on that. Rereading has no end where the data
// closes with 0xFF, hence the limit.
static boolean need_more(j_decompress_ptr jpeg) {
  nagare_jpeg_decoder *decoder = owner(jpeg);
  struct jpeg_source_mgr *source = jpeg->src;
  if (decoder->size == 0) ERREXIT(jpeg, JERR_INPUT_EMPTY);
  if (source->next_input_byte == end_of_image) ERREXIT(jpeg, JERR_INPUT_EOF);
  if (source->bytes_in_buffer > 0) {
    if (!decoder->options.recover_truncated) return FALSE;
    if (decoder->stalled_at != source->next_input_byte) {
      decoder->stalled_at = source->next_input_byte;
      decoder->stalls = 0;
    }
    if (++decoder->stalls < stall_limit) return TRUE;
  } else if (!decoder->options.recover_truncated) {
    ERREXIT(jpeg, JERR_INPUT_EOF);
  }
  WARNMS(jpeg, JWRN_JPEG_EOF);
  source->next_input_byte = end_of_image;
  source->bytes_in_buffer = sizeof end_of_image;
  return TRUE;
}

static void skip(j_decompress_ptr jpeg, long count) {
  struct jpeg_source_mgr *source = jpeg->src;
  if (count <= 0) return;
  if ((unsigned long)count > source->bytes_in_buffer) {
    source->bytes_in_buffer = 0;
    (void)need_more(jpeg);
  } else {
    source->next_input_byte += count;
    source->bytes_in_buffer -= (size_t)count;
  }
}

static void end_source(j_decompress_ptr jpeg) { (void)jpeg; }

// A progressive file of a few kilobytes may hold thousands of scans, each over the whole picture.
static void limit_scans(j_common_ptr common) {
  if (!common->is_decompressor) return;
  j_decompress_ptr jpeg = (j_decompress_ptr)common;
  nagare_jpeg_decoder *decoder = owner(jpeg);
  if (jpeg->input_scan_number <= decoder->options.scan_limit) return;
  snprintf(decoder->errors.message, sizeof decoder->errors.message,
           "more than %d progressive scans", decoder->options.scan_limit);
  longjmp(decoder->errors.jump, 1);
}

static void report(const error_manager *errors, nagare_jpeg_info *info) {
  snprintf(info->message, sizeof info->message, "%s", errors->message);
}

static int window_is_inside(const nagare_jpeg_decode_options *options, JDIMENSION width,
                            JDIMENSION height) {
  return options->crop_x >= 0 && options->crop_y >= 0 && options->crop_width > 0 &&
         options->crop_height > 0 &&
         (int64_t)options->crop_x + options->crop_width <= (int64_t)width &&
         (int64_t)options->crop_y + options->crop_height <= (int64_t)height;
}

static nagare_jpeg_status read_header(nagare_jpeg_decoder *decoder, nagare_jpeg_info *info) {
  struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
  const nagare_jpeg_decode_options *options = &decoder->options;
  if (setjmp(decoder->errors.jump)) {
    report(&decoder->errors, info);
    return NAGARE_JPEG_INVALID;
  }
  jpeg->err = set_up_errors(&decoder->errors);
  jpeg_create_decompress(jpeg);
  jpeg->client_data = decoder;
  decoder->source.init_source = start_source;
  decoder->source.fill_input_buffer = need_more;
  decoder->source.skip_input_data = skip;
  decoder->source.resync_to_restart = jpeg_resync_to_restart;
  decoder->source.term_source = end_source;
  jpeg->src = &decoder->source;
  decoder->progress.progress_monitor = limit_scans;
  jpeg->progress = &decoder->progress;
  if (jpeg_read_header(jpeg, TRUE) != JPEG_HEADER_OK) return NAGARE_JPEG_INVALID;

  info->file_width = jpeg->image_width;
  info->file_height = jpeg->image_height;
  if (info->file_width * info->file_height > options->pixel_limit) return NAGARE_JPEG_TOO_LARGE;

  int channels = options->channels;
  if (channels == 0) channels = jpeg->num_components < 3 ? jpeg->num_components : 3;
  if (channels == 1) {
    jpeg->out_color_space = JCS_GRAYSCALE;
  } else if (channels != 3) {
    return NAGARE_JPEG_INVALID;
  } else if (jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK) {
    jpeg->out_color_space = JCS_CMYK;
  } else {
    jpeg->out_color_space = JCS_RGB;
  }
  jpeg->do_fancy_upsampling = options->fancy_upscaling ? TRUE : FALSE;
  jpeg->dct_method = options->accurate_dct ? JDCT_ISLOW : JDCT_IFAST;
  jpeg->scale_num = 1;
  jpeg->scale_denom = (unsigned)options->ratio;
  jpeg_calc_output_dimensions(jpeg);
  if (jpeg->output_width == 0 || jpeg->output_height == 0) return NAGARE_JPEG_INVALID;
  if (options->crop && !window_is_inside(options, jpeg->output_width, jpeg->output_height)) {
    snprintf(info->message, sizeof info->message,
             "crop window x=%d, y=%d, width=%d, height=%d in a picture of %u by %u",
             options->crop_x, options->crop_y, options->crop_width, options->crop_height,
             jpeg->output_width, jpeg->output_height);
    return NAGARE_JPEG_INVALID;
  }
  info->width = decoder->width = options->crop ? options->crop_width : (int)jpeg->output_width;
  info->height = decoder->height =
      options->crop ? options->crop_height : (int)jpeg->output_height;
  info->channels = decoder->channels = channels;
  return NAGARE_JPEG_OK;
}

nagare_jpeg_status nagare_jpeg_open(
    const uint8_t *data, size_t size, const nagare_jpeg_decode_options *options,
    nagare_jpeg_decoder **decoder, nagare_jpeg_info *info) {
  *decoder = NULL;
  memset(info, 0, sizeof *info);
  nagare_jpeg_decoder *made = calloc(1, sizeof *made);
  if (made == NULL) return NAGARE_JPEG_NO_MEMORY;
  made->options = *options;
  made->data = data;
  made->size = size;
  nagare_jpeg_status status = read_header(made, info);
  if (status == NAGARE_JPEG_OK) {
    *decoder = made;
  } else {
    nagare_jpeg_close(made);
  }
  return status;
}

// libjpeg leaves the inks as the file has them: Adobe's files store them inverted.
static void cmyk_to_rgb(const uint8_t *inks, uint8_t *rgb, int width, int inverted) {
  for (int x = 0; x < width; x++, inks += 4, rgb += 3) {
    int black = inverted ? inks[3] : 255 - inks[3];
    for (int i = 0; i < 3; i++) {
      rgb[i] = (uint8_t)(black * (inverted ? inks[i] : 255 - inks[i]) / 255);
    }
  }
}

nagare_jpeg_status nagare_jpeg_read(
    nagare_jpeg_decoder *decoder, uint8_t *pixels, nagare_jpeg_info *info) {
  struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
  const nagare_jpeg_decode_options *options = &decoder->options;
  if (!options->crop && nagare_jpeg_decode_plain(jpeg, pixels)) return NAGARE_JPEG_OK;
  if (setjmp(decoder->errors.jump)) {
    report(&decoder->errors, info);
    return NAGARE_JPEG_INVALID;
  }
  if (!jpeg_start_decompress(jpeg)) return NAGARE_JPEG_INVALID;
  JDIMENSION first = 0;
  if (options->crop) {
    JDIMENSION x = (JDIMENSION)options->crop_x, width = (JDIMENSION)options->crop_width;
    jpeg_crop_scanline(jpeg, &x, &width);
    first = (JDIMENSION)options->crop_y;
    if (jpeg_skip_scanlines(jpeg, first) != first) return NAGARE_JPEG_INVALID;
  }
  const int cmyk = jpeg->out_color_space == JCS_CMYK;
  const int components = cmyk ? 4 : decoder->channels;
  if (jpeg->output_components != components || jpeg->output_width < (JDIMENSION)decoder->width) {
    return NAGARE_JPEG_INVALID;
  }
  // A cropped row begins at a block's boundary to the left of the window.
  const size_t margin = (jpeg->output_width - (JDIMENSION)decoder->width) * (size_t)components;
  const size_t stride = (size_t)decoder->width * (size_t)decoder->channels;
  if (cmyk || margin > 0) {
    decoder->row = malloc((size_t)jpeg->output_width * (size_t)components);
    if (decoder->row == NULL) return NAGARE_JPEG_NO_MEMORY;
  }

  const JDIMENSION end = first + (JDIMENSION)decoder->height;
  JDIMENSION rows = (JDIMENSION)decoder->height;
  uint8_t *line = pixels;
  while (jpeg->output_scanline < end) {
    JSAMPROW target = decoder->row != NULL ? decoder->row : line;
    if (jpeg_read_scanlines(jpeg, &target, 1) == 0) {
      rows = jpeg->output_scanline - first;
      break;
    }
    if (cmyk) {
      cmyk_to_rgb(decoder->row + margin, line, decoder->width, jpeg->saw_Adobe_marker);
    } else if (decoder->row != NULL) {
      memcpy(line, decoder->row + margin, stride);
    }
    line += stride;
  }

  if (rows == (JDIMENSION)decoder->height) {
    if (jpeg->output_scanline < jpeg->output_height) {
      jpeg_skip_scanlines(jpeg, jpeg->output_height - jpeg->output_scanline);
    }
    jpeg_finish_decompress(jpeg);
    return NAGARE_JPEG_OK;
  }
  for (JDIMENSION y = rows; y < (JDIMENSION)decoder->height; y++, line += stride) {
    if (options->recover_truncated && y > 0) {
      memcpy(line, line - stride, stride);
    } else {
      memset(line, 0, stride);
    }
  }
  if (options->recover_truncated) return NAGARE_JPEG_OK;
  const float needed = options->acceptable_fraction < 1 ? options->acceptable_fraction : 1;
  if ((float)rows / (float)decoder->height < needed) {
    snprintf(info->message, sizeof info->message, "the data end at row %u of %d", rows,
             decoder->height);
    return NAGARE_JPEG_INVALID;
  }
  return NAGARE_JPEG_OK;
}

void nagare_jpeg_close(nagare_jpeg_decoder *decoder) {
  if (decoder == NULL) return;
  jpeg_destroy_decompress(&decoder->jpeg);
  free(decoder->row);
  free(decoder);
}

// Everything that must outlive a longjmp.
typedef struct {
  struct jpeg_compress_struct jpeg;
  error_manager errors;
  unsigned char *output;
  unsigned long size;
  uint8_t *packet;
} encoder;

static const char xmp_namespace[] = "http://ns.adobe.com/xap/1.0/";

static int encode(encoder *state, const uint8_t *pixels, int width, int height, int channels,
                  const nagare_jpeg_encode_options *options) {
  struct jpeg_compress_struct *jpeg = &state->jpeg;
  if (setjmp(state->errors.jump)) return 0;
  jpeg->err = set_up_errors(&state->errors);
  jpeg_create_compress(jpeg);
  jpeg_mem_dest(jpeg, &state->output, &state->size);
  jpeg->image_width = (JDIMENSION)width;
  jpeg->image_height = (JDIMENSION)height;
  jpeg->input_components = channels;
  jpeg->in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(jpeg);
  jpeg->optimize_coding = options->optimize_size ? TRUE : FALSE;
  jpeg->density_unit = (UINT8)options->density_unit;
  jpeg->X_density = (UINT16)options->x_density;
  jpeg->Y_density = (UINT16)options->y_density;
  jpeg_set_quality(jpeg, options->quality, TRUE);
  if (options->progressive) jpeg_simple_progression(jpeg);
  if (!options->chroma_downsampling) {
    for (int i = 0; i < jpeg->num_components; i++) {
      jpeg->comp_info[i].h_samp_factor = 1;
      jpeg->comp_info[i].v_samp_factor = 1;
    }
  }
  jpeg_start_compress(jpeg, TRUE);
  if (options->xmp_size > 0) {
    // A marker's length has 16 bits; the namespace's final zero belongs to the packet.
    size_t size = sizeof xmp_namespace + options->xmp_size;
    if (size > 65533) return 0;
    state->packet = malloc(size);
    if (state->packet == NULL) return 0;
    memcpy(state->packet, xmp_namespace, sizeof xmp_namespace);
    memcpy(state->packet + sizeof xmp_namespace, options->xmp, options->xmp_size);
    jpeg_write_marker(jpeg, JPEG_APP0 + 1, state->packet, (unsigned)size);
  }
  const size_t stride = (size_t)width * (size_t)channels;
  while (jpeg->next_scanline < jpeg->image_height) {
    JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + jpeg->next_scanline * stride);
    if (jpeg_write_scanlines(jpeg, &row, 1) != 1) return 0;
  }
  jpeg_finish_compress(jpeg);
  return 1;
}

nagare_jpeg_status nagare_jpeg_encode(
    const uint8_t *pixels, int width, int height, int channels,
    const nagare_jpeg_encode_options *options, uint8_t **output, size_t *output_size) {
  *output = NULL;
  *output_size = 0;
  if (width <= 0 || height <= 0 || (channels != 1 && channels != 3)) return NAGARE_JPEG_INVALID;
  encoder *state = calloc(1, sizeof *state);
  if (state == NULL) return NAGARE_JPEG_NO_MEMORY;
  int done = encode(state, pixels, width, height, channels, options);
  jpeg_destroy_compress(&state->jpeg);
  if (done) {
    *output = state->output;
    *output_size = state->size;
  } else {
    free(state->output);
  }
  free(state->packet);
  free(state);
  return done ? NAGARE_JPEG_OK : NAGARE_JPEG_INVALID;
}

void nagare_jpeg_free(uint8_t *output) { free(output); }
