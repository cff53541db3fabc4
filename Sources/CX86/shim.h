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

// Transposes blocks of 8 x 8 floats and 4 x 4 doubles; strides in numbers.
static inline __attribute__((always_inline)) void tektite_transpose_ps(const float *from, long stride, float *to, long out) {
  // Rows i and i + 4 side by side, so that what is left to do stays within halves.
  __m256 a[8];
  for (int k = 0; k < 8; k++)
    a[k] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from + (k & 3) * stride + (k & 4))),
                                _mm_loadu_ps(from + ((k & 3) + 4) * stride + (k & 4)), 1);
  for (int k = 0; k < 8; k += 4) {
    __m256 p = _mm256_unpacklo_ps(a[k], a[k + 1]), q = _mm256_unpackhi_ps(a[k], a[k + 1]);
    __m256 r = _mm256_unpacklo_ps(a[k + 2], a[k + 3]), s = _mm256_unpackhi_ps(a[k + 2], a[k + 3]);
    _mm256_storeu_ps(to + k * out, _mm256_shuffle_ps(p, r, 0x44));
    _mm256_storeu_ps(to + (k + 1) * out, _mm256_shuffle_ps(p, r, 0xee));
    _mm256_storeu_ps(to + (k + 2) * out, _mm256_shuffle_ps(q, s, 0x44));
    _mm256_storeu_ps(to + (k + 3) * out, _mm256_shuffle_ps(q, s, 0xee));
  }
}
static inline __attribute__((always_inline)) void tektite_transpose_pd(const double *from, long stride, double *to, long out) {
  for (int k = 0; k < 4; k += 2) {
    __m256d a = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(from + k)), _mm_loadu_pd(from + 2 * stride + k), 1);
    __m256d b = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(from + stride + k)), _mm_loadu_pd(from + 3 * stride + k), 1);
    _mm256_storeu_pd(to + k * out, _mm256_unpacklo_pd(a, b));
    _mm256_storeu_pd(to + (k + 1) * out, _mm256_unpackhi_pd(a, b));
  }
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
