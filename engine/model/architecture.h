/// ArchitectureTraits: in what the models that we run differ, one record each.
///
/// All of them are decoder-only Transformers: embedding, then per layer RMS norm, attention, residual, RMS norm, gated
/// MLP, residual, then a norm and the head. decoder.cpp reads in that order, and asks this record where models part
/// ways. To add an architecture, add its record; where it differs in a new way (a norm behind the attention, norms of Q
/// and K, another activation, an alternating window, scaled embeddings), add a field with the old behaviour as its
/// default.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lacuna::engine {

enum class Presence { absent, optional, required };

struct ArchitectureTraits {
  std::string_view name;  ///< general.architecture, and the prefix of its metadata keys
  /// Rotated pairs are neighbours. The file format stores `llama` that way; others pair the halves of a head.
  bool interleaved_rope = false;
  Presence qkv_bias = Presence::absent;
};

/// Null for an architecture that we do not run.
const ArchitectureTraits* find_architecture(std::string_view name);
/// "llama, qwen2", for messages.
std::string architecture_names();

}  // namespace lacuna::engine
