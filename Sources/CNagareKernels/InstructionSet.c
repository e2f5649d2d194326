#include "InstructionSet.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "NagareInstructionSet.h"

static _Thread_local int portable;

void nagare_kernels_use_portable(int value) { portable = value != 0; }

static int has_fast(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#elif defined(NAGARE_FAST)
  return 1;
#else
  return 0;
#endif
}

static int chooses_fast(void) {
  static atomic_int known = -1;
  int answer = atomic_load_explicit(&known, memory_order_relaxed);
  if (answer < 0) {
    const char *asked = getenv("NAGARE_INSTRUCTION_SET");
    answer = has_fast() && !(asked && strcmp(asked, "portable") == 0);
    atomic_store_explicit(&known, answer, memory_order_relaxed);
  }
  return answer;
}

int nagare_use_fast(void) { return !portable && chooses_fast(); }

const char *nagare_kernels_instruction_set(void) {
#ifdef NAGARE_FAST
#define QUOTED(SET) #SET
#define QUOTED_EXPANDED(SET) QUOTED(SET)
  if (nagare_use_fast()) return QUOTED_EXPANDED(NAGARE_FAST);
#endif
  return "portable";
}
