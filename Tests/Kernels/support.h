/// What the test and the benchmark of the kernels share: random numbers that are the same in every run,
/// and memory that does not forgive.
#pragma once

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t random_state = 1;

static inline uint64_t random_bits(void) {
  uint64_t z = random_state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}
/// One of `low` … `high`.
static inline int64_t random_integer(int64_t low, int64_t high) {
  return low + (int64_t)(random_bits() % (uint64_t)(high - low + 1));
}
static inline bool one_in(int64_t count) { return random_integer(1, count) == 1; }
/// Between -1 and 1: as a float holds it, and with the digits of a double.
static inline double random_real(void) { return (double)(random_bits() >> 40) * 0x1p-23 - 1; }
static inline double random_long_real(void) {
  return (double)(random_bits() >> 11) * 0x1p-52 - 1;
}

/// A piece of memory between two pages that no one may touch. What lies between it and those is filled
/// with a pattern.
typedef struct {
  unsigned char *map, *start, *end;
  size_t mapped, page;
} piece;

static piece pieces[256];
static int piece_count;

/// Memory that ends, at the next multiple of `alignment`, where no one may read; every byte of it is a
/// value that nobody would take for a result. It lives until `release`.
static void *take(int64_t bytes, int64_t alignment) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t size = ((size_t)bytes + (size_t)alignment - 1) / (size_t)alignment * (size_t)alignment;
  const size_t inner = (size + page - 1) / page * page;
  piece *p = pieces + piece_count;
  if (piece_count++ == sizeof pieces / sizeof *pieces) abort();
  p->page = page;
  p->mapped = inner + 2 * page;
  p->map = mmap(NULL, p->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  if (p->map == MAP_FAILED || mprotect(p->map, page, PROT_NONE) != 0 ||
      mprotect(p->map + page + inner, page, PROT_NONE) != 0) {
    perror("memory");
    exit(2);
  }
  p->start = p->map + page + inner - size;
  p->end = p->start + bytes;
  memset(p->map + page, 0x5a, inner);
  memset(p->start, 0x7f, (size_t)bytes);
  return p->start;
}

/// Gives back all that was taken since there were `count` pieces; false if something was written around
/// one of them.
static bool release(int count) {
  bool intact = true;
  while (piece_count > count) {
    const piece *p = pieces + --piece_count;
    for (const unsigned char *b = p->map + p->page; b < p->start; b++) intact &= *b == 0x5a;
    for (const unsigned char *b = p->end; b < p->map + p->mapped - p->page; b++)
      intact &= *b == 0x5a;
    munmap(p->map, p->mapped);
  }
  return intact;
}
