#ifndef NAGARE_CRC32C_H
#define NAGARE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/// The CRC-32C (Castagnoli) of `count` bytes that follow bytes whose checksum is `crc`, 0 for none.
/// Uses the processor's instruction where there is one.
uint32_t nagare_crc32c(uint32_t crc, const void *bytes, size_t count);

/// The same through tables only, on any processor.
uint32_t nagare_crc32c_portable(uint32_t crc, const void *bytes, size_t count);

#endif
