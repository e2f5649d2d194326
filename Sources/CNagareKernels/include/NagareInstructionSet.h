#pragma once

/// Whether kernels run their portable form in the calling thread, even where the processor has a faster
/// one: 1 for yes. For tests; memory packed under one setting must be used under the same. The
/// environment variable NAGARE_INSTRUCTION_SET=portable says so for the whole process.
void nagare_kernels_use_portable(int portable);

/// The instruction set that kernels run with in the calling thread: "avx2", "neon" or "portable".
const char *nagare_kernels_instruction_set(void);
