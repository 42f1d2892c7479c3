#include "kernels/cpu/rough_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "support/check.h"

namespace lacuna::kernels {
namespace {

/// Quantised and packed at a time, so that little memory is needed beside the result.
constexpr int64_t kStripRows = 64 * kGroupRows;

/// Rounded up: the lengths are upper bounds.
constexpr double kRoundUp = 1 + 1e-5;

struct RowNorms {
  double weights = 0;  ///< |w|²
  double error = 0;    ///< |w - r|²
};

/// The scale that puts the greatest weight of a block on the outermost code, which is negative.
template <int kBits>
float block_scale(const float* w) {
  float least = 0, greatest = 0;
  for (int i = 0; i < 32; ++i) {
    least = std::min(least, w[i]);
    greatest = std::max(greatest, w[i]);
  }
  constexpr float kOutermost = -(1 << (kBits - 1));
  return (greatest > -least ? greatest : least) / kOutermost;
}

/// Rounds 32 weights to codes of kBits bits around the middle one; returns the squared error.
template <int kBits>
float round_block(const float* w, float d, uint8_t* codes) {
  constexpr int kMiddle = 1 << (kBits - 1);
  const float inverse = d != 0 ? 1 / d : 0;
  float error = 0;
  for (int i = 0; i < 32; ++i) {
    const float shifted = std::min(w[i] * inverse + (kMiddle + 0.5f), 2.0f * kMiddle - 1);
    const int code = shifted > 0 ? static_cast<int>(shifted) : 0;  // and 0 for what is no number
    codes[i] = static_cast<uint8_t>(code);
    const float off = w[i] - d * static_cast<float>(code - kMiddle);
    error += off * off;
  }
  return error;
}

void store_codes(const uint8_t* codes, BlockQ4_0& block) {
  for (int i = 0; i < 16; ++i) block.qs[i] = static_cast<uint8_t>((codes[i] & 15) | (codes[i + 16] << 4));
}

void store_codes(const uint8_t* codes, BlockQ5_0& block) {
  std::memset(block.qh, 0, sizeof(block.qh));
  for (int i = 0; i < 16; ++i) block.qs[i] = static_cast<uint8_t>((codes[i] & 15) | ((codes[i + 16] & 15) << 4));
  for (int i = 0; i < 32; ++i) block.qh[i / 8] = static_cast<uint8_t>(block.qh[i / 8] | ((codes[i] >> 4) << (i % 8)));
}

template <class Block, int kBits>
RowNorms round_row(const float* w, int64_t cols, std::byte* out) {
  RowNorms norms;
  for (int64_t b = 0; b < cols / 32; ++b, w += 32, out += sizeof(Block)) {
    Block block;
    block.d = float_to_half(block_scale<kBits>(w));
    uint8_t codes[32];
    norms.error += static_cast<double>(round_block<kBits>(w, half_to_float(block.d), codes));
    store_codes(codes, block);
    std::memcpy(out, &block, sizeof(block));
    float squares = 0;
    for (int i = 0; i < 32; ++i) squares += w[i] * w[i];
    norms.weights += static_cast<double>(squares);
  }
  return norms;
}

}  // namespace

TensorType rough_type(TensorType type, bool narrow) {
  const TypeTraits& traits = type_traits(type);
  const TensorType rough = narrow ? TensorType::q5_0 : TensorType::q4_0;
  const auto bits = [](const TypeTraits& t) { return 8.0 * t.block_bytes / t.block_elements; };
  const bool worth_it = takes_quantised_activations(type) && bits(traits) > bits(type_traits(rough)) + 0.75;
  return worth_it ? rough : TensorType::f32;
}

uint64_t rough_errors_offset(TensorType rough, int64_t rows, int64_t cols) {
  return packed_group_bytes(rough, cols) * static_cast<uint64_t>(num_groups(rows));
}

uint64_t rough_bytes(TensorType rough, int64_t rows, int64_t cols) {
  return rough_errors_offset(rough, rows, cols) +
         static_cast<uint64_t>(num_groups(rows) + 1) * kGroupRows * sizeof(float);
}

void pack_rough_rows(TensorType type, TensorType rough, int64_t rows, int64_t cols, const std::byte* file,
                     std::byte* out, ThreadPool& pool) {
  LACUNA_CHECK(rough == TensorType::q4_0 || rough == TensorType::q5_0);
  const auto row_bytes = [cols](TensorType t) {
    return static_cast<uint64_t>(cols) / type_traits(t).block_elements * type_traits(t).block_bytes;
  };
  auto* errors = reinterpret_cast<float*>(out + rough_errors_offset(rough, rows, cols));
  std::vector<std::byte> strip(row_bytes(rough) * kStripRows);
  std::vector<float> weights(static_cast<size_t>(cols) * static_cast<size_t>(pool.size()));
  std::vector<double> norms(kStripRows);
  double greatest = 0;
  for (int64_t first = 0; first < rows; first += kStripRows) {
    const int64_t count = std::min(kStripRows, rows - first);
    pool.for_each(count, [&](int64_t i, int worker) {
      float* row = weights.data() + cols * worker;
      dequantize(type, file + row_bytes(type) * static_cast<uint64_t>(first + i), static_cast<size_t>(cols), row);
      std::byte* to = strip.data() + row_bytes(rough) * static_cast<uint64_t>(i);
      const RowNorms of_row = rough == TensorType::q4_0 ? round_row<BlockQ4_0, 4>(row, cols, to)
                                                        : round_row<BlockQ5_0, 5>(row, cols, to);
      errors[first + i] = static_cast<float>(std::sqrt(of_row.error) * kRoundUp);
      norms[static_cast<size_t>(i)] = of_row.weights;
    });
    greatest = std::max(greatest, *std::max_element(norms.begin(), norms.begin() + count));
    pack_matrix(rough, count, cols, strip.data(), out + packed_group_bytes(rough, cols) *
                                                            static_cast<uint64_t>(first / kGroupRows), pool);
  }
  errors[num_groups(rows) * kGroupRows] = static_cast<float>(std::sqrt(greatest) * kRoundUp);
}

}  // namespace lacuna::kernels
