/// The operations on single rows, and the exponential that they and attention share. Included inside a target region
/// only.
#pragma once

namespace lacuna::kernels {
namespace {

/// e^x to about 1 unit in the last place or two; exactly 1 at 0, and exactly 0 below -87 (and at minus infinity).
/// x = n ln 2 + r with |r| <= ln 2 / 2, then a polynomial in r (Cephes' coefficients for expf) and an exponent shift.
inline F f_exp(F x) {
  const F lowest = f_set(-87.0f);
  const F clamped = f_max(f_min(x, f_set(88.0f)), lowest);
  const I n = i_nearest(f_mul(clamped, f_set(1.44269504f)));
  const F whole = f_from_int(n);
  F r = f_fnma(whole, f_set(0.693359375f), clamped);
  r = f_fnma(whole, f_set(-2.12194440e-4f), r);
  F p = f_set(1.9875691500e-4f);
  p = f_fma(p, r, f_set(1.3981999507e-3f));
  p = f_fma(p, r, f_set(8.3334519073e-3f));
  p = f_fma(p, r, f_set(4.1665795894e-2f));
  p = f_fma(p, r, f_set(1.6666665459e-1f));
  p = f_fma(p, r, f_set(5.0000001201e-1f));
  p = f_fma(p, f_mul(r, r), f_add(r, f_set(1.0f)));
  return f_zero_below(x, lowest, f_scale(p, n));
}

/// The sum of 16 bytes: of their distances from -128, which are unsigned and have an instruction.
inline int32_t sum_bytes(__m128i q) {
  const __m128i sums = _mm_sad_epu8(_mm_xor_si128(q, _mm_set1_epi8(-128)), _mm_setzero_si128());
  return _mm_cvtsi128_si32(sums) + _mm_extract_epi16(sums, 4) - 16 * 128;
}

/// 32 inputs in registers.
constexpr int kBlockVectors = 2 * kHalves;

/// Quantises x; leaves what the quantisation lost in x, if asked to. Nothing is read again that was just written:
/// pieces that were stored apart are slow to load as one.
template <bool kLeaveRest>
[[gnu::always_inline]] inline void quantise_block(F (&x)[kBlockVectors], ActivationBlock& out) {
  F largest = f_zero();
  for (const F& part : x) largest = f_max(largest, f_abs(part));
  const float maximum = f_reduce_max(largest);
  const F inverse = f_set(maximum > 0 ? 127.0f / maximum : 0.0f);
  out.d = maximum / 127.0f;
  int32_t half_sum[2];
  for (int half = 0; half < 2; ++half) {
    I q[kHalves];
    for (int h = 0; h < kHalves; ++h) {
      F& part = x[half * kHalves + h];
      q[h] = i_nearest(f_mul(part, inverse));
      if constexpr (kLeaveRest) part = f_fnma(f_set(out.d), f_from_int(q[h]), part);
    }
    const __m128i bytes = i_to_bytes(q);
    _mm_store_si128(reinterpret_cast<__m128i*>(out.q) + half, bytes);
    half_sum[half] = sum_bytes(bytes);
  }
  out.sum = half_sum[0] + half_sum[1];
  out.d_sum = out.d * static_cast<float>(out.sum);
  out.half_sum[0] = static_cast<int16_t>(half_sum[0]);
  out.half_sum[1] = static_cast<int16_t>(half_sum[1]);
}

inline void load_block(const float* at, F (&x)[kBlockVectors]) {
  for (int i = 0; i < kBlockVectors; ++i) x[i] = f_load(at + i * kLanes);
}

void quantise_row(const float* x, int64_t cols, ActivationBlock* out, int64_t stride) {
  for (int64_t i = 0; i < cols; i += 32, out += stride) {
    F block[kBlockVectors];
    load_block(x + i, block);
    quantise_block<false>(block, *out);
  }
}

inline float sum_of_squares(const float* x, int64_t cols) {
  F squares[2] = {f_zero(), f_zero()};
  int64_t i = 0;
  for (; i + 2 * kLanes <= cols; i += 2 * kLanes) {
    const F a = f_load(x + i);
    const F b = f_load(x + i + kLanes);
    squares[0] = f_fma(a, a, squares[0]);
    squares[1] = f_fma(b, b, squares[1]);
  }
  float sum = f_reduce_add(f_add(squares[0], squares[1]));
  for (; i < cols; ++i) sum += x[i] * x[i];
  return sum;
}

/// The rounding error of a block is a part of its largest input, so most of a row's error comes from the few blocks with
/// large ones. A second term for those alone leaves a seventh of the divergence (smollm2-135m, docs/performance.md).
void quantise_row_twice(const float* x, int64_t cols, const SecondTerms& second, ActivationBlock* out, int64_t stride) {
  constexpr float kLarge = kLargeInput / 127;
  const float limit = kLarge * __builtin_sqrtf(sum_of_squares(x, cols) / static_cast<float>(cols));
  for (int64_t b = 0; b < cols / 32; ++b) {
    F block[kBlockVectors];
    load_block(x + b * 32, block);
    ActivationBlock& first = out[b * stride];
    quantise_block<true>(block, first);
    const bool large = first.d > limit;
    second.marks[b * second.marks_stride] = large ? kMarked : 0;
    if (!large) continue;
    quantise_block<false>(block, second.blocks[b * stride]);
    first.d_sum += second.blocks[b * stride].d_sum;
  }
}

void rms_norm_row(const float* x, const float* gain, int64_t cols, float eps, float* out) {
  const float factor = 1.0f / __builtin_sqrtf(sum_of_squares(x, cols) / static_cast<float>(cols) + eps);
  int64_t i = 0;
  for (; i + kLanes <= cols; i += kLanes) {
    f_store(out + i, f_mul(f_mul(f_load(x + i), f_set(factor)), f_load(gain + i)));
  }
  for (; i < cols; ++i) out[i] = x[i] * factor * gain[i];
}

/// count: a multiple of 16.
void swiglu(const float* gate, const float* up, int64_t count, float* out) {
  for (int64_t i = 0; i < count; i += kLanes) {
    const F g = f_load(gate + i);
    const F sigmoid = f_div(f_set(1.0f), f_add(f_set(1.0f), f_exp(f_sub(f_zero(), g))));
    f_store(out + i, f_mul(f_mul(g, sigmoid), f_load(up + i)));
  }
}

/// gelu in the form x * sigmoid(2 u): 1 + tanh(u) = 2 / (1 + e^-2u).
inline F f_gelu(F x) {
  const F cubic = f_fma(f_mul(f_mul(x, x), x), f_set(0.044715f), x);
  const F exponential = f_exp(f_mul(cubic, f_set(-2 * 0.7978845608f)));
  return f_div(x, f_add(f_set(1.0f), exponential));
}

/// count: a multiple of 16.
void geglu(const float* gate, const float* up, int64_t count, float* out) {
  for (int64_t i = 0; i < count; i += kLanes) f_store(out + i, f_mul(f_gelu(f_load(gate + i)), f_load(up + i)));
}

void gelu(float* x, int64_t count) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) f_store(x + i, f_gelu(f_load(x + i)));
  float rest[kLanes] = {};
  for (int64_t k = i; k < count; ++k) rest[k - i] = x[k];
  if (i < count) f_store(rest, f_gelu(f_load(rest)));
  for (int64_t k = i; k < count; ++k) x[k] = rest[k - i];
}

/// The variance is summed in a second pass, from the differences: it cannot cancel.
void layer_norm_row(const float* x, const float* gain, const float* bias, int64_t cols, float eps, float* out) {
  F sums = f_zero();
  int64_t i = 0;
  for (; i + kLanes <= cols; i += kLanes) sums = f_add(sums, f_load(x + i));
  float sum = f_reduce_add(sums);
  for (; i < cols; ++i) sum += x[i];
  const float mean = sum / static_cast<float>(cols);
  F squares = f_zero();
  for (i = 0; i + kLanes <= cols; i += kLanes) {
    const F difference = f_sub(f_load(x + i), f_set(mean));
    squares = f_fma(difference, difference, squares);
  }
  float square = f_reduce_add(squares);
  for (; i < cols; ++i) square += (x[i] - mean) * (x[i] - mean);
  const float factor = 1.0f / __builtin_sqrtf(square / static_cast<float>(cols) + eps);
  for (i = 0; i < cols; ++i) out[i] = (x[i] - mean) * factor * gain[i] + bias[i];
}

void rope_row(float* row, int64_t cols, int head_dim, int num_dims, bool interleaved, const float* cos,
              const float* sin) {
  const int num_pairs = num_dims / 2;
  for (float* head = row; head < row + cols; head += head_dim) {
    if (interleaved) {
      for (int i = 0; i < num_pairs; ++i) {
        const float a = head[2 * i];
        const float b = head[2 * i + 1];
        head[2 * i] = a * cos[i] - b * sin[i];
        head[2 * i + 1] = b * cos[i] + a * sin[i];
      }
      continue;
    }
    float* upper = head + num_pairs;
    int i = 0;
    for (; i + kLanes <= num_pairs; i += kLanes) {
      const F a = f_load(head + i);
      const F b = f_load(upper + i);
      const F c = f_load(cos + i);
      const F s = f_load(sin + i);
      f_store(head + i, f_fnma(b, s, f_mul(a, c)));
      f_store(upper + i, f_fma(a, s, f_mul(b, c)));
    }
    for (; i < num_pairs; ++i) {
      const float a = head[i];
      const float b = upper[i];
      head[i] = a * cos[i] - b * sin[i];
      upper[i] = b * cos[i] + a * sin[i];
    }
  }
}

/// Calls whole(j) for each vector of a row of a tile where the matrix has all 16 columns, else part(j) for each column.
template <class Whole, class Part>
[[gnu::always_inline]] inline void for_each_column(int64_t width, Whole&& whole, Part&& part) {
  if (width == kGroupRows) {
    for (int64_t j = 0; j < kGroupRows; j += kLanes) whole(j);
  } else {
    for (int64_t j = 0; j < width; ++j) part(j);
  }
}

void add_bias(float* tile, int64_t count, const float* bias, int64_t width) {
  for (int64_t i = 0; i < count; ++i, tile += kGroupRows) {
    for_each_column(
        width, [&](int64_t j) { f_store(tile + j, f_add(f_load(tile + j), f_load(bias + j))); },
        [&](int64_t j) { tile[j] += bias[j]; });
  }
}

void store_tile(const float* tile, int64_t count, int64_t width, int64_t stride, float* out) {
  for (int64_t i = 0; i < count; ++i, tile += kGroupRows, out += stride) {
    for_each_column(
        width, [&](int64_t j) { f_store(out + j, f_load(tile + j)); }, [&](int64_t j) { out[j] = tile[j]; });
  }
}

void add_tile(const float* tile, int64_t count, int64_t width, int64_t stride, float* out) {
  for (int64_t i = 0; i < count; ++i, tile += kGroupRows, out += stride) {
    for_each_column(
        width, [&](int64_t j) { f_store(out + j, f_add(f_load(out + j), f_load(tile + j))); },
        [&](int64_t j) { out[j] += tile[j]; });
  }
}

void floats_to_halves(const float* from, int64_t count, Half* to) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) f_store_halves(to + i, f_load(from + i));
  for (; i < count; ++i) to[i] = float_to_half(from[i]);
}

}  // namespace
}  // namespace lacuna::kernels
