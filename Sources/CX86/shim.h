// Vector intrinsics for the kernels. Only what clang offers as macros is wrapped; everything else is imported as it is.
#pragma once
#if defined(__x86_64__)
#include <immintrin.h>
#endif
