/// The folder of the sidecars, for those who list and clear it. Any thread; no process needs to agree: a sidecar that is
/// deleted while others have it mapped stays theirs until they end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/sidecar/sidecar_format.h"
#include "support/result.h"

namespace lacuna::engine {

/// The file in the folder that a process locks while it writes there.
inline constexpr const char* kSidecarLockName = "lock";

struct SidecarFile {
  std::string path;
  uint64_t bytes = 0;
  std::string model_path;  ///< empty where the file cannot be used: damaged, of an older format, or not finished
  SidecarIdentity identity;
  bool model_exists = false;

  bool usable() const { return !model_path.empty() && model_exists; }
};

/// All files that are sidecars by their names, by path; none if there is no such folder.
std::vector<SidecarFile> list_sidecars(const std::string& folder);

/// Errors: io.
Result<void> remove_sidecar(const SidecarFile& file);

/// Those of the model at `model_path`, and those that no longer belong to any. Returns the bytes that became free.
uint64_t remove_sidecars_of(const std::string& model_path, const std::string& folder);

}  // namespace lacuna::engine
