#include "InstructionSet.h"

#include <stdatomic.h>

#include "NagareInstructionSet.h"

static atomic_int portable;

void nagare_kernels_use_portable(int value) {
  atomic_store_explicit(&portable, value != 0, memory_order_relaxed);
}

#if defined(__x86_64__)
static int processor_has_avx2(void) {
  static atomic_int known = -1;
  int answer = atomic_load_explicit(&known, memory_order_relaxed);
  if (answer < 0) {
    __builtin_cpu_init();
    answer = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    atomic_store_explicit(&known, answer, memory_order_relaxed);
  }
  return answer;
}
#endif

int nagare_use_avx2(void) {
#if defined(__x86_64__)
  return processor_has_avx2() && !atomic_load_explicit(&portable, memory_order_relaxed);
#else
  return 0;
#endif
}

const char *nagare_kernels_instruction_set(void) {
  return nagare_use_avx2() ? "avx2" : "portable";
}
