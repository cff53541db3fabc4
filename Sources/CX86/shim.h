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

// A number that must be known before any later load or store. The scheduler otherwise puts off sums that only the end of a loop needs, and keeps all that they
// are made of on the stack meanwhile.
static inline __attribute__((always_inline)) __m256 tektite_settled_ps(__m256 v) {
  __asm__ volatile("" : "+x"(v) : : "memory");
  return v;
}
static inline __attribute__((always_inline)) __m256d tektite_settled_pd(__m256d v) {
  __asm__ volatile("" : "+x"(v) : : "memory");
  return v;
}
#endif
#if defined(__AVX512F__)
static inline __attribute__((always_inline)) __m512 tektite_settled_wide_ps(__m512 v) {
  __asm__ volatile("" : "+v"(v) : : "memory");
  return v;
}
static inline __attribute__((always_inline)) __m512d tektite_settled_wide_pd(__m512d v) {
  __asm__ volatile("" : "+v"(v) : : "memory");
  return v;
}
#endif
#endif
