/// Activations as the products take them: 8-bit integers with one scale per 32 inputs, or plain floats.
///
/// One scale per 32 and not per 256, because single inputs of Qwen2.5's layers are a thousand times the others: sharing
/// a scale with such an outlier would leave nothing of its neighbours.
#pragma once

#include <cstdint>

namespace lacuna::kernels {

/// 32 inputs of one row: x = d * q.
struct alignas(16) ActivationBlock {
  int8_t q[32];  ///< -127 to 127
  float d;
  float d_sum;          ///< d times the sum of q, of both terms: what a weight's minimum multiplies
  int32_t sum;          ///< of q
  int16_t half_sum[2];  ///< of q[0..15] and q[16..31]
};
static_assert(sizeof(ActivationBlock) == 48);

/// An input that is so many times its row's root mean square is large: where it lies, 8 bits are too few for narrow models.
inline constexpr float kLargeInput = 4;

/// A batch. Block b of row r lies at blocks[b * stride + r], so that a tile of rows is contiguous at each step along the
/// inputs.
///
/// With two terms, second[b * stride + r] is what that block left over, quantised again, where an input is large:
/// where marks[b * marks_stride + r] is kMarked. Elsewhere it means nothing. The products of both are added.
struct Activations {
  const float* values = nullptr;  ///< [num_rows, cols]
  const ActivationBlock* blocks = nullptr;
  const ActivationBlock* second = nullptr;  ///< or null: one term
  const uint8_t* marks = nullptr;           ///< kMarked or 0; kMarksRead bytes may be read from any of them on
  int64_t num_rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;
  int64_t marks_stride = 0;

  bool two_terms() const { return second != nullptr; }
};

inline constexpr uint8_t kMarked = 0xFF;
inline constexpr int64_t kMarksRead = 64;

/// The stride of many rows is an odd number of cache lines: by a power of two, the blocks of a tile would fall into a few
/// sets of the first-level cache and drive each other out. A few rows lie close together instead.
constexpr int64_t activation_stride(int64_t num_rows) {
  if (num_rows < 16) return num_rows;
  const int64_t fours = (num_rows + 3) / 4;  // of 48 bytes: 3 lines
  return 4 * (fours | 1);
}

}  // namespace lacuna::kernels
