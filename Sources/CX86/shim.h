// Vector intrinsics for the kernels. Only what clang offers as macros, or under other names, is wrapped.
#pragma once
#if defined(__x86_64__)
#include <immintrin.h>
#endif
