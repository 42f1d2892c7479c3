/// KernelTable: the vector code of one instruction set, as function pointers.
///
/// Each table is filled by one source file (avx2.cpp, avx512.cpp) from the same algorithms (*_inl.h). The processor is
/// asked once, in available_kernel_tables(). All functions are pure in their arguments, and a row's result does not
/// depend on the rows beside it: that is what makes batching, threads and chunked prompts invisible in the output.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/backend.h"
#include "kernels/cpu/activations.h"
#include "kernels/quant_blocks.h"

namespace lacuna::kernels {

/// Rows of activations that a product handles in one call; its accumulators then stay in the first-level cache.
inline constexpr int64_t kTileRows = 64;
/// Query rows (a token and a head each) that attention handles in one call.
inline constexpr int kAttentionRows = 64;
/// Attention goes over the context in segments of this many tokens, each with a running maximum of its own, and merges
/// them in order. The bounds are absolute positions: the result is the same whoever computes which segment.
inline constexpr int kSegmentTokens = 512;
/// Query rows whose weights for a page lie in the scratch memory at one time.
inline constexpr int kMostAttentionRowsAtOnce = 8;
inline constexpr int kMostPagesAtOnce = 2;

/// out[i][j] = the product of row j of the packed group and activation row first + i; for i < count <= kTileRows.
using MultiplyGroup = void (*)(const std::byte* group, const Activations& x, int64_t first, int64_t count,
                               float* out /* [count, 16] */);

/// Query rows of one KV head against one segment of the context.
struct AttentionTile {
  const float* queries;  // [num_rows, head_dim], multiplied by the scale
  int num_rows;          // at most kAttentionRows
  int head_dim;
  const int32_t* first_token;  // [num_rows] the tokens that each row sees: first to last, both included;
  const int32_t* last_token;   // [num_rows] possibly none of this segment
  int begin_token, end_token;  // the part of the segment to visit; begin is a multiple of kBlockTokens
  int context_tokens;          // for how many block_table has blocks
  std::span<const int32_t> block_table;
  const std::byte* layer;             // block 0 of the layer
  size_t block_bytes;                 // of one layer
  size_t keys_offset, values_offset;  // of the head, in a block
  // Results, with `out` not yet divided by `total`:
  float* maximum;  // [num_rows]
  float* total;    // [num_rows]
  float* out;      // [num_rows, padded_head_dim]
  float* scratch;  // attention_scratch_floats(head_dim)
};

constexpr int padded_head_dim(int head_dim) {
  return (head_dim + 15) / 16 * 16;
}
constexpr size_t attention_scratch_floats(int head_dim) {
  return static_cast<size_t>(kMostPagesAtOnce * 2 * kBlockTokens) * static_cast<size_t>(padded_head_dim(head_dim)) +
         kMostAttentionRowsAtOnce * kMostPagesAtOnce * kBlockTokens;
}

/// A part of a head's rough products (rough_rows.h), in whole groups.
struct RoughScan {
  const float* products;  // [num_groups, kGroupRows]
  const float* errors;    // [num_groups, kGroupRows], of each row
  int64_t num_groups;
  float input_norm;
  float threshold;  // a row whose product plus error is not below it may be the best
  float greatest;   // any value near the greatest product
  // Results:
  uint8_t* flags;      // [num_groups] 1: some row may be the best
  float exponentials;  // sum of exp(product - greatest) over the groups without a flag
  float highest;       // the greatest bound in these
};

/// Where a row's second terms go: block b to blocks[b * stride], and kMarked to marks[b * marks_stride], or 0 if it has none.
struct SecondTerms {
  ActivationBlock* blocks;
  uint8_t* marks;
  int64_t marks_stride;
};

struct KernelTable {
  const char* name;  ///< what Backend::isa() says
  const char* isa;   ///< what BackendOptions::isa asks for

  MultiplyGroup (*multiply_group)(TensorType type);

  /// On a tile of products [count, 16], of whose columns the matrix has `width`:
  /// tile[i][j] += bias[j]
  void (*add_bias)(float* tile, int64_t count, const float* bias, int64_t width);
  /// out[i * stride + j] = tile[i][j]
  void (*store_tile)(const float* tile, int64_t count, int64_t width, int64_t stride, float* out);
  /// out[i * stride + j] += tile[i][j]
  void (*add_tile)(const float* tile, int64_t count, int64_t width, int64_t stride, float* out);

  /// Block b goes to out[b * stride].
  void (*quantise_row)(const float* x, int64_t cols, ActivationBlock* out, int64_t stride);
  /// And the second terms of the blocks with an input above kLargeInput times the row's root mean square.
  void (*quantise_row_twice)(const float* x, int64_t cols, const SecondTerms& second, ActivationBlock* out,
                             int64_t stride);
  void (*rms_norm_row)(const float* x, const float* gain, int64_t cols, float eps, float* out);
  void (*layer_norm_row)(const float* x, const float* gain, const float* bias, int64_t cols, float eps, float* out);
  /// out[i] = silu(gate[i]) * up[i]
  void (*swiglu)(const float* gate, const float* up, int64_t count, float* out);
  void (*geglu)(const float* gate, const float* up, int64_t count, float* out);
  void (*gelu)(float* x, int64_t count);  ///< in place
  /// Rotates each head of a row in place; cos and sin [num_dims / 2].
  void (*rope_row)(float* row, int64_t cols, int head_dim, int num_dims, bool interleaved, const float* cos,
                   const float* sin);
  void (*floats_to_halves)(const float* from, int64_t count, Half* to);
  void (*attend)(const AttentionTile& tile);
  /// Merges a later segment's results into an earlier one's: (maximum, total, out[padded_dim]).
  void (*merge_segment)(float* maximum, float* total, float* out, const float* other_maximum, const float* other_total,
                        const float* other_out, int num_rows, int padded_dim);
  void (*scan_rough)(RoughScan& scan);
};

/// Those that this machine can run, best first.
std::span<const KernelTable* const> available_kernel_tables();

}  // namespace lacuna::kernels
