/// The engine's hot loops.
///
/// Common to all of them:
/// - Tensors are dense and row-major; pictures are NHWC, filters HWIO.
/// - A function computes one task, that is one fixed part of an operation's output, in the calling
///   thread. How many tasks there are depends on the shape alone, and the order of every sum is
///   fixed, so that results do not depend on how many threads share the tasks.
/// - Scratch memory comes from the caller, 64-byte aligned, and holds nothing between calls unless
///   a comment says so.
/// - Sizes are validated by the caller: every extent is at least 1 unless a comment says that it
///   may be 0, and no product of extents overflows.
/// - `f32` and `f64` in a name stand for `float` and `double`.
#pragma once

#include "NagareArithmetic.h"
#include "NagareColumns.h"
#include "NagareContrast.h"
#include "NagareConvolution.h"
#include "NagareDepthwiseConvolution.h"
#include "NagareGemm.h"
#include "NagareInstructionSet.h"
#include "NagareOptimizers.h"
#include "NagarePeak.h"
#include "NagarePooling.h"
#include "NagareReduction.h"
#include "NagareRelu.h"
#include "NagareResize.h"
#include "NagareTranscendental.h"
#include "NagareTranspose.h"
#include "nagare_crc32c.h"
#include "nagare_processors.h"
