// Vector intrinsics for the kernels. Only what clang offers as macros, or what the optimiser spoils otherwise, is wrapped.
#pragma once
#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__AVX__)
// One bit for each of eight lanes where a < b. Spelled with intrinsics from end to end: through a Swift mask type the
// comparison becomes four shuffles.
static inline __attribute__((always_inline)) int tektite_less_bits(__m256 a, __m256 b) {
  return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_LT_OQ));
}
#endif
#endif
