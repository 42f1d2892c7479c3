/// Products of many activation rows by the matrix unit (AMX int8). Included inside a target region only, after
/// multiply_inl.h.
///
/// A record's 8 code vectors, unpacked to signed bytes, are a tile of 8 rows of 64 bytes as they are: four inputs of 16
/// matrix rows in each. 16 activation rows of 32 inputs are the other tile, read from the blocks with their own stride. One
/// instruction multiplies the two into 16 x 16 exact sums; vector code then scales the sums and adds them to the
/// accumulators, while the unit works on the next record. The float operations and their order are those of
/// multiply_inl.h, so a row's result is bit for bit the same by either.
#pragma once

namespace lacuna::kernels {
namespace {

constexpr int kUnitRows = 16;                               // activation rows of a tile
constexpr int kSumBytes = kUnitRows * kGroupRows * 4;       // one tile of sums
constexpr int kCodeTileBytes = 8 * 64;

/// The shapes of the tiles, in the form that the processor loads: 0 to 3 sums, 4 and 5 activations, 6 and 7 codes.
struct alignas(64) TileShapes {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 32, 32, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 8, 8};
};
static_assert(sizeof(TileShapes) == 64);
constexpr TileShapes kTileShapes;

/// The tiles hold these shapes while it lives. Left in their first state, they cost a thread switch nothing.
class TileScope {
 public:
  TileScope() { _tile_loadconfig(&kTileShapes); }
  ~TileScope() { _tile_release(); }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;
};

/// The compiler does not know that tile loads read memory.
inline void finish_stores() {
  __asm__ volatile("" ::: "memory");
}

/// The codes of a record in kBits bits, less their offset.
template <int kBits, int kOffset>
[[gnu::always_inline]] inline void unpack(const std::byte* at, I (&signed_codes)[8]) {
  const CodeVectors<kBits> codes(at);
  for (int i = 0; i < 8; ++i) {
    signed_codes[i] = kOffset == 0 ? codes.w[i] : _mm512_sub_epi8(codes.w[i], i_set8(static_cast<int8_t>(kOffset)));
  }
}

/// What a record's sums are multiplied by, for its 16 matrix rows.
template <class Reader>
struct Scales {
  F scale;
  F min;            // with minimums
  F first, second;  // with two parts
};

/// Readers walk over the records of a group: codes and scales in the terms of multiply_inl.h.
template <int kBits, int kOffset, bool kWithMin>
struct Reader32 {
  static constexpr bool kHasMin = kWithMin;
  static constexpr int kParts = 1;
  const std::byte* at;

  Scales<Reader32> next(I (&codes)[8]) {
    constexpr int kScalesBytes = (kHasMin ? 2 : 1) * kScaleBytes;
    prefetch_ahead<kScalesBytes + kBits * 64>(at);
    Scales<Reader32> scales{};
    scales.scale = f_load_halves(at);
    if constexpr (kHasMin) scales.min = f_load_halves(at + kScaleBytes);
    at += kScalesBytes;
    if constexpr (kBits == 8) {
      for (int i = 0; i < 8; ++i) codes[i] = i_load(at + 64 * i);
    } else {
      unpack<kBits, kOffset>(at, codes);
    }
    at += kBits * 64;
    return scales;
  }
};

/// Q4_K and Q5_K.
template <int kBits>
struct ReaderK {
  static constexpr bool kHasMin = true;
  static constexpr int kParts = 1;
  const std::byte* at;
  F d, dmin;
  int record = 0;

  Scales<ReaderK> next(I (&codes)[8]) {
    if (record++ % 8 == 0) {
      d = f_load_halves(at);
      dmin = f_load_halves(at + kScaleBytes);
      at += 2 * kScaleBytes;
    }
    prefetch_ahead<2 * kGroupRows + kBits * 64>(at);
    Scales<ReaderK> scales{};
    scales.scale = f_mul(d, f_from_int(i_load_u8(at)));
    scales.min = f_fnma(dmin, f_from_int(i_load_u8(at + kGroupRows)), f_zero());
    unpack<kBits, 0>(at + 2 * kGroupRows, codes);
    at += 2 * kGroupRows + kBits * 64;
    return scales;
  }
};

struct ReaderQ6K {
  static constexpr bool kHasMin = false;
  static constexpr int kParts = 2;
  const std::byte* at;
  F d;
  int record = 0;

  Scales<ReaderQ6K> next(I (&codes)[8]) {
    if (record++ % 8 == 0) {
      d = f_load_halves(at);
      at += kScaleBytes;
    }
    prefetch_ahead<2 * kGroupRows + 6 * 64>(at);
    Scales<ReaderQ6K> scales{};
    scales.scale = d;
    scales.first = f_from_int(i_load_s8(at));
    scales.second = f_from_int(i_load_s8(at + kGroupRows));
    unpack<6, 32>(at + 2 * kGroupRows, codes);
    at += 2 * kGroupRows + 6 * 64;
    return scales;
  }
};

/// Some records of a group, unpacked for all row tiles of a call.
template <class Reader>
struct UnpackedRecords {
  static constexpr int kParts = Reader::kParts;
  static constexpr int kRecords = 32 / kParts;  // they fit in the first-level cache

  alignas(64) std::byte codes[kRecords][kParts * kCodeTileBytes];
  Scales<Reader> scales[kRecords];

  /// Of two parts, each has zeros in the other's place.
  UnpackedRecords() {
    if constexpr (kParts == 2) std::memset(codes, 0, sizeof(codes));
  }

  void fill(Reader& reader, int64_t count) {
    for (int64_t b = 0; b < count; ++b) {
      I unpacked[8];
      scales[b] = reader.next(unpacked);
      for (int i = 0; i < 8; ++i) {
        _mm512_store_si512(codes[b] + 64 * i + (kParts == 2 && i >= 4 ? kCodeTileBytes : 0), unpacked[i]);
      }
    }
  }
};

/// The tiles of sums, in turn: a product is stored only when its tile's turn comes again, because a store right behind its
/// product holds up the next one.
template <int kParts>
constexpr int kTurns = 4 / kParts;

/// Multiplies 16 activation rows and a record's codes into the tiles of a turn.
template <int kParts, int kTurn>
[[gnu::always_inline]] inline void multiply_turn(const ActivationBlock* x, const std::byte* codes) {
  constexpr long kStride = sizeof(ActivationBlock);
  if constexpr (kParts == 2) {
    _tile_loadd(6, codes, 64);
    _tile_loadd(7, codes + kCodeTileBytes, 64);
    if constexpr (kTurn == 0) {
      _tile_loadd(4, x, kStride);
      _tile_zero(0);
      _tile_dpbssd(0, 4, 6);
      _tile_zero(1);
      _tile_dpbssd(1, 4, 7);
    } else {
      _tile_loadd(5, x, kStride);
      _tile_zero(2);
      _tile_dpbssd(2, 5, 6);
      _tile_zero(3);
      _tile_dpbssd(3, 5, 7);
    }
  } else if constexpr (kTurn % 2 == 0) {
    _tile_loadd(6, codes, 64);
    _tile_loadd(4, x, kStride);
    if constexpr (kTurn == 0) {
      _tile_zero(0);
      _tile_dpbssd(0, 4, 6);
    } else {
      _tile_zero(2);
      _tile_dpbssd(2, 4, 6);
    }
  } else {
    _tile_loadd(7, codes, 64);
    _tile_loadd(5, x, kStride);
    if constexpr (kTurn == 1) {
      _tile_zero(1);
      _tile_dpbssd(1, 5, 7);
    } else {
      _tile_zero(3);
      _tile_dpbssd(3, 5, 7);
    }
  }
}

/// Stores the sums of a turn.
template <int kParts, int kTurn>
[[gnu::always_inline]] inline void store_turn(std::byte* sums) {
  if constexpr (kTurn * kParts == 0) _tile_stored(0, sums, 64);
  if constexpr (kTurn * kParts == 1) _tile_stored(1, sums, 64);
  if constexpr (kTurn * kParts == 2) _tile_stored(2, sums, 64);
  if constexpr (kTurn * kParts == 3) _tile_stored(3, sums, 64);
  if constexpr (kParts == 2 && kTurn == 0) _tile_stored(1, sums + kSumBytes, 64);
  if constexpr (kParts == 2 && kTurn == 1) _tile_stored(3, sums + kSumBytes, 64);
}

/// Adds sums, scaled, to the accumulators of 16 rows.
template <class Reader>
[[gnu::always_inline]] inline void add_sums(const Scales<Reader>& of, const ActivationBlock* x, const std::byte* sums,
                                            F (&total)[kUnitRows]) {
  const F scale = of.scale;
#pragma GCC unroll 16
  for (int r = 0; r < kUnitRows; ++r) {
    F sum = f_from_int(i_load(sums + 64 * r));
    if constexpr (Reader::kParts == 2) {
      sum = f_fma(sum, of.first, f_mul(f_from_int(i_load(sums + kSumBytes + 64 * r)), of.second));
    }
    total[r] = f_fma(sum, f_mul(scale, f_set(x[r].d)), total[r]);
    if constexpr (Reader::kHasMin) total[r] = f_fma(of.min, f_set(x[r].d_sum), total[r]);
  }
}

/// The share of some records in the products of 16 activation rows.
template <class Reader>
class TileProduct {
 public:
  /// `x`: the blocks of the first record; `stride`: to the next record's.
  TileProduct(const UnpackedRecords<Reader>& records, int64_t num_records, const ActivationBlock* x, int64_t stride)
      : records_(records), count_(num_records), x_(x), stride_(stride) {}

  /// Adds it to out [16, 16].
  void add_to(float* out) {
    F total[kUnitRows];
#pragma GCC unroll 16
    for (int r = 0; r < kUnitRows; ++r) total[r] = f_load(out + r * kGroupRows);
    const int64_t end = count_ + kLag;
    for (int64_t b = 0; b < end; b += kTurns<kParts>) {
      step<0>(b, total);
      if (b + 1 < end) step<1>(b + 1, total);
      if constexpr (kParts == 1) {
        if (b + 2 < end) step<2>(b + 2, total);
        if (b + 3 < end) step<3>(b + 3, total);
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < kUnitRows; ++r) f_store(out + r * kGroupRows, total[r]);
  }

 private:
  static constexpr int kParts = Reader::kParts;
  /// So many records after its product is started, a record's sums are added: nobody waits for them then.
  static constexpr int kLag = kTurns<kParts> + 1;

  /// The product of record b, the store of the one that had its tiles, and the sums of one before.
  template <int kTurn>
  [[gnu::always_inline]] void step(int64_t b, F (&total)[kUnitRows]) {
    constexpr int kStoreLag = kTurns<kParts>;
    if (b >= kStoreLag && b < count_ + kStoreLag) store_turn<kParts, kTurn>(sums_[(b - kStoreLag) % 2]);
    if (b < count_) multiply_turn<kParts, kTurn>(x_ + b * stride_, records_.codes[b]);
    if (b >= kLag) {
      const int64_t ready = b - kLag;
      add_sums<Reader>(records_.scales[ready], x_ + ready * stride_, sums_[ready % 2], total);
    }
  }

  const UnpackedRecords<Reader>& records_;
  const int64_t count_;
  const ActivationBlock* const x_;
  const int64_t stride_;
  alignas(64) std::byte sums_[2][kParts * kSumBytes];
};

/// Whole tiles by the matrix unit, the rows that are left by kRest; and by kRest all rows with second terms, which it can
/// leave out row by row and the unit cannot: smollm2's prefill took 1.2 times as long by tiles.
template <class Reader, MultiplyGroup kRest>
void multiply_by_tiles(const std::byte* group, const Activations& x, int64_t first, int64_t count, float* out) {
  const int64_t num_tiles = x.two_terms() ? 0 : count / kUnitRows;
  if (num_tiles > 0) {
    const TileScope scope;
    UnpackedRecords<Reader> records;
    Reader reader{};
    reader.at = group;
    clear(out, num_tiles * kUnitRows);
    for (int64_t b = 0; b < x.cols / 32; b += records.kRecords) {
      const int64_t left = x.cols / 32 - b;
      const int64_t size = left < records.kRecords ? left : records.kRecords;
      records.fill(reader, size);
      finish_stores();
      for (int64_t t = 0; t < num_tiles; ++t) {
        const ActivationBlock* rows = x.blocks + b * x.stride + first + t * kUnitRows;
        TileProduct<Reader>(records, size, rows, x.stride).add_to(out + t * kUnitRows * kGroupRows);
      }
    }
  }
  const int64_t done = num_tiles * kUnitRows;
  if (done < count) kRest(group, x, first + done, count - done, out + done * kGroupRows);
}

MultiplyGroup multiply_group_by_tiles(TensorType type) {
  switch (type) {
    case TensorType::f32:
    case TensorType::f16:
    case TensorType::bf16:
      return multiply_group(type);
    case TensorType::q4_0:
      return multiply_by_tiles<Reader32<4, 8, false>, multiply_32<UnsignedCodes<4, 3>, 256, false>>;
    case TensorType::q4_1:
      return multiply_by_tiles<Reader32<4, 0, true>, multiply_32<UnsignedCodes<4, -1>, 256, true>>;
    case TensorType::q5_0:
      return multiply_by_tiles<Reader32<5, 16, false>, multiply_32<UnsignedCodes<5, 4>, 320, false>>;
    case TensorType::q5_1:
      return multiply_by_tiles<Reader32<5, 0, true>, multiply_32<UnsignedCodes<5, -1>, 320, true>>;
    case TensorType::q8_0:
      return multiply_by_tiles<Reader32<8, 0, false>, multiply_32<SignedCodes, 512, false>>;
    case TensorType::q4_k:
      return multiply_by_tiles<ReaderK<4>, multiply_k<4>>;
    case TensorType::q5_k:
      return multiply_by_tiles<ReaderK<5>, multiply_k<5>>;
    case TensorType::q6_k:
      return multiply_by_tiles<ReaderQ6K, multiply_q6_k>;
  }
  return nullptr;
}

}  // namespace
}  // namespace lacuna::kernels
