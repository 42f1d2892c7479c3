/// SimdBackend: the CPU backend over a KernelTable: packs weights, splits work among threads, and keeps the scratch
/// memory.
///
/// simd_backend.cpp has the products and the operations on rows, simd_head.cpp heads of which not everything is wanted,
/// simd_attention.cpp attention.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/cpu/activations.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/kernel_table.h"
#include "kernels/cpu/packed_weights.h"

namespace lacuna::kernels {

class SimdBackend final : public CpuBackend {
 public:
  SimdBackend(const BackendOptions& options, const KernelTable& kernels);

  std::string_view isa() const override { return kernels_.name; }
  PackedLayout packed_layout() const override { return {kernels_.name, kPackedLayoutVersion}; }

 private:
  /// One matrix product: out[rows, weight.rows] = x · wᵀ.
  struct Product {
    const CpuWeight& weight;
    float* out;
    const float* bias;
    bool accumulate;
  };
  /// The running softmax of some query rows.
  struct SoftmaxState {
    float* maximum;  // [rows]
    float* total;    // [rows]
    float* out;      // [rows, padded_head_dim]
  };
  /// A worker's own memory for attention, for tiles of kAttentionRows.
  struct AttentionScratch {
    float* queries;
    int32_t* first_token;
    int32_t* last_token;
    SoftmaxState state, segment;
    float* pages;
  };
  /// Some rows of one KV head's share of a sequence, where row i stands for token i / group and query head i % group.
  struct QueryTile {
    const AttentionSequence* sequence;
    int kv_head;
    int first_row;
    int num_rows;
    int begin_token, end_token;  // what its rows see between them; whole blocks at the beginning

    int first_segment() const { return begin_token / kSegmentTokens; }
    int num_segments() const { return (end_token - 1) / kSegmentTokens + 1 - first_segment(); }
  };

  /// What a search left out.
  struct RoughRest {
    double exponentials;  // their sum, relative to the greatest product
    float highest;        // no product of them is above it
  };

  /// Fewer rows than this are not worth waking the pool for.
  static constexpr int64_t kSerialRows = 8;

  size_t kv_element_bytes() const override { return sizeof(Half); }
  Result<void> prepare_kv_cache() override;
  Result<void> pack(CpuWeight& weight) override;

  void run_rms_norm(Tensor x, const float* gain, float eps, Tensor out) override;
  void run_linear(Tensor x, std::span<const LinearTarget> targets) override;
  void run_best_rows(Tensor x, const CpuWeight& head, std::span<BestRows> best) override;
  void run_linear_rows(Tensor x, const CpuWeight& weight, std::span<const int32_t> rows, Tensor out) override;
  void run_layer_norm(Tensor x, const float* gain, const float* bias, float eps, Tensor out) override;
  void run_gelu(Tensor x) override;
  void run_gated(Tensor x, const CpuWeight& gate, const CpuWeight& up, Activation activation, Tensor out) override;
  void run_rope(Tensor x, int head_dim, const RopeParameters& parameters, const float* cos, const float* sin) override;
  void run_write_kv(int layer, Tensor keys, Tensor values, std::span<const int32_t> slots) override;
  void run_attention(const AttentionParameters& parameters, Tensor queries,
                     std::span<const AttentionSequence> sequences, Tensor out) override;

  /// Calls body(row, worker) for each row; few rows stay on the calling thread. Neighbours share cache lines in quantised
  /// activations and in pages of keys, so a worker takes many in a row.
  template <class Body>
  void for_each_row(int64_t rows, Body&& body) {
    if (rows < kSerialRows) {
      for (int64_t row = 0; row < rows; ++row) body(row, 0);
      return;
    }
    const int64_t turns = 4 * pool_.size();
    const int64_t size = ((rows + turns - 1) / turns + kBlockTokens - 1) / kBlockTokens * kBlockTokens;
    pool_.for_each((rows + size - 1) / size, [&](int64_t range, int worker) {
      for (int64_t row = range * size; row < std::min((range + 1) * size, rows); ++row) body(row, worker);
    });
  }
  Result<void> claim_activations(int64_t row_blocks, bool precise);
  /// x as the products take it; quantised if `quantise`.
  Activations prepare_activations(Tensor x, bool quantise, bool precise);
  /// Lets workers that wait ask for the matrix that is used after `last`.
  void read_ahead_of_next(const CpuWeight& last);
  /// The groups from `begin` to `end` of a matrix; `tile` is the worker's part of product_tiles_.
  void multiply_groups(const Activations& x, const Product& product, int64_t begin, int64_t end, float* tile) const;
  void multiply_gated_groups(const Activations& x, const CpuWeight& gate, const CpuWeight& up, Activation activation,
                             int64_t begin, int64_t end, float* tile, Tensor out) const;

  float* product_tile(int worker) const;

  // simd_head.cpp
  Result<void> pack_rough(CpuWeight& head);
  float* rough_products(const CpuWeight& head, int64_t row) const;
  void multiply_rough(const Activations& x, const CpuWeight& head);
  void compute_group(const Activations& x, const CpuWeight& head, int64_t row, int64_t group, int worker);
  RoughRest find_candidates(const CpuWeight& head, int64_t row, const RoughScan& wanted);
  void search_best_rows(const Activations& x, const CpuWeight& head, int64_t row, BestRows& best);
  void collect_best_rows(const CpuWeight& head, const float* products, const RoughRest& rest, float certain,
                         float greatest, BestRows& best) const;

  int64_t num_query_tiles(const AttentionParameters& parameters, const AttentionSequence& sequence) const;
  QueryTile query_tile(const AttentionParameters& parameters, std::span<const AttentionSequence> sequences,
                       int64_t index) const;
  void load_queries(const AttentionParameters& parameters, const QueryTile& tile, Tensor queries,
                    const AttentionScratch& scratch) const;
  void attend_segment(const AttentionParameters& parameters, const QueryTile& tile, int segment,
                      const AttentionScratch& scratch, const SoftmaxState& into) const;
  void attend_tile(const AttentionParameters& parameters, const QueryTile& tile, Tensor queries,
                   const AttentionScratch& scratch, Tensor out) const;
  void attend_by_segments(const AttentionParameters& parameters, Tensor queries,
                          std::span<const AttentionSequence> sequences, int64_t num_tiles, Tensor out);
  /// The number of (tile, segment) pairs; 0 if they should not or cannot be computed apart.
  int64_t count_split_segments(const AttentionParameters& parameters, std::span<const AttentionSequence> sequences,
                               int64_t num_tiles) const;
  void store_heads(const AttentionParameters& parameters, const QueryTile& tile, const SoftmaxState& from,
                   Tensor out) const;
  AttentionScratch attention_scratch(int worker) const;
  SoftmaxState partial_state(int64_t index) const;

  const KernelTable& kernels_;
  int64_t most_row_blocks_ = 0;      // of any matrix, for one row of its inputs
  int64_t most_second_blocks_ = 0;   // of any with precise inputs
  AlignedBuffer activation_blocks_;  // ActivationBlock[most_row_blocks_ * activation_stride(max_rows)]
  AlignedBuffer second_blocks_;      // the same, of most_second_blocks_
  AlignedBuffer second_marks_;       // [most_second_blocks_ * max_rows + kMarksRead]
  AlignedBuffer product_tiles_;      // [worker][2][kTileRows, kGroupRows]
  AlignedBuffer rough_products_;     // [kMostBestRows, groups of the largest head, kGroupRows]
  std::vector<BestRows::Row> rough_bests_;  // [chunk][kMostBestRows]
  std::vector<RoughScan> rough_scans_;      // [chunk]
  std::vector<uint8_t> group_flags_;        // [group]
  std::vector<int32_t> candidates_;
  AlignedBuffer attention_scratch_;  // [worker][attention_scratch_bytes_]
  size_t attention_scratch_bytes_ = 0;
  AlignedBuffer partial_states_;  // [kMaxPartials] states of kSplitRows rows
};

}  // namespace lacuna::kernels
