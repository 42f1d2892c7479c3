/// Backend: the operations of a Transformer's forward pass, on one device.
///
/// The engine composes these into a model and never touches weights, activations or KV blocks itself: weights are named by
/// WeightId, activations by Tensor, keys and values by block numbers. So a backend may repack weights, and a GPU backend
/// may keep everything on the device, without a change above this header.
///
/// Threads: one thread (the engine's) calls a backend; it may fork and join inside a call, and every call is complete, or
/// ordered before the next one, when it returns. download() waits for the result. No allocation happens after the set-up
/// calls. Shapes are the caller's duty and are checked with LACUNA_CHECK. Outputs must not alias inputs unless a comment
/// says so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/quant_blocks.h"
#include "kernels/tensor.h"
#include "kernels/weight_store.h"
#include "support/result.h"

namespace lacuna::kernels {

struct WeightId {
  int32_t index = -1;
  bool valid() const { return index >= 0; }
};

/// What a weight is registered for. A table that is also the output head is registered twice.
enum class WeightUse : uint8_t {
  matrix,  ///< linear(), linear_swiglu(); works for embed() too, but costs a repacked copy
  head,    ///< as matrix, and for best_rows(), which may cost a second, smaller copy
  table,   ///< embed() only: read from `data`, no copy
  vector,  ///< gains and biases, rows = 1; kept as f32
};

/// A matrix (or vector: rows = 1) as it lies in a model file. `data` must outlive the backend.
struct WeightSource {
  std::string_view name;  ///< for error messages
  TensorType type;
  int64_t rows;  ///< outputs
  int64_t cols;  ///< inputs; contiguous
  std::span<const std::byte> data;
  WeightUse use = WeightUse::matrix;
  /// Inputs that meet this matrix as integers keep about 15 bits instead of 8 where they are large for their row, for about
  /// a fifth more arithmetic. Narrow models need it: a few large inputs are a large part of their sums.
  bool precise_inputs = false;
};

/// The token count of a KV block (page), everywhere.
inline constexpr int kBlockTokens = 16;

/// The most inputs of Backend::best_rows() and linear_rows().
inline constexpr int kMostBestRows = 16;

struct KvCacheShape {
  int num_layers;
  int num_blocks;  ///< of each layer
  int num_kv_heads;
  int head_dim;
  /// [num_layers] where layers differ: those with a sliding window need fewer. Empty: num_blocks each.
  std::vector<int> blocks_of_layer = {};
  uint64_t bytes_per_block = 0;  ///< filled in by allocate_kv_cache()
};

/// One product of linear(): out = x · wᵀ (+ bias) (+ out).
struct LinearTarget {
  WeightId weight;          ///< [out.cols, x.cols]
  Tensor out;               ///< [x.rows, weight.rows]
  WeightId bias = {};       ///< [1, weight.rows], or none
  bool accumulate = false;  ///< add to what `out` holds (the residual stream)
};

/// The greatest products of one input with the rows of a head.
struct BestRows {
  static constexpr int kMost = 16;
  struct Row {
    int32_t row;
    float product;  ///< as linear() gives it
  };
  /// In descending order; of equal products the lowest row first.
  std::array<Row, kMost> rows{};
  int count = 0;             ///< no other row comes before these. 0: not known, linear() must tell
  float log_sum_exp = 0;     ///< of all products, a few of them exact, the others estimated
  int64_t computed_rows = 0;  ///< how many products were computed exactly
};

struct RopeParameters {
  float base = 10000.0f;
  float position_scale = 1.0f;  ///< positions are multiplied by it (linear scaling)
  int num_dims = 0;             ///< leading dimensions of a head that rotate; even
  bool interleaved = false;     ///< pairs (2i, 2i+1), as `llama`; otherwise (i, i + num_dims/2), as `qwen2`
  std::vector<float> frequency_factors = {};  ///< [num_dims/2] divisors, or empty
};

/// One sequence's share of a batch: `num_tokens` query rows from row `first_row` on, which are its last tokens.
struct AttentionSequence {
  int first_row;
  int num_tokens;
  int context_tokens;                    ///< all its tokens including these; query i is at context_tokens - num_tokens + i
  std::span<const int32_t> block_table;  ///< physical block of each kBlockTokens tokens; -1 only outside the window
};

struct AttentionParameters {
  int layer;
  int num_heads;
  int num_kv_heads;
  int head_dim;
  float scale;     ///< usually 1 / sqrt(head_dim)
  int window = 0;  ///< a query sees its last `window` tokens, itself included; 0: all
};

enum class Activation : uint8_t {
  silu,
  gelu,  ///< x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x³))), Hendrycks and Gimpel 2016
};

struct BlockCopy {
  int32_t from;
  int32_t to;
};

struct BackendOptions {
  int num_threads = 0;     ///< 0: one for each core worth using
  std::string isa = "auto";  ///< "auto", "scalar", "avx2", "avx512", "amx" (CPU)
  int max_rows = 512;      ///< the largest number of activation rows in one call
  bool pin_threads = false;
};

/// How a backend lays out its repacked weights. Two backends with the same name and version understand each other's.
struct PackedLayout {
  std::string_view name;  ///< "avx2"; empty: nothing is repacked
  uint32_t version = 0;   ///< changes whenever the bytes do
};

class Backend {
 public:
  virtual ~Backend() = default;

  /// The path that was chosen, as it is printed beside each figure: "avx2", "avx512-vnni", "amx-int8", "scalar".
  virtual std::string_view isa() const = 0;
  virtual int num_threads() const = 0;

  virtual PackedLayout packed_layout() const = 0;

  // -- Set-up ---------------------------------------------------------------------------------------------------------

  /// Before the first add_weight(): repacked weights go to `store`, which must outlive the backend, and not to memory of
  /// the backend's own. With a store that is filled, `data` of matrices is hardly read.
  virtual void keep_weights_in(WeightStore& store) = 0;

  /// Registers a weight and repacks it if the backend wants to. Errors: unsupported (type), invalid_argument (a row that
  /// is no multiple of the type's block, a size that is not the data's), exhausted.
  virtual Result<WeightId> add_weight(const WeightSource& source) = 0;
  /// Zeroed activations that live as long as the backend. Errors: exhausted.
  virtual Result<Tensor> allocate(int64_t rows, int64_t cols) = 0;
  /// Once. Errors: exhausted.
  virtual Result<KvCacheShape> allocate_kv_cache(const KvCacheShape& shape) = 0;
  /// Bytes that this backend allocated (repacked weights, activations, KV blocks), beside the mapped file.
  virtual uint64_t allocated_bytes() const = 0;

  // -- Transfers ------------------------------------------------------------------------------------------------------

  virtual void upload(std::span<const float> from, Tensor to) = 0;
  virtual void download(Tensor from, std::span<float> to) = 0;

  /// Long operations ask `stop` now and then, on the calling thread, and leave the rest of their work out once it has said
  /// yes: outputs hold anything then, and so do those of all later operations until this is called again. With null
  /// nothing is asked. Costs time where operations are short.
  virtual void stop_when(std::function<bool()> stop) = 0;
  /// Whether something was left out.
  virtual bool stopped() const = 0;

  // -- Operations, in the order of a forward pass -----------------------------------------------------------------------

  /// out[i, :] = table[tokens[i], :]
  virtual void embed(WeightId table, std::span<const int32_t> tokens, Tensor out) = 0;
  /// out = x / sqrt(mean(x²) + eps) * gain, row by row. gain [1, cols]. `out` may be `x`.
  virtual void rms_norm(Tensor x, WeightId gain, float eps, Tensor out) = 0;
  /// out = (x - mean) / sqrt(variance + eps) * gain + bias, row by row (Ba et al. 2016). gain and bias [1, cols]. `out`
  /// may be `x`.
  virtual void layer_norm(Tensor x, WeightId gain, WeightId bias, float eps, Tensor out) = 0;
  /// x *= factor
  virtual void scale(Tensor x, float factor) = 0;
  /// to += x, of the same shape.
  virtual void add(Tensor x, Tensor to) = 0;
  /// Several products of the same input, as one fork-join: Q, K and V; or one alone.
  virtual void linear(Tensor x, std::span<const LinearTarget> targets) = 0;
  /// For each row of x the greatest products with a head's rows, at less cost than linear() where `best[i].count` is not
  /// 0. The head was registered as WeightUse::head; at most kMostBestRows rows.
  virtual void best_rows(Tensor x, WeightId head, std::span<BestRows> best) = 0;
  /// out[i, j] = x[i] · weight[rows[j]]ᵀ, the values of linear(). rows ascend; out [x.rows, rows.size()]; at most
  /// kMostBestRows rows of x.
  virtual void linear_rows(Tensor x, WeightId weight, std::span<const int32_t> rows, Tensor out) = 0;
  /// out = silu(x · gateᵀ) * (x · upᵀ); gate and up [out.cols, x.cols].
  virtual void linear_swiglu(Tensor x, WeightId gate, WeightId up, Tensor out) = 0;
  /// The same with gelu in silu's place.
  virtual void linear_geglu(Tensor x, WeightId gate, WeightId up, Tensor out) = 0;
  /// x = gelu(x)
  virtual void gelu(Tensor x) = 0;
  /// Rotates x [num_tokens, num_heads * head_dim] in place; positions [num_tokens].
  virtual void rope(Tensor x, int head_dim, std::span<const int32_t> positions, const RopeParameters& parameters) = 0;
  /// Stores keys and values [num_tokens, num_kv_heads * head_dim] of a layer at slots[i] = block * kBlockTokens + offset.
  virtual void write_kv(int layer, Tensor keys, Tensor values, std::span<const int32_t> slots) = 0;
  /// Causal attention of queries [num_tokens, num_heads * head_dim] over the paged cache, into out of the same shape.
  /// The sequences' keys, those of this batch included, have been written. Rows of no sequence are left alone.
  virtual void attention(const AttentionParameters& parameters, Tensor queries,
                         std::span<const AttentionSequence> sequences, Tensor out) = 0;
  /// out[i, :] = x[rows[i], :]
  virtual void gather_rows(Tensor x, std::span<const int32_t> rows, Tensor out) = 0;
  /// Copies whole blocks, in these layers.
  virtual void copy_blocks(std::span<const BlockCopy> copies, std::span<const int> layers) = 0;
};

/// The instruction sets that this build and this machine can run, best first: for instance {"avx2", "scalar"}.
std::vector<std::string> available_isas();

/// Errors: unsupported (an isa that the machine lacks or that we do not know), invalid_argument (num_threads < 0).
Result<std::unique_ptr<Backend>> make_cpu_backend(const BackendOptions& options);

}  // namespace lacuna::kernels
