/// Products of packed weights (packed_weights.h) with activations, for every type. Included inside a target region
/// only.
///
/// For each record of 32 inputs the 8 code vectors are unpacked into registers once and then meet each activation row
/// of the tile: 8 broadcasts and 8 multiplications of bytes per row, one conversion and one fused multiply-add into the
/// row's accumulators. Unpacking is shared by up to kTileRows rows, and one row is still bound by memory, not by
/// arithmetic. The integer part is exact and the float part adds one term per record in order, so a row's result is the
/// same in any tile.
#pragma once

namespace lacuna::kernels {
namespace {

/// kBits-bit unsigned codes (4, 5 or 6) of kLanes rows and 32 inputs.
template <int kBits>
struct CodeVectors {
  static constexpr int kBytes = kBits * 64;
  I w[8];

  explicit CodeVectors(const std::byte* at) {
    const I nibble = i_set8(15);
    for (int i = 0; i < 4; ++i) {
      const I pair = i_load(at + 64 * i);
      w[i] = i_and(pair, nibble);
      w[i + 4] = i_and(i_shift_right16<4>(pair), nibble);
    }
    if constexpr (kBits == 5) add_fifth_bits(i_load(at + 256));
    if constexpr (kBits == 6) {
      add_upper_pairs<0>(i_load(at + 256));
      add_upper_pairs<4>(i_load(at + 320));
    }
  }

 private:
  void add_fifth_bits(I bits) {
    const I fifth = i_set8(16);
    w[0] = i_or(w[0], i_and(i_shift_left16<4>(bits), fifth));
    w[1] = i_or(w[1], i_and(i_shift_left16<3>(bits), fifth));
    w[2] = i_or(w[2], i_and(i_shift_left16<2>(bits), fifth));
    w[3] = i_or(w[3], i_and(i_shift_left16<1>(bits), fifth));
    w[4] = i_or(w[4], i_and(bits, fifth));
    w[5] = i_or(w[5], i_and(i_shift_right16<1>(bits), fifth));
    w[6] = i_or(w[6], i_and(i_shift_right16<2>(bits), fifth));
    w[7] = i_or(w[7], i_and(i_shift_right16<3>(bits), fifth));
  }

  template <int kFirst>
  void add_upper_pairs(I bits) {
    const I pair = i_set8(48);
    w[kFirst] = i_or(w[kFirst], i_and(i_shift_left16<4>(bits), pair));
    w[kFirst + 1] = i_or(w[kFirst + 1], i_and(i_shift_left16<2>(bits), pair));
    w[kFirst + 2] = i_or(w[kFirst + 2], i_and(bits, pair));
    w[kFirst + 3] = i_or(w[kFirst + 3], i_and(i_shift_right16<2>(bits), pair));
  }
};

/// The sums over a record, with each code's offset of 2^kOffsetBits (none: -1) taken off.
template <int kBits, int kOffsetBits>
struct UnsignedCodes {
  CodeVectors<kBits> codes;

  explicit UnsignedCodes(const std::byte* at) : codes(at) {}
  F sum(const ActivationBlock& x) const {
    I total = dot_unsigned<kBits>(codes.w, x.q);
    if constexpr (kOffsetBits >= 0) total = i_sub32(total, i_shift_left32<kOffsetBits>(i_broadcast4(&x.sum)));
    return f_from_int(total);
  }
};

struct SubScaledCodes {
  CodeVectors<6> codes;
  SubScales scales;

  SubScaledCodes(const std::byte* at, const std::byte* scales_at) : codes(at), scales(scales_at) {}
  F sum(const ActivationBlock& x) const { return scales.sum(codes.w, x); }
};

/// The blocks of up to 64 rows at one record.
struct BlockTile {
  const ActivationBlock* first;
  const ActivationBlock* second = nullptr;  // or null
  const uint8_t* marks = nullptr;           // with second
  int64_t step;                             // to the next record's
  int64_t marks_step;
  uint64_t rows;  // one bit each

  BlockTile(const Activations& x, int64_t row, int64_t count)
      : first(x.blocks + row), step(x.stride), marks_step(x.marks_stride), rows(~uint64_t{0} >> (64 - count)) {
    static_assert(kTileRows <= kMarksRead && kMarksRead == 64);
    if (!x.two_terms()) return;
    second = x.second + row;
    marks = x.marks + row;
  }
  void next() {
    first += step;
    if (second == nullptr) return;
    second += step;
    marks += marks_step;
  }
};

template <bool kHasMin, class Codes>
[[gnu::always_inline]] inline F add_block(const Codes& codes, F scale, F min, const ActivationBlock& x, F total) {
  total = f_fma(codes.sum(x), f_mul(scale, f_set(x.d)), total);
  if constexpr (kHasMin) total = f_fma(min, f_set(x.d_sum), total);
  return total;
}

/// Adds one record's share to the accumulators of each row of the tile. `out` points at this half's lanes.
template <bool kHasMin, class Codes>
[[gnu::always_inline]] inline void add_record(const Codes& codes, F scale, F min, const BlockTile& tile, int64_t count,
                                              float* out) {
  for (int64_t c = 0; c < count; ++c) {
    float* total = out + c * kGroupRows;
    f_store(total, add_block<kHasMin>(codes, scale, min, tile.first[c], f_load(total)));
  }
  if (tile.second == nullptr) return;
  // Apart from the first terms: a branch in each of their rows would be foretold wrongly as often as it matters.
  for (uint64_t rows = high_bits(tile.marks) & tile.rows; rows != 0; rows &= rows - 1) {
    const int64_t c = __builtin_ctzll(rows);
    float* total = out + c * kGroupRows;
    // The first term's sum has this one's in it.
    f_store(total, add_block<false>(codes, scale, min, tile.second[c], f_load(total)));
  }
}

inline void clear(float* out, int64_t count) {
  for (int64_t i = 0; i < count * kGroupRows; i += kLanes) f_store(out + i, f_zero());
}

/// Asks for the weights that come next but a few records: one row of activations is bound by memory, and the
/// processor's own prefetching stops short.
template <int kRecordBytes>
inline void prefetch_ahead(const std::byte* record) {
  for (int i = 0; i < kRecordBytes; i += 64) {
    _mm_prefetch(reinterpret_cast<const char*>(record) + kPrefetchDistance + i, _MM_HINT_T0);
  }
}

constexpr int kScaleBytes = kGroupRows * static_cast<int>(sizeof(Half));
constexpr int kHalfScaleBytes = kLanes * static_cast<int>(sizeof(Half));
constexpr int kVectorStep = static_cast<int>(sizeof(I));  // from one half's codes to the next half's

/// The types with blocks of 32.
template <class Codes, int kCodeBytes, bool kHasMin>
void multiply_32(const std::byte* group, const Activations& x, int64_t first, int64_t count, float* out) {
  clear(out, count);
  BlockTile tile(x, first, count);
  for (int64_t b = 0; b < x.cols / 32; ++b, tile.next()) {
    const std::byte* codes_at = group + (kHasMin ? 2 : 1) * kScaleBytes;
    prefetch_ahead<(kHasMin ? 2 : 1) * kScaleBytes + kCodeBytes>(group);
    for (int half = 0; half < kHalves; ++half) {
      const F scale = f_load_halves(group + half * kHalfScaleBytes);
      const F min = kHasMin ? f_load_halves(group + kScaleBytes + half * kHalfScaleBytes) : f_zero();
      add_record<kHasMin>(Codes(codes_at + half * kVectorStep), scale, min, tile, count, out + half * kLanes);
    }
    group = codes_at + kCodeBytes;
  }
}

/// Q4_K and Q5_K.
template <int kBits>
void multiply_k(const std::byte* group, const Activations& x, int64_t first, int64_t count, float* out) {
  using Codes = UnsignedCodes<kBits, -1>;
  clear(out, count);
  BlockTile tile(x, first, count);
  for (int64_t b = 0; b < x.cols / 256; ++b) {
    const std::byte* header = group;
    group += 2 * kScaleBytes;
    for (int j = 0; j < 8; ++j, tile.next()) {
      prefetch_ahead<2 * kGroupRows + CodeVectors<kBits>::kBytes>(group);
      for (int half = 0; half < kHalves; ++half) {
        const F d = f_load_halves(header + half * kHalfScaleBytes);
        const F dmin = f_load_halves(header + kScaleBytes + half * kHalfScaleBytes);
        const F scale = f_mul(d, f_from_int(i_load_u8(group + half * kLanes)));
        const F min = f_fnma(dmin, f_from_int(i_load_u8(group + kGroupRows + half * kLanes)), f_zero());
        const Codes codes(group + 2 * kGroupRows + half * kVectorStep);
        add_record<true>(codes, scale, min, tile, count, out + half * kLanes);
      }
      group += 2 * kGroupRows + CodeVectors<kBits>::kBytes;
    }
  }
}

void multiply_q6_k(const std::byte* group, const Activations& x, int64_t first, int64_t count, float* out) {
  clear(out, count);
  BlockTile tile(x, first, count);
  for (int64_t b = 0; b < x.cols / 256; ++b) {
    const std::byte* header = group;
    group += kScaleBytes;
    for (int j = 0; j < 8; ++j, tile.next()) {
      prefetch_ahead<2 * kGroupRows + CodeVectors<6>::kBytes>(group);
      for (int half = 0; half < kHalves; ++half) {
        const F d = f_load_halves(header + half * kHalfScaleBytes);
        const SubScaledCodes codes(group + 2 * kGroupRows + half * kVectorStep, group + half * kLanes);
        add_record<false>(codes, d, f_zero(), tile, count, out + half * kLanes);
      }
      group += 2 * kGroupRows + CodeVectors<6>::kBytes;
    }
  }
}

// -- Float types ------------------------------------------------------------------------------------------------------

struct LoadF32 {
  static constexpr int kBytes = 4;
  static F load(const std::byte* at) { return f_load(reinterpret_cast<const float*>(at)); }
};
struct LoadF16 {
  static constexpr int kBytes = 2;
  static F load(const std::byte* at) { return f_load_halves(at); }
};
struct LoadBf16 {
  static constexpr int kBytes = 2;
  static F load(const std::byte* at) { return f_load_bf16(at); }
};

/// kRows rows at once. Partial sums over 32 inputs keep the rounding errors of long rows small.
template <class Weight, int kRows>
void multiply_float_rows(const std::byte* group, const float* x, int64_t cols, float* out) {
  F total[kRows][kHalves];
  for (auto& row : total) {
    for (F& half : row) half = f_zero();
  }
  for (int64_t k = 0; k < cols;) {
    F sum[kRows][kHalves];
    for (auto& row : sum) {
      for (F& half : row) half = f_zero();
    }
    const int64_t end = k + 32 < cols ? k + 32 : cols;
    for (; k < end; ++k, group += kGroupRows * Weight::kBytes) {
      for (int half = 0; half < kHalves; ++half) {
        const F w = Weight::load(group + half * kLanes * Weight::kBytes);
        for (int r = 0; r < kRows; ++r) sum[r][half] = f_fma(w, f_set(x[r * cols + k]), sum[r][half]);
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int half = 0; half < kHalves; ++half) total[r][half] = f_add(total[r][half], sum[r][half]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int half = 0; half < kHalves; ++half) f_store(out + r * kGroupRows + half * kLanes, total[r][half]);
  }
}

template <class Weight>
void multiply_floats(const std::byte* group, const Activations& x, int64_t first, int64_t count, float* out) {
  const float* rows = x.values + first * x.cols;
  for (; count >= 4; count -= 4, rows += 4 * x.cols, out += 4 * kGroupRows) {
    multiply_float_rows<Weight, 4>(group, rows, x.cols, out);
  }
  for (; count > 0; --count, rows += x.cols, out += kGroupRows) {
    multiply_float_rows<Weight, 1>(group, rows, x.cols, out);
  }
}

MultiplyGroup multiply_group(TensorType type) {
  switch (type) {
    case TensorType::f32:
      return multiply_floats<LoadF32>;
    case TensorType::f16:
      return multiply_floats<LoadF16>;
    case TensorType::bf16:
      return multiply_floats<LoadBf16>;
    case TensorType::q4_0:
      return multiply_32<UnsignedCodes<4, 3>, 256, false>;
    case TensorType::q4_1:
      return multiply_32<UnsignedCodes<4, -1>, 256, true>;
    case TensorType::q5_0:
      return multiply_32<UnsignedCodes<5, 4>, 320, false>;
    case TensorType::q5_1:
      return multiply_32<UnsignedCodes<5, -1>, 320, true>;
    case TensorType::q8_0:
      return multiply_32<SignedCodes, 512, false>;
    case TensorType::q4_k:
      return multiply_k<4>;
    case TensorType::q5_k:
      return multiply_k<5>;
    case TensorType::q6_k:
      return multiply_q6_k;
  }
  return nullptr;
}

}  // namespace
}  // namespace lacuna::kernels
