/// The models on this machine: a catalogue of names, the files in the cache, and how they get there.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/environment.h"
#include "support/result.h"

namespace lacuna::server {

struct CatalogueEntry {
  std::string_view name;         ///< "qwen2.5-coder-0.5b"
  std::string_view description;  ///< one line, for people
  std::string_view file_name;    ///< in the cache
  uint64_t bytes;
  std::string_view sha256;
  std::string_view license;
};

std::span<const CatalogueEntry> catalogue();
inline constexpr std::string_view kDefaultModel = "qwen2.5-coder-0.5b";

/// The file of a catalogue name, of a name given to `model add`, or of a path (anything with a '/' or ending in .gguf).
/// Empty: the default model. Errors: not_found, whose message says how to get it.
Result<std::string> resolve_model(std::string_view name_or_path, const Environment& environment);

}  // namespace lacuna::server
