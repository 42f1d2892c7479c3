/// Weights: a model's tensors, found by name, checked for shape, and registered with a backend.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/gguf/gguf_file.h"
#include "engine/model/model_config.h"
#include "kernels/backend.h"
#include "support/result.h"

namespace lacuna::engine {

/// All [embedding], or [head_dim] for queries and keys.
struct NormWeights {
  kernels::WeightId gain;  ///< none: the model has no such norm
  kernels::WeightId bias;  ///< of a layer norm
};

/// Shapes as [outputs, inputs].
struct LayerWeights {
  NormWeights attention_norm;
  kernels::WeightId query;       ///< [num_heads * head_dim, embedding]
  kernels::WeightId key;         ///< [num_kv_heads * head_dim, embedding]
  kernels::WeightId value;       ///< [num_kv_heads * head_dim, embedding]
  kernels::WeightId query_bias;  ///< [num_heads * head_dim], or none; so every other bias
  kernels::WeightId key_bias;
  kernels::WeightId value_bias;
  NormWeights query_norm;              ///< [head_dim], or none
  NormWeights key_norm;                ///< [head_dim], or none
  kernels::WeightId attention_output;  ///< [embedding, num_heads * head_dim]
  kernels::WeightId attention_output_bias;
  NormWeights post_attention_norm;  ///< or none
  NormWeights feed_forward_norm;
  kernels::WeightId gate;  ///< [feed_forward, embedding]; none where the MLP is not gated
  kernels::WeightId up;    ///< [feed_forward, embedding]
  kernels::WeightId up_bias;
  kernels::WeightId down;  ///< [embedding, feed_forward]
  kernels::WeightId down_bias;
  NormWeights post_feed_forward_norm;  ///< or none
};

struct Weights {
  kernels::WeightId token_embedding;  ///< [vocabulary, embedding]
  std::vector<LayerWeights> layers;
  NormWeights output_norm;
  kernels::WeightId head;  ///< [vocabulary, embedding]; the embedding's data where the model ties them
};

/// Checks that the file has exactly the tensors of such a model, in readable types and the right shapes. Errors:
/// not_found (a tensor is missing), corrupt (a shape), unsupported (a type, or a tensor that such a model does not
/// have).
Result<void> check_tensors(const gguf::File& file, const ModelConfig& config);

/// After check_tensors(). `file` must outlive the backend. `progress` is called with 0 to 1; `cancel` is polled between
/// tensors. Errors: those of Backend::add_weight(), and cancelled.
Result<Weights> load_weights(const gguf::File& file, const ModelConfig& config, kernels::Backend& backend,
                             const std::function<void(double)>& progress, const std::atomic<bool>* cancel);

}  // namespace lacuna::engine
