#pragma once

#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>

// Decodes what libjpeg has read the header of into rows of interleaved pixels: the same bytes as
// libjpeg's fast DCT gives, in two thirds of the time, which mostly goes into the codes. 0 for what is
// not plain: other than whole 8-bit pictures in one scan of Huffman's codes without restarts, grey or
// of three components, the colour of the same size, or interpolated from half the width or half of
// both. `jpeg` is then as before, and `pixels` may hold anything.
int nagare_jpeg_decode_plain(j_decompress_ptr jpeg, uint8_t *pixels);
