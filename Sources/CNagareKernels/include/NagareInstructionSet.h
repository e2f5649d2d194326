#pragma once

/// Whether kernels run their portable form even where the processor has a faster one: 1 for yes.
/// For tests. Memory packed under one setting must be used under the same setting.
void nagare_kernels_use_portable(int portable);

/// The instruction set that kernels run with at the moment: "avx2" or "portable".
const char *nagare_kernels_instruction_set(void);
