#include "engine/model/architecture.h"

#include <algorithm>
#include <array>

namespace lacuna::engine {

namespace {

constexpr std::array kArchitectures = {
    ArchitectureTraits{.name = "llama", .interleaved_rope = true, .qkv_bias = Presence::optional},
    ArchitectureTraits{.name = "mistral3", .interleaved_rope = true},
    ArchitectureTraits{.name = "qwen2", .qkv_bias = Presence::required},
    ArchitectureTraits{.name = "qwen3", .qk_norms = true},
    ArchitectureTraits{.name = "starcoder2",
                       .qkv_bias = Presence::required,
                       .other_biases = Presence::required,
                       .norm = Norm::layer,
                       .activation = kernels::Activation::gelu,
                       .gated = false},
    ArchitectureTraits{.name = "gemma3",
                       .qk_norms = true,
                       .post_norms = true,
                       .activation = kernels::Activation::gelu,
                       .scaled_embedding = true,
                       .rope_base = 1e6f,
                       .window_rope_base = 10000,
                       .window = Presence::required,
                       .full_attention_every = 6,
                       .layers_of_wide_scale = 62},
};

}  // namespace

const ArchitectureTraits* find_architecture(std::string_view name) {
  const auto found = std::ranges::find(kArchitectures, name, &ArchitectureTraits::name);
  return found == kArchitectures.end() ? nullptr : found;
}

std::string architecture_names() {
  std::string names;
  for (const auto& architecture : kArchitectures) {
    if (!names.empty()) names += ", ";
    names += architecture.name;
  }
  return names;
}

}  // namespace lacuna::engine
