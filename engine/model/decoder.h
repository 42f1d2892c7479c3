/// Decoder: the forward pass of a decoder-only Transformer (Vaswani et al. 2017; Touvron et al. 2023 for this form), in
/// the order of the papers, over the operations of a Backend.
///
/// It owns the activations, which are allocated once. The rows of a call may belong to several sequences. Engine thread
/// only.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/model/model_config.h"
#include "engine/model/weights.h"
#include "engine/request.h"
#include "kernels/backend.h"
#include "support/result.h"

namespace lacuna::engine {

/// One row per token.
struct DecoderInput {
  std::vector<TokenId> tokens;
  std::vector<int32_t> positions;
  /// What layers of one group (see layer_groups()) have in common.
  struct Group {
    std::vector<int32_t> slots;  ///< where the token's keys and values go: block * kBlockTokens + offset
    std::vector<kernels::AttentionSequence> sequences;
  };
  std::vector<Group> groups;
};

class Decoder {
 public:
  /// Allocates activations for `max_rows` tokens and `max_logits_rows` of logits. Errors: exhausted.
  static Result<Decoder> create(const ModelConfig& config, Weights weights, kernels::Backend& backend, int max_rows,
                                int max_logits_rows);

  /// Fills the cache's slots and the last hidden states. `abandon` is asked between layers, and with many tokens inside
  /// of them too; if it says yes, the rest is left undone and the result is false: slots hold rubbish then, and the input must be run again.
  bool forward(const DecoderInput& input, const std::function<bool()>& abandon = {});
  /// Chooses rows of the last forward(), at most max_logits_rows, for the calls below.
  void choose(std::span<const int32_t> rows);
  /// Logits [count, vocabulary] of the chosen rows from the first-th on, valid until the next call.
  kernels::Tensor logits(int first, int count);
  /// Logits [1, tokens.size()] of one chosen row, of these tokens only, which ascend; likewise.
  kernels::Tensor logits_of(int row, std::span<const TokenId> tokens);
  /// The greatest logits of the chosen rows from the first-th on: see Backend::best_rows().
  void best_tokens(int first, std::span<kernels::BestRows> best);

  const ModelConfig& config() const { return config_; }
  int max_rows() const { return static_cast<int>(hidden_.rows); }
  int max_logits_rows() const { return static_cast<int>(logits_.rows); }
  /// Bytes that create() will allocate.
  static uint64_t activation_bytes(const ModelConfig& config, int max_rows, int max_logits_rows);

 private:
  Decoder(const ModelConfig& config, Weights weights, kernels::Backend& backend);
  void normalise(kernels::Tensor x, const NormWeights& norm, kernels::Tensor out);
  void add_to_residual(kernels::Tensor x, kernels::WeightId weight, kernels::WeightId bias, const NormWeights& norm);
  void attention(int layer, const DecoderInput& input, int64_t num_rows);
  void feed_forward(const LayerWeights& weights, int64_t num_rows);

  ModelConfig config_;
  std::vector<size_t> group_of_layer_;
  Weights weights_;
  kernels::Backend* backend_;
  kernels::Tensor hidden_;    // [max_rows, embedding], the residual stream
  kernels::Tensor normed_;    // [max_rows, embedding]
  kernels::Tensor queries_;   // [max_rows, num_heads * head_dim]
  kernels::Tensor keys_;      // [max_rows, num_kv_heads * head_dim]
  kernels::Tensor values_;    // [max_rows, num_kv_heads * head_dim]
  kernels::Tensor attended_;  // [max_rows, num_heads * head_dim]
  kernels::Tensor gated_;     // [max_rows, feed_forward]
  kernels::Tensor last_;      // [max_logits_rows, embedding], the chosen rows, normalised
  kernels::Tensor logits_;    // [max_logits_rows, vocabulary]
};

}  // namespace lacuna::engine
