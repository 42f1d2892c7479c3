/// ModelConfig: the hyper-parameters of a model, read from a file's metadata and checked.
///
/// A file may be a valid container and still say nonsense. What is in a ModelConfig has been checked against its range
/// and against the other values, so that no later code divides by zero, overflows or reads outside a tensor because of
/// it. Settings that would change the arithmetic in a way that we do not implement are refused, never ignored.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/gguf/gguf_file.h"
#include "engine/model/architecture.h"
#include "kernels/backend.h"
#include "support/result.h"

namespace lacuna::engine {

struct ModelConfig {
  /// Bounds of what is accepted: far above any model for a user's machine, far below where products overflow.
  static constexpr uint64_t kMaxLayers = 1024;
  static constexpr uint64_t kMaxHeads = 1024;
  static constexpr uint64_t kMaxHeadDim = 1024;
  static constexpr uint64_t kMaxWidth = 1 << 18;
  static constexpr uint64_t kMaxVocabulary = 1 << 22;
  static constexpr uint64_t kMaxContext = 1 << 24;

  const ArchitectureTraits* architecture = nullptr;
  std::string name;  ///< general.name; may be empty
  int num_layers = 0;
  int embedding_length = 0;
  int feed_forward_length = 0;
  int num_heads = 0;
  int num_kv_heads = 0;  ///< divides num_heads
  int head_dim = 0;      ///< even
  int vocabulary_size = 0;
  int context_length = 0;
  float norm_epsilon = 0;
  float attention_scale = 0;
  float embedding_scale = 1;
  int window = 0;              ///< sliding window of attention in tokens; 0: none, or one that holds the whole context
  std::vector<bool> windowed;  ///< [num_layers] which layers have it
  kernels::RopeParameters rope;
  kernels::RopeParameters window_rope;  ///< of layers with a window

  int query_length() const { return num_heads * head_dim; }
  int kv_length() const { return num_kv_heads * head_dim; }
  /// Of the kind that has one, even if it holds the whole context and so is none.
  bool has_window(int layer) const { return windowed[static_cast<size_t>(layer)]; }
  /// What a query of this layer sees, itself included; 0: all.
  int window_of(int layer) const { return has_window(layer) ? window : 0; }
  const kernels::RopeParameters& rope_of(int layer) const { return has_window(layer) ? window_rope : rope; }
};

/// Layers that see as far as each other, and so keep the same blocks.
struct LayerGroup {
  int window = 0;  ///< 0: all
  std::vector<int> layers;
};
/// One or two groups; the layers that see everything, if there are any, are the first.
std::vector<LayerGroup> layer_groups(const ModelConfig& config);

/// Errors: unsupported (architecture, or a setting that we do not implement), corrupt (a value out of range, or at odds
/// with another), not_found (a key is missing). The message names the key and the value.
Result<ModelConfig> read_model_config(const gguf::File& file);

}  // namespace lacuna::engine
