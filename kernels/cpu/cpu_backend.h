/// CpuBackend: what the scalar and the SIMD backend have in common: set-up, ownership, transfers and the checks of
/// shapes.
///
/// The arithmetic is in the subclasses (scalar.cpp, simd_backend.cpp). Public operations check their arguments here and
/// call the subclass's run_…, which may trust them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/aligned_buffer.h"
#include "kernels/cpu/thread_pool.h"
#include "kernels/cpu/weight_arena.h"
#include "support/result.h"

namespace lacuna::kernels {

/// A registered weight. `file` is the mapped file's data, which the owner of the backend keeps alive.
struct CpuWeight {
  std::string name;
  TensorType type = TensorType::f32;
  WeightUse use = WeightUse::matrix;
  bool precise_inputs = false;
  int64_t rows = 0;
  int64_t cols = 0;
  std::span<const std::byte> file;
  std::vector<float> values;    ///< [cols], of a vector
  const std::byte* packed = nullptr;  ///< of a matrix, in the subclass's layout, or null; lies in the store or the arena
  TensorType rough_type = TensorType::f32;  ///< of a head's rough rows (rough_rows.h); f32: it has none
  const std::byte* rough = nullptr;

  const std::byte* file_row(int64_t row) const {
    return file.data() + file.size() / static_cast<size_t>(rows) * static_cast<size_t>(row);
  }
};

class CpuBackend : public Backend {
 public:
  explicit CpuBackend(const BackendOptions& options);

  int num_threads() const final { return pool_.size(); }
  PackedLayout packed_layout() const override { return {}; }
  void keep_weights_in(WeightStore& store) final;
  Result<WeightId> add_weight(const WeightSource& source) final;
  Result<Tensor> allocate(int64_t rows, int64_t cols) final;
  Result<KvCacheShape> allocate_kv_cache(const KvCacheShape& shape) final;
  uint64_t allocated_bytes() const final { return allocated_bytes_; }
  void stop_when(std::function<bool()> stop) final { pool_.stop_when(std::move(stop)); }
  bool stopped() const final { return pool_.stopped(); }

  void upload(std::span<const float> from, Tensor to) final;
  void download(Tensor from, std::span<float> to) final;

  void embed(WeightId table, std::span<const int32_t> tokens, Tensor out) final;
  void rms_norm(Tensor x, WeightId gain, float eps, Tensor out) final;
  void layer_norm(Tensor x, WeightId gain, WeightId bias, float eps, Tensor out) final;
  void scale(Tensor x, float factor) final;
  void add(Tensor x, Tensor to) final;
  void linear(Tensor x, std::span<const LinearTarget> targets) final;
  void best_rows(Tensor x, WeightId head, std::span<BestRows> best) final;
  void linear_rows(Tensor x, WeightId weight, std::span<const int32_t> rows, Tensor out) final;
  void linear_swiglu(Tensor x, WeightId gate, WeightId up, Tensor out) final;
  void linear_geglu(Tensor x, WeightId gate, WeightId up, Tensor out) final;
  void gelu(Tensor x) final;
  void rope(Tensor x, int head_dim, std::span<const int32_t> positions, const RopeParameters& parameters) final;
  void write_kv(int layer, Tensor keys, Tensor values, std::span<const int32_t> slots) final;
  void attention(const AttentionParameters& parameters, Tensor queries, std::span<const AttentionSequence> sequences,
                 Tensor out) final;
  void gather_rows(Tensor x, std::span<const int32_t> rows, Tensor out) final;
  void copy_blocks(std::span<const BlockCopy> copies, std::span<const int> layers) final;

 protected:
  /// Bytes of one key or one value vector's element in the cache.
  virtual size_t kv_element_bytes() const = 0;
  /// Called once the KV cache's shape is known.
  virtual Result<void> prepare_kv_cache() { return {}; }
  /// Fills weight.packed if the subclass wants to; called for matrices only.
  virtual Result<void> pack(CpuWeight& weight) = 0;

  virtual void run_rms_norm(Tensor x, const float* gain, float eps, Tensor out) = 0;
  virtual void run_layer_norm(Tensor x, const float* gain, const float* bias, float eps, Tensor out) = 0;
  virtual void run_linear(Tensor x, std::span<const LinearTarget> targets) = 0;
  virtual void run_best_rows(Tensor x, const CpuWeight& head, std::span<BestRows> best) = 0;
  virtual void run_linear_rows(Tensor x, const CpuWeight& weight, std::span<const int32_t> rows, Tensor out) = 0;
  virtual void run_gated(Tensor x, const CpuWeight& gate, const CpuWeight& up, Activation activation, Tensor out) = 0;
  virtual void run_gelu(Tensor x) = 0;
  /// cos and sin: [x.rows, num_dims / 2], for each row's position.
  virtual void run_rope(Tensor x, int head_dim, const RopeParameters& parameters, const float* cos,
                        const float* sin) = 0;
  virtual void run_write_kv(int layer, Tensor keys, Tensor values, std::span<const int32_t> slots) = 0;
  virtual void run_attention(const AttentionParameters& parameters, Tensor queries,
                             std::span<const AttentionSequence> sequences, Tensor out) = 0;

  const CpuWeight& weight(WeightId id) const;
  /// The matrix that was registered behind this one, and so is used next (engine/model/weights.cpp); null: none.
  const CpuWeight* next_matrix(const CpuWeight& w) const;
  const float* vector(WeightId id, int64_t cols) const;
  /// Null for an invalid id.
  const float* optional_vector(WeightId id, int64_t cols) const;
  /// Zeroed, and counted in allocated_bytes(). Errors: exhausted.
  Result<AlignedBuffer> claim(uint64_t bytes, std::string_view what);
  /// For a weight's packed form: zeroed, or filled by an earlier process; counted, never given back. Errors: those of
  /// WeightStore::claim().
  Result<WeightStore::Section> claim_packed(uint64_t bytes, std::string_view name);
  /// Gives back what claim() gave.
  void release(AlignedBuffer& buffer);

  /// The keys of one block: [num_kv_heads, kBlockTokens, head_dim]; its values follow in the same shape.
  std::byte* block_keys(int layer, int32_t block) const {
    return kv_.data() + (first_block_[static_cast<size_t>(layer)] + static_cast<size_t>(block)) * kv_block_bytes_;
  }
  size_t kv_block_bytes() const { return kv_block_bytes_; }
  std::byte* block_values(int layer, int32_t block) const { return block_keys(layer, block) + kv_block_bytes_ / 2; }

  const BackendOptions options_;
  ThreadPool pool_;
  KvCacheShape kv_shape_{};

 private:
  /// The angles of the last rope() call, which the other calls of a forward pass share.
  struct RopeAngles {
    RopeParameters parameters;
    std::vector<int32_t> positions;
    std::vector<float> frequencies;  // [num_dims / 2]
    std::vector<float> cos, sin;     // [positions, num_dims / 2]
  };
  void prepare_angles(std::span<const int32_t> positions, const RopeParameters& parameters);
  void linear_gated(Tensor x, WeightId gate, WeightId up, Activation activation, Tensor out);
  int num_blocks(int layer) const;
  void check_sequence(const AttentionParameters& parameters, const AttentionSequence& sequence, int64_t num_rows) const;

  std::vector<CpuWeight> weights_;
  WeightArena arena_;
  WeightStore* store_ = nullptr;  // null: the arena
  std::vector<AlignedBuffer> activations_;
  AlignedBuffer kv_;
  size_t kv_block_bytes_ = 0;         // of one layer
  std::vector<size_t> first_block_;   // [layers + 1], in the order of kv_
  uint64_t allocated_bytes_ = 0;
  RopeAngles angles_;
};

/// The two implementations. `options.num_threads` is at least 1.
std::unique_ptr<Backend> make_scalar_backend(const BackendOptions& options);

}  // namespace lacuna::kernels
