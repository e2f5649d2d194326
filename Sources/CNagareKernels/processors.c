#ifdef __linux__
#define _GNU_SOURCE
#include <sched.h>
#endif
#include "nagare_processors.h"

int nagare_available_processors(void) {
#ifdef __linux__
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  return 0;
}
