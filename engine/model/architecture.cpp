#include "engine/model/architecture.h"

#include <algorithm>
#include <array>

namespace lacuna::engine {

namespace {

constexpr std::array kArchitectures = {
    ArchitectureTraits{.name = "llama", .interleaved_rope = true, .qkv_bias = Presence::optional},
    ArchitectureTraits{.name = "qwen2", .qkv_bias = Presence::required},
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
