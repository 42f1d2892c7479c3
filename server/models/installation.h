/// Installation: one model on its way into the cache. It holds the lock and the scratch folder; the model appears under
/// its name whole and checked, or not at all.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "server/models/sha256.h"
#include "support/result.h"

namespace lacuna::server {

/// What a download tells while it runs, several times a second. `total_bytes` is 0 while it is unknown.
struct DownloadProgress {
  std::string stage;  ///< "part 2 of 6", "joining"
  uint64_t done_bytes = 0;
  uint64_t total_bytes = 0;
};
/// False cancels.
using DownloadObserver = std::function<bool(const DownloadProgress&)>;

class Installation {
 public:
  /// Takes the lock of `name` and makes the folders. Errors: io (a read-only cache), unavailable (another process has
  /// it).
  static Result<std::unique_ptr<Installation>> begin(const std::string& models_folder, const std::string& name);
  /// Releases the lock. The scratch folder stays for the next attempt unless finish() succeeded.
  ~Installation();

  /// Kept between attempts: what was downloaded already.
  const std::string& scratch_folder() const { return scratch_folder_; }
  /// Errors: exhausted, saying how much is missing.
  Result<void> require_space(uint64_t bytes) const;

  /// Moves `file`, which lies in the scratch folder, to `file_name` in the models folder and removes the scratch
  /// folder.
  Result<std::string> finish(const std::string& file, const std::string& file_name);

 private:
  Installation(std::string models_folder, std::string scratch_folder, int lock)
      : models_folder_(std::move(models_folder)), scratch_folder_(std::move(scratch_folder)), lock_(lock) {}

  std::string models_folder_;
  std::string scratch_folder_;
  int lock_;
};

/// A file being written, with the digest of what is in it so far. Removed when destroyed before close().
class HashedFile {
 public:
  static Result<std::unique_ptr<HashedFile>> create(const std::string& path);
  ~HashedFile();

  Result<void> append(std::span<const std::byte> bytes);
  uint64_t num_bytes() const { return num_bytes_; }
  /// Flushes to the disk and returns the digest.
  Result<std::string> close();

 private:
  HashedFile(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}

  std::string path_;
  std::FILE* file_;
  Sha256 hash_;
  uint64_t num_bytes_ = 0;
};

/// Letters, digits, '.', '_' and '-', not starting with '.' or '-', at most 64: safe as a file's name.
bool is_model_name(std::string_view name);

/// "491.4 MB".
std::string human_bytes(uint64_t bytes);

}  // namespace lacuna::server
