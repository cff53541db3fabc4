// Vector intrinsics for the kernels. Only what clang offers as macros, or what the optimiser spoils otherwise, is wrapped.
#pragma once
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <stdint.h>

// Whether the processor has the SHA extensions, and the shuffles that go with them. Every system keeps their registers.
static inline int tektite_has_sha(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b >> 29 & 1)) return 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
  return (c >> 9 & 1) && (c >> 19 & 1);
}

// Blocks of 64 bytes into the state of a SHA-256 digest (FIPS 180-4, 6.2.2); k are the 64 constants.
static inline __attribute__((target("sha,sse4.1,ssse3"))) void tektite_sha256(
    uint32_t *state, const uint8_t *data, long blocks, const uint32_t *k) {
  const __m128i swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
  // The instructions want the letters as a b e f and c d g h, from high to low.
  __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
  __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
  for (; blocks > 0; blocks--, data += 64) {
    const __m128i abef0 = abef, cdgh0 = cdgh;
    __m128i w[4];
    for (int r = 0; r < 4; r++) w[r] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16 * r)), swap);
#pragma clang loop unroll(full)
    for (int r = 0; r < 16; r++) {
      // Four rounds; w holds words 4r to 4r + 15, the oldest at r.
      const __m128i x = _mm_add_epi32(w[r & 3], _mm_loadu_si128((const __m128i *)(k + 4 * r)));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, x);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(x, 0x0e));
      if (r < 12) {
        const __m128i sum = _mm_add_epi32(
            _mm_sha256msg1_epu32(w[r & 3], w[(r + 1) & 3]), _mm_alignr_epi8(w[(r + 3) & 3], w[(r + 2) & 3], 4));
        w[r & 3] = _mm_sha256msg2_epu32(sum, w[(r + 3) & 3]);
      }
    }
    abef = _mm_add_epi32(abef, abef0);
    cdgh = _mm_add_epi32(cdgh, cdgh0);
  }
  const __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

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

static inline __attribute__((always_inline)) void tektite_prefetch(const void *p) { _mm_prefetch((const char *)p, _MM_HINT_T0); }

// Sums across lanes of eight vectors of floats or four of doubles at once: number k of the result is the sum of vector k. Strides in numbers.
static inline __attribute__((always_inline)) void tektite_sums_ps(const float *from, long stride, float *to) {
  // Halves of vectors k and k + 4 side by side, then quarters, then eighths.
  __m256 a[4];
  for (int k = 0; k < 4; k++) {
    const float *p = from + k * stride, *q = p + 4 * stride;
    __m256 low = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(q), 1);
    __m256 high = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p + 4)), _mm_loadu_ps(q + 4), 1);
    a[k] = _mm256_add_ps(low, high);
  }
  __m256 b = _mm256_add_ps(_mm256_unpacklo_ps(a[0], a[1]), _mm256_unpackhi_ps(a[0], a[1]));
  __m256 c = _mm256_add_ps(_mm256_unpacklo_ps(a[2], a[3]), _mm256_unpackhi_ps(a[2], a[3]));
  _mm256_storeu_ps(to, _mm256_add_ps(_mm256_shuffle_ps(b, c, 0x44), _mm256_shuffle_ps(b, c, 0xee)));
}
static inline __attribute__((always_inline)) void tektite_sums_pd(const double *from, long stride, double *to) {
  __m256d a[2];
  for (int k = 0; k < 2; k++) {
    const double *p = from + k * stride, *q = p + 2 * stride;
    __m256d low = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(p)), _mm_loadu_pd(q), 1);
    __m256d high = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(p + 2)), _mm_loadu_pd(q + 2), 1);
    a[k] = _mm256_add_pd(low, high);
  }
  _mm256_storeu_pd(to, _mm256_add_pd(_mm256_unpacklo_pd(a[0], a[1]), _mm256_unpackhi_pd(a[0], a[1])));
}
// Rows of a table of cubics, four coefficients each, one row for each lane. Which row it is, the leading bits of y = min(r2, limit) * scale say, of which `drop` are
// left out; numbers below 1 have the row of 1. `offset` is how far y is beyond the number that these bits are. Rows are loaded whole and transposed.
static inline __attribute__((always_inline)) void tektite_rows_pd(
    const double *table, __m256d r2, __m256d limit, __m256d scale, __m256d start, long drop, void *offset, void *c0,
    void *c1, void *c2, void *c3, void *rows) {
  const __m256d y = _mm256_mul_pd(_mm256_min_pd(r2, limit), scale);
  const __m256i bits = _mm256_castpd_si256(_mm256_max_pd(y, _mm256_set1_pd(1)));
  const __m256i node = _mm256_and_si256(bits, _mm256_set1_epi64x((long long)(~0ULL << drop)));
  _mm256_storeu_pd(offset, _mm256_sub_pd(y, _mm256_castsi256_pd(node)));
  const __m256i place = _mm256_add_epi64(_mm256_srl_epi64(bits, _mm_cvtsi64_si128(drop)), _mm256_castpd_si256(start));
  _mm256_storeu_si256(rows, place);
  long long row[4] __attribute__((aligned(32)));
  _mm256_store_si256((__m256i *)row, place);
  const double *p0 = table + 4 * row[0], *p1 = table + 4 * row[1], *p2 = table + 4 * row[2], *p3 = table + 4 * row[3];
  __m256d a = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(p0)), _mm_loadu_pd(p2), 1);
  __m256d b = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(p1)), _mm_loadu_pd(p3), 1);
  __m256d c = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(p0 + 2)), _mm_loadu_pd(p2 + 2), 1);
  __m256d d = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(p1 + 2)), _mm_loadu_pd(p3 + 2), 1);
  _mm256_storeu_pd(c0, _mm256_unpacklo_pd(a, b));
  _mm256_storeu_pd(c1, _mm256_unpackhi_pd(a, b));
  _mm256_storeu_pd(c2, _mm256_unpacklo_pd(c, d));
  _mm256_storeu_pd(c3, _mm256_unpackhi_pd(c, d));
}
static inline __attribute__((always_inline)) void tektite_rows_ps(
    const float *table, __m256 r2, __m256 limit, __m256 scale, __m256 start, long drop, void *offset, void *c0,
    void *c1, void *c2, void *c3, void *rows) {
  const __m256 y = _mm256_mul_ps(_mm256_min_ps(r2, limit), scale);
  const __m256i bits = _mm256_castps_si256(_mm256_max_ps(y, _mm256_set1_ps(1)));
  const __m256i node = _mm256_and_si256(bits, _mm256_set1_epi32((int)(~0U << drop)));
  _mm256_storeu_ps(offset, _mm256_sub_ps(y, _mm256_castsi256_ps(node)));
  const __m256i place = _mm256_add_epi32(_mm256_srl_epi32(bits, _mm_cvtsi64_si128(drop)), _mm256_castps_si256(start));
  _mm256_storeu_si256(rows, place);
  int row[8] __attribute__((aligned(32)));
  _mm256_store_si256((__m256i *)row, place);
  __m256 v[4];
  for (int k = 0; k < 4; k++)
    v[k] = _mm256_insertf128_ps(
        _mm256_castps128_ps256(_mm_loadu_ps(table + 4L * row[k])), _mm_loadu_ps(table + 4L * row[k + 4]), 1);
  const __m256 a = _mm256_unpacklo_ps(v[0], v[1]), b = _mm256_unpacklo_ps(v[2], v[3]);
  const __m256 c = _mm256_unpackhi_ps(v[0], v[1]), d = _mm256_unpackhi_ps(v[2], v[3]);
  _mm256_storeu_ps(c0, _mm256_shuffle_ps(a, b, 0x44));
  _mm256_storeu_ps(c1, _mm256_shuffle_ps(a, b, 0xee));
  _mm256_storeu_ps(c2, _mm256_shuffle_ps(c, d, 0x44));
  _mm256_storeu_ps(c3, _mm256_shuffle_ps(c, d, 0xee));
}
#endif
#if defined(__AVX512F__)
// The same of sixteen vectors of floats or eight of doubles, halves first.
static inline __attribute__((always_inline)) void tektite_sums_wide_ps(const float *from, long stride, float *to) {
  float halves[8 * 8] __attribute__((aligned(32)));
  for (int i = 0; i < 16; i += 8) {
    for (int k = 0; k < 8; k++) {
      const float *p = from + (i + k) * stride;
      _mm256_store_ps(halves + 8 * k, _mm256_add_ps(_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)));
    }
    tektite_sums_ps(halves, 8, to + i);
  }
}
static inline __attribute__((always_inline)) void tektite_sums_wide_pd(const double *from, long stride, double *to) {
  double halves[4 * 4] __attribute__((aligned(32)));
  for (int i = 0; i < 8; i += 4) {
    for (int k = 0; k < 4; k++) {
      const double *p = from + (i + k) * stride;
      _mm256_store_pd(halves + 4 * k, _mm256_add_pd(_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)));
    }
    tektite_sums_pd(halves, 4, to + i);
  }
}
// Rows of eight doubles' and sixteen floats' lanes.
static inline __attribute__((always_inline)) void tektite_rows_wide_pd(
    const double *table, __m512d r2, __m512d limit, __m512d scale, __m512d start, long drop, void *offset, void *c0,
    void *c1, void *c2, void *c3, void *rows) {
  const __m512d y = _mm512_mul_pd(_mm512_min_pd(r2, limit), scale);
  const __m512i bits = _mm512_castpd_si512(_mm512_max_pd(y, _mm512_set1_pd(1)));
  const __m512i node = _mm512_and_si512(bits, _mm512_set1_epi64((long long)(~0ULL << drop)));
  _mm512_storeu_pd(offset, _mm512_sub_pd(y, _mm512_castsi512_pd(node)));
  const __m512i place = _mm512_add_epi64(_mm512_srl_epi64(bits, _mm_cvtsi64_si128(drop)), _mm512_castpd_si512(start));
  _mm512_storeu_si512(rows, place);
  long long row[8] __attribute__((aligned(64)));
  _mm512_store_si512((__m512i *)row, place);
  __m512d v[4];
  for (int k = 0; k < 4; k++)
    v[k] = _mm512_insertf64x4(
        _mm512_castpd256_pd512(_mm256_loadu_pd(table + 4 * row[k])), _mm256_loadu_pd(table + 4 * row[k + 4]), 1);
  const __m512d a = _mm512_unpacklo_pd(v[0], v[1]), b = _mm512_unpackhi_pd(v[0], v[1]);
  const __m512d c = _mm512_unpacklo_pd(v[2], v[3]), d = _mm512_unpackhi_pd(v[2], v[3]);
  const __m512i even = _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0), odd = _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2);
  _mm512_storeu_pd(c0, _mm512_permutex2var_pd(a, even, c));
  _mm512_storeu_pd(c1, _mm512_permutex2var_pd(b, even, d));
  _mm512_storeu_pd(c2, _mm512_permutex2var_pd(a, odd, c));
  _mm512_storeu_pd(c3, _mm512_permutex2var_pd(b, odd, d));
}
static inline __attribute__((always_inline)) void tektite_rows_wide_ps(
    const float *table, __m512 r2, __m512 limit, __m512 scale, __m512 start, long drop, void *offset, void *c0,
    void *c1, void *c2, void *c3, void *rows) {
  const __m512 y = _mm512_mul_ps(_mm512_min_ps(r2, limit), scale);
  const __m512i bits = _mm512_castps_si512(_mm512_max_ps(y, _mm512_set1_ps(1)));
  const __m512i node = _mm512_and_si512(bits, _mm512_set1_epi32((int)(~0U << drop)));
  _mm512_storeu_ps(offset, _mm512_sub_ps(y, _mm512_castsi512_ps(node)));
  const __m512i place = _mm512_add_epi32(_mm512_srl_epi32(bits, _mm_cvtsi64_si128(drop)), _mm512_castps_si512(start));
  _mm512_storeu_si512(rows, place);
  // Sixteen rows are too many to move to addresses one by one; two coefficients at a time are gathered as one number of 64 bits.
  const __m512i pairs = _mm512_slli_epi32(place, 1);
  const __m256i low = _mm512_castsi512_si256(pairs), high = _mm512_extracti64x4_epi64(pairs, 1);
  const double *first = (const double *)table, *second = first + 1;
  const __m512 a = _mm512_castpd_ps(_mm512_i32gather_pd(low, first, 8)), b = _mm512_castpd_ps(_mm512_i32gather_pd(high, first, 8));
  const __m512 c = _mm512_castpd_ps(_mm512_i32gather_pd(low, second, 8)), d = _mm512_castpd_ps(_mm512_i32gather_pd(high, second, 8));
  const __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
  const __m512i odd = _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
  _mm512_storeu_ps(c0, _mm512_permutex2var_ps(a, even, b));
  _mm512_storeu_ps(c1, _mm512_permutex2var_ps(a, odd, b));
  _mm512_storeu_ps(c2, _mm512_permutex2var_ps(c, even, d));
  _mm512_storeu_ps(c3, _mm512_permutex2var_ps(c, odd, d));
}
// 1/√v with an error of at most 2⁻¹⁴.
static inline __attribute__((always_inline)) __m512d tektite_inverse_root_wide_pd(__m512d v) { return _mm512_rsqrt14_pd(v); }
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
