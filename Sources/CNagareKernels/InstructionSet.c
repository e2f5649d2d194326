#include "InstructionSet.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "NagareInstructionSet.h"

static _Thread_local int portable;

void nagare_kernels_use_portable(int value) { portable = value != 0; }

#if defined(__x86_64__)
static int chooses_avx2(void) {
  static atomic_int known = -1;
  int answer = atomic_load_explicit(&known, memory_order_relaxed);
  if (answer < 0) {
    const char *asked = getenv("NAGARE_INSTRUCTION_SET");
    __builtin_cpu_init();
    answer = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             !(asked && strcmp(asked, "portable") == 0);
    atomic_store_explicit(&known, answer, memory_order_relaxed);
  }
  return answer;
}
#endif

int nagare_use_avx2(void) {
#if defined(__x86_64__)
  return !portable && chooses_avx2();
#else
  return 0;
#endif
}

const char *nagare_kernels_instruction_set(void) {
  return nagare_use_avx2() ? "avx2" : "portable";
}
