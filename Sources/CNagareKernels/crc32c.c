#include "nagare_crc32c.h"

#include <pthread.h>
#include <string.h>

// The polynomial 0x1EDC6F41 with its bits reversed.
#define POLYNOMIAL 0x82F63B78u

// table[k][b] is the checksum of byte b followed by k zero bytes.
static uint32_t table[8][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void make_table(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    table[0][byte] = crc;
  }
  for (int k = 1; k < 8; k++)
    for (int byte = 0; byte < 256; byte++)
      table[k][byte] = (table[k - 1][byte] >> 8) ^ table[0][table[k - 1][byte] & 255];
}

uint32_t nagare_crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
  pthread_once(&table_once, make_table);
  const unsigned char *p = bytes;
  crc = ~crc;
  for (; count >= 8; count -= 8, p += 8) {
    crc ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    crc = table[7][crc & 255] ^ table[6][crc >> 8 & 255] ^ table[5][crc >> 16 & 255] ^
          table[4][crc >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
  }
  for (; count > 0; count--, p++) crc = (crc >> 8) ^ table[0][(crc ^ *p) & 255];
  return ~crc;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(
    uint32_t start, const void *bytes, size_t count) {
  const unsigned char *p = bytes;
  uint64_t crc = (uint32_t)~start;
  for (; count >= 8; count -= 8, p += 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    crc = __builtin_ia32_crc32di(crc, word);
  }
  uint32_t rest = (uint32_t)crc;
  for (; count > 0; count--, p++) rest = __builtin_ia32_crc32qi(rest, *p);
  return ~rest;
}

uint32_t nagare_crc32c(uint32_t crc, const void *bytes, size_t count) {
  if (__builtin_cpu_supports("sse4.2")) return crc32c_sse42(crc, bytes, count);
  return nagare_crc32c_portable(crc, bytes, count);
}

#elif defined(__aarch64__) && (defined(__linux__) || defined(__APPLE__))

#if defined(__linux__)
#include <sys/auxv.h>

#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif

static int has_crc32(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#else
// Every such processor of Apple's has it.
static int has_crc32(void) { return 1; }
#endif

__attribute__((target("crc"))) static uint32_t crc32c_armv8(
    uint32_t start, const void *bytes, size_t count) {
  const unsigned char *p = bytes;
  uint32_t crc = ~start;
  for (; count >= 8; count -= 8, p += 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    crc = __builtin_arm_crc32cd(crc, word);
  }
  for (; count > 0; count--, p++) crc = __builtin_arm_crc32cb(crc, *p);
  return ~crc;
}

uint32_t nagare_crc32c(uint32_t crc, const void *bytes, size_t count) {
  if (has_crc32()) return crc32c_armv8(crc, bytes, count);
  return nagare_crc32c_portable(crc, bytes, count);
}

#else

uint32_t nagare_crc32c(uint32_t crc, const void *bytes, size_t count) {
  return nagare_crc32c_portable(crc, bytes, count);
}

#endif
