/// The vector vocabulary of the algorithms, for AVX2 + FMA + F16C. Included inside a target region only.
///
/// F holds kLanes floats and I the same bytes as integers; a group's 16 rows are kHalves vectors. The integer products
/// use vpmaddubsw, whose 16-bit sums saturate: how many may be added before they are widened follows from the codes'
/// width.
#pragma once

namespace lacuna::kernels {
namespace {

using F = __m256;
using I = __m256i;
constexpr int kLanes = 8;
constexpr int kHalves = 2;
constexpr int kPrefetchDistance = 2048;  // bytes of weights; measured (Sapphire Rapids: a fifth faster than 1024)

inline F f_zero() {
  return _mm256_setzero_ps();
}
inline F f_set(float x) {
  return _mm256_set1_ps(x);
}
inline F f_load(const float* p) {
  return _mm256_loadu_ps(p);
}
inline void f_store(float* p, F x) {
  _mm256_storeu_ps(p, x);
}
inline F f_add(F a, F b) {
  return _mm256_add_ps(a, b);
}
inline F f_sub(F a, F b) {
  return _mm256_sub_ps(a, b);
}
inline F f_mul(F a, F b) {
  return _mm256_mul_ps(a, b);
}
inline F f_div(F a, F b) {
  return _mm256_div_ps(a, b);
}
inline F f_max(F a, F b) {
  return _mm256_max_ps(a, b);
}
inline F f_min(F a, F b) {
  return _mm256_min_ps(a, b);
}
inline F f_fma(F a, F b, F c) {
  return _mm256_fmadd_ps(a, b, c);
}  // a * b + c
inline F f_fnma(F a, F b, F c) {
  return _mm256_fnmadd_ps(a, b, c);
}  // c - a * b
inline F f_abs(F a) {
  return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}
inline F f_from_int(I x) {
  return _mm256_cvtepi32_ps(x);
}
inline I i_nearest(F x) {
  return _mm256_cvtps_epi32(x);
}
inline float f_first(F x) {
  return _mm256_cvtss_f32(x);
}

inline float f_reduce_max(F x) {
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}
inline float f_reduce_add(F x) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

/// `result` where x >= limit, else 0.
inline F f_zero_below(F x, F limit, F result) {
  return _mm256_and_ps(result, _mm256_cmp_ps(x, limit, _CMP_GE_OQ));
}
/// Is every lane below the limit? Never where a lane is no number.
inline bool f_all_below(F x, F limit) {
  return _mm256_movemask_ps(_mm256_cmp_ps(x, limit, _CMP_LT_OQ)) == 0xFF;
}
/// x * 2^n for results that are normal numbers.
inline F f_scale(F x, I n) {
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), _mm256_slli_epi32(n, 23)));
}

/// x in the lanes lo to hi (counted from lane `offset` of a longer vector), `other` elsewhere.
inline F f_keep_lanes(F x, int offset, int lo, int hi, F other) {
  const I lane = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(offset));
  const I outside =
      _mm256_or_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(lo), lane), _mm256_cmpgt_epi32(lane, _mm256_set1_epi32(hi)));
  return _mm256_blendv_ps(x, other, _mm256_castsi256_ps(outside));
}

inline F f_load_halves(const void* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}
inline F f_load_bf16(const void* p) {
  return _mm256_castsi256_ps(
      _mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))), 16));
}
inline void f_store_halves(Half* p, F x) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
}
/// 16 integers of 32 bits as signed bytes, saturated.
inline __m128i i_to_bytes(const I (&x)[kHalves]) {
  const __m256i words = _mm256_packs_epi32(x[0], x[1]);  // each half of the register by itself
  const __m256i bytes = _mm256_packs_epi16(words, words);
  return _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
}
/// One bit a byte: its highest; of 64 bytes.
inline uint64_t high_bits(const uint8_t* p) {
  const auto low = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_loadu_si256(reinterpret_cast<const I*>(p))));
  const auto high = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_loadu_si256(reinterpret_cast<const I*>(p + 32))));
  return (uint64_t{high} << 32) | low;
}

inline I i_zero() {
  return _mm256_setzero_si256();
}
inline I i_load(const void* p) {
  return _mm256_loadu_si256(static_cast<const I*>(p));
}
inline I i_set32(int32_t x) {
  return _mm256_set1_epi32(x);
}
inline I i_set8(int8_t x) {
  return _mm256_set1_epi8(x);
}
inline I i_and(I a, I b) {
  return _mm256_and_si256(a, b);
}
inline I i_or(I a, I b) {
  return _mm256_or_si256(a, b);
}
inline I i_add32(I a, I b) {
  return _mm256_add_epi32(a, b);
}
inline I i_sub32(I a, I b) {
  return _mm256_sub_epi32(a, b);
}
template <int kBits>
inline I i_shift_left16(I x) {
  return _mm256_slli_epi16(x, kBits);
}
template <int kBits>
inline I i_shift_right16(I x) {
  return _mm256_srli_epi16(x, kBits);
}
template <int kBits>
inline I i_shift_left32(I x) {
  return _mm256_slli_epi32(x, kBits);
}
/// kLanes bytes, widened to 32 bits.
inline I i_load_u8(const void* p) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p)));
}
inline I i_load_s8(const void* p) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p)));
}
/// Four bytes in every lane.
inline I i_broadcast4(const void* p) {
  return _mm256_castps_si256(_mm256_broadcast_ss(static_cast<const float*>(p)));
}

inline I multiply_bytes(I codes, const int8_t* q) {
  return _mm256_maddubs_epi16(codes, i_broadcast4(q));
}

/// The dot products of kLanes rows' unsigned codes of kBits bits with 32 activations.
template <int kBits>
inline I dot_unsigned(const I (&w)[8], const int8_t* q) {
  // A 16-bit sum grows by at most 2 * 127 * (2^kBits - 1) with each product: 8 of 4 bits fit, or 4 of 5 bits.
  constexpr int kSums = kBits == 4 ? 8 : 4;
  static_assert(kSums * 2 * 127 * ((1 << kBits) - 1) <= 32767);
  const I ones = _mm256_set1_epi16(1);
  I total = i_zero();
  for (int i = 0; i < 8; i += kSums) {
    I sum = multiply_bytes(w[i], q + 4 * i);
    for (int j = i + 1; j < i + kSums; ++j) sum = _mm256_add_epi16(sum, multiply_bytes(w[j], q + 4 * j));
    total = i == 0 ? _mm256_madd_epi16(sum, ones) : i_add32(total, _mm256_madd_epi16(sum, ones));
  }
  return total;
}

/// 32 signed bytes per row: |w| meets x with w's sign. |-128| is 128 as an unsigned byte, so nothing is lost.
struct SignedCodes {
  I magnitude[8];
  const std::byte* codes;

  explicit SignedCodes(const std::byte* at) : codes(at) {
    for (int i = 0; i < 8; ++i) magnitude[i] = _mm256_abs_epi8(i_load(at + 64 * i));
  }
  F sum(const ActivationBlock& x) const {
    const I ones = _mm256_set1_epi16(1);
    I total = i_zero();
    for (int i = 0; i < 8; ++i) {
      const I activations = _mm256_sign_epi8(i_broadcast4(x.q + 4 * i), i_load(codes + 64 * i));
      total = i_add32(total, _mm256_madd_epi16(_mm256_maddubs_epi16(magnitude[i], activations), ones));
    }
    return f_from_int(total);
  }
};

/// Q6_K: two sub-blocks of 16 inputs with a signed scale each, which the widening multiplication applies for nothing.
struct SubScales {
  I first, second;  // (s, s) of each row, 16 bits each
  I offset;         // (-32 * s0, -32 * s1): meets the sums of the activations

  explicit SubScales(const std::byte* at) {
    const I s0 = i_load_s8(at);
    const I s1 = i_load_s8(at + kGroupRows);
    const I low = _mm256_set1_epi32(0xFFFF);
    first = i_or(i_and(s0, low), _mm256_slli_epi32(s0, 16));
    second = i_or(i_and(s1, low), _mm256_slli_epi32(s1, 16));
    offset = _mm256_mullo_epi16(_mm256_blend_epi16(first, second, 0xAA), _mm256_set1_epi16(-32));
  }
  F sum(const I (&w)[8], const ActivationBlock& x) const {
    I total = _mm256_madd_epi16(offset, i_broadcast4(x.half_sum));
    for (int i = 0; i < 8; i += 2) {  // 2 * 2 * 127 * 63 fits 16 bits; twice that does not
      const I pair = _mm256_add_epi16(multiply_bytes(w[i], x.q + 4 * i), multiply_bytes(w[i + 1], x.q + 4 * i + 4));
      total = i_add32(total, _mm256_madd_epi16(pair, i < 4 ? first : second));
    }
    return f_from_int(total);
  }
};

}  // namespace
}  // namespace lacuna::kernels
