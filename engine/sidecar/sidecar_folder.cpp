#include "engine/sidecar/sidecar_folder.h"

#include <algorithm>
#include <filesystem>

#include "support/private_file.h"

namespace lacuna::engine {
namespace {

namespace fs = std::filesystem;

SidecarFile examine(const fs::directory_entry& entry) {
  std::error_code error;
  SidecarFile found;
  found.path = entry.path().string();
  if (const uint64_t bytes = entry.file_size(error); !error) found.bytes = bytes;
  if (entry.path().extension() != kSidecarSuffix) return found;
  const auto file = os::PrivateFile::open(found.path);
  if (!file.ok()) return found;
  auto index = read_sidecar_index(*file);
  if (!index.ok()) return found;
  found.model_path = std::move(index->model_path);
  found.identity = index->identity;
  found.model_exists = fs::is_regular_file(found.model_path, error);
  return found;
}

}  // namespace

std::vector<SidecarFile> list_sidecars(const std::string& folder) {
  std::error_code error;
  std::vector<SidecarFile> files;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string extension = at->path().extension().string();
    std::error_code unreadable;
    if (extension != kSidecarSuffix && extension != os::UnfinishedFile::kSuffix) continue;
    if (fs::is_regular_file(at->symlink_status(unreadable))) files.push_back(examine(*at));
  }
  std::ranges::sort(files, {}, &SidecarFile::path);
  return files;
}

Result<void> remove_sidecar(const SidecarFile& file) {
  std::error_code error;
  fs::remove(file.path, error);
  if (error) return Error::format(ErrorCode::io, "cannot delete '{}': {}", file.path, error.message());
  return {};
}

uint64_t remove_sidecars_of(const std::string& model_path, const std::string& folder) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(model_path, error);
  const auto lock = os::FileLock::try_take(folder + "/" + kSidecarLockName);
  uint64_t freed = 0;
  for (const SidecarFile& file : list_sidecars(folder)) {
    const bool unfinished = file.path.ends_with(os::UnfinishedFile::kSuffix);
    if (unfinished && !lock.ok()) continue;  // somebody is writing it
    if (file.usable() && file.model_path != canonical.string()) continue;
    if (remove_sidecar(file).ok()) freed += file.bytes;
  }
  return freed;
}

}  // namespace lacuna::engine
