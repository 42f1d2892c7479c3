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

/// Shapes as [outputs, inputs].
struct LayerWeights {
  kernels::WeightId attention_norm;  ///< [embedding]
  kernels::WeightId query;           ///< [num_heads * head_dim, embedding]
  kernels::WeightId key;             ///< [num_kv_heads * head_dim, embedding]
  kernels::WeightId value;           ///< [num_kv_heads * head_dim, embedding]
  kernels::WeightId query_bias;      ///< [num_heads * head_dim], or none; so the next two
  kernels::WeightId key_bias;
  kernels::WeightId value_bias;
  kernels::WeightId attention_output;   ///< [embedding, num_heads * head_dim]
  kernels::WeightId feed_forward_norm;  ///< [embedding]
  kernels::WeightId gate;               ///< [feed_forward, embedding]
  kernels::WeightId up;                 ///< [feed_forward, embedding]
  kernels::WeightId down;               ///< [embedding, feed_forward]
};

struct Weights {
  kernels::WeightId token_embedding;  ///< [vocabulary, embedding]
  std::vector<LayerWeights> layers;
  kernels::WeightId output_norm;  ///< [embedding]
  kernels::WeightId head;         ///< [vocabulary, embedding]; the embedding's data where the model ties them
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
