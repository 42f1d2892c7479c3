/// The vector vocabulary of the algorithms, for AVX-512 (F, BW, DQ, VL) with VNNI. Included inside a target region
/// only.
///
/// See vector_avx2_inl.h for the meanings. A group's 16 rows are one vector; vpdpbusd adds four products of bytes into
/// 32 bits at once, without saturation.
#pragma once

namespace lacuna::kernels {
namespace {

using F = __m512;
using I = __m512i;
constexpr int kLanes = 16;
constexpr int kHalves = 1;
constexpr int kPrefetchDistance = 3072;  // bytes of weights; measured (Sapphire Rapids: a fifth faster than 1024)

inline F f_zero() {
  return _mm512_setzero_ps();
}
inline F f_set(float x) {
  return _mm512_set1_ps(x);
}
inline F f_load(const float* p) {
  return _mm512_loadu_ps(p);
}
inline void f_store(float* p, F x) {
  _mm512_storeu_ps(p, x);
}
inline F f_add(F a, F b) {
  return _mm512_add_ps(a, b);
}
inline F f_sub(F a, F b) {
  return _mm512_sub_ps(a, b);
}
inline F f_mul(F a, F b) {
  return _mm512_mul_ps(a, b);
}
inline F f_div(F a, F b) {
  return _mm512_div_ps(a, b);
}
inline F f_max(F a, F b) {
  return _mm512_max_ps(a, b);
}
inline F f_min(F a, F b) {
  return _mm512_min_ps(a, b);
}
inline F f_fma(F a, F b, F c) {
  return _mm512_fmadd_ps(a, b, c);
}
inline F f_fnma(F a, F b, F c) {
  return _mm512_fnmadd_ps(a, b, c);
}
inline F f_abs(F a) {
  return _mm512_abs_ps(a);
}
inline F f_from_int(I x) {
  return _mm512_cvtepi32_ps(x);
}
inline I i_nearest(F x) {
  return _mm512_cvtps_epi32(x);
}
inline float f_first(F x) {
  return _mm512_cvtss_f32(x);
}
inline float f_reduce_max(F x) {
  return _mm512_reduce_max_ps(x);
}
inline float f_reduce_add(F x) {
  return _mm512_reduce_add_ps(x);
}

inline F f_zero_below(F x, F limit, F result) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, limit, _CMP_GE_OQ), result);
}
inline bool f_all_below(F x, F limit) {
  return _mm512_cmp_ps_mask(x, limit, _CMP_LT_OQ) == 0xFFFF;
}
inline F f_scale(F x, I n) {
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x), _mm512_slli_epi32(n, 23)));
}

inline F f_keep_lanes(F x, int offset, int lo, int hi, F other) {
  const I lane = _mm512_add_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                                  _mm512_set1_epi32(offset));
  const __mmask16 inside =
      _mm512_cmpge_epi32_mask(lane, _mm512_set1_epi32(lo)) & _mm512_cmple_epi32_mask(lane, _mm512_set1_epi32(hi));
  return _mm512_mask_mov_ps(other, inside, x);
}

inline F f_load_halves(const void* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
}
inline F f_load_bf16(const void* p) {
  return _mm512_castsi512_ps(
      _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(p))), 16));
}
inline void f_store_halves(Half* p, F x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
}
inline __m128i i_to_bytes(const I (&x)[kHalves]) {
  return _mm512_cvtsepi32_epi8(x[0]);
}
inline uint64_t high_bits(const uint8_t* p) {
  return _mm512_movepi8_mask(_mm512_loadu_si512(p));
}

inline I i_zero() {
  return _mm512_setzero_si512();
}
inline I i_load(const void* p) {
  return _mm512_loadu_si512(p);
}
inline I i_set32(int32_t x) {
  return _mm512_set1_epi32(x);
}
inline I i_set8(int8_t x) {
  return _mm512_set1_epi8(x);
}
inline I i_and(I a, I b) {
  return _mm512_and_si512(a, b);
}
inline I i_or(I a, I b) {
  return _mm512_or_si512(a, b);
}
inline I i_add32(I a, I b) {
  return _mm512_add_epi32(a, b);
}
inline I i_sub32(I a, I b) {
  return _mm512_sub_epi32(a, b);
}
template <int kBits>
inline I i_shift_left16(I x) {
  return _mm512_slli_epi16(x, kBits);
}
template <int kBits>
inline I i_shift_right16(I x) {
  return _mm512_srli_epi16(x, kBits);
}
template <int kBits>
inline I i_shift_left32(I x) {
  return _mm512_slli_epi32(x, kBits);
}
inline I i_load_u8(const void* p) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}
inline I i_load_s8(const void* p) {
  return _mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}
inline I i_broadcast4(const void* p) {
  int32_t word;
  std::memcpy(&word, p, 4);
  return _mm512_set1_epi32(word);
}

template <int kFirst, int kCount>
inline I dot_range(const I (&w)[8], const int8_t* q) {
  I sum = i_zero();
  for (int i = kFirst; i < kFirst + kCount; ++i) sum = _mm512_dpbusd_epi32(sum, w[i], i_broadcast4(q + 4 * i));
  return sum;
}

template <int kBits>
inline I dot_unsigned(const I (&w)[8], const int8_t* q) {
  return i_add32(dot_range<0, 4>(w, q), dot_range<4, 4>(w, q));  // two chains hide the latency
}

/// Signed bytes, moved up by 128 to be unsigned.
struct SignedCodes {
  I shifted[8];

  explicit SignedCodes(const std::byte* at) {
    for (int i = 0; i < 8; ++i) shifted[i] = _mm512_xor_si512(i_load(at + 64 * i), i_set8(-128));
  }
  F sum(const ActivationBlock& x) const {
    const I offset = i_shift_left32<7>(i_broadcast4(&x.sum));
    return f_from_int(i_sub32(dot_unsigned<8>(shifted, x.q), offset));
  }
};

/// Q6_K's two sub-blocks; the sums are below 2^24, so single precision holds them exactly.
struct SubScales {
  F first, second;

  explicit SubScales(const std::byte* at)
      : first(f_from_int(i_load_s8(at))), second(f_from_int(i_load_s8(at + kGroupRows))) {}
  F sum(const I (&w)[8], const ActivationBlock& x) const {
    const I offset0 = i_set32(32 * x.half_sum[0]);
    const I offset1 = i_set32(32 * x.half_sum[1]);
    const F sum0 = f_from_int(i_sub32(dot_range<0, 4>(w, x.q), offset0));
    const F sum1 = f_from_int(i_sub32(dot_range<4, 4>(w, x.q), offset1));
    return f_fma(sum0, first, f_mul(sum1, second));
  }
};

}  // namespace
}  // namespace lacuna::kernels
