/// ArchitectureTraits: in what the models that we run differ, one record each.
///
/// All of them are decoder-only Transformers: embedding, then per layer norm, attention, residual, norm, MLP, residual,
/// then a norm and the head. decoder.cpp reads in that order, and asks this record where models part ways. To add an
/// architecture, add its record; where it differs in a new way, add a field with the old behaviour as its default.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "kernels/backend.h"

namespace lacuna::engine {

enum class Presence { absent, optional, required };

enum class Norm {
  rms,    ///< a gain
  layer,  ///< a gain and a bias
};

struct ArchitectureTraits {
  std::string_view name;  ///< general.architecture, and the prefix of its metadata keys
  /// Rotated pairs are neighbours. The file format stores `llama` that way; others pair the halves of a head.
  bool interleaved_rope = false;
  Presence qkv_bias = Presence::absent;
  Presence other_biases = Presence::absent;  ///< of the attention's output and of the MLP
  Norm norm = Norm::rms;
  bool qk_norms = false;    ///< every head's query and key is normalised before it is rotated
  bool post_norms = false;  ///< what attention and MLP add to the residual stream is normalised first
  kernels::Activation activation = kernels::Activation::silu;
  bool gated = true;              ///< the MLP multiplies activation(gate) and up; otherwise it is activation(up)
  bool scaled_embedding = false;  ///< by the root of its width
  float rope_base = 10000;        ///< where the file names none
  float window_rope_base = 0;     ///< layers with a window have a rotation of their own, unscaled; 0: they do not
  Presence window = Presence::optional;
  int full_attention_every = 0;  ///< that many layers, the last of them, see everything; 0: none does. A file may say
                                 ///< otherwise
  int layers_of_wide_scale = 0;  ///< a model of so many layers scales scores by embedding / heads: Gemma 3 27B
};

/// Null for an architecture that we do not run.
const ArchitectureTraits* find_architecture(std::string_view name);
/// "llama, qwen2", for messages.
std::string architecture_names();

}  // namespace lacuna::engine
