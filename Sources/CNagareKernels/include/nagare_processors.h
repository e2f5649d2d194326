#pragma once

/// Processors that the process may run on, or 0 where the system does not tell.
int nagare_available_processors(void);

/// Tells the processor that the thread waits in a loop.
static inline void nagare_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
