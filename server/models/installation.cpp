#include "server/models/installation.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace lacuna::server {
namespace {

Result<void> make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return Error::format(ErrorCode::io, "cannot make the folder '{}': {}", path, error.message());
  if (::access(path.c_str(), W_OK) != 0) {
    return Error::format(ErrorCode::io, "cannot write to the folder '{}': {}", path, std::strerror(errno));
  }
  return {};
}

Result<int> take_lock(const std::string& path, const std::string& name) {
  const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) return Error::format(ErrorCode::io, "cannot open the lock '{}': {}", path, std::strerror(errno));
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  const int reason = errno;
  ::close(lock);
  if (reason != EWOULDBLOCK) return Error::format(ErrorCode::io, "cannot lock '{}': {}", path, std::strerror(reason));
  return Error::format(ErrorCode::unavailable, "another process is fetching '{}' now; wait for it or end it", name);
}

}  // namespace

Result<std::unique_ptr<Installation>> Installation::begin(const std::string& models_folder, const std::string& name) {
  if (!is_model_name(name))
    return Error::format(ErrorCode::invalid_argument, "'{}' cannot be the name of a model", name);
  LACUNA_RETURN_IF_ERROR(make_folder(models_folder));
  const std::string partial = models_folder + "/.partial";
  LACUNA_RETURN_IF_ERROR(make_folder(partial));
  LACUNA_ASSIGN_OR_RETURN(const int lock, take_lock(partial + "/" + name + ".lock", name));
  auto installation = std::unique_ptr<Installation>(new Installation(models_folder, partial + "/" + name, lock));
  LACUNA_RETURN_IF_ERROR(make_folder(installation->scratch_folder_));
  return installation;
}

Installation::~Installation() {
  // The lock's file stays: removing it would let a third process lock a new file while a second one waits on the old.
  if (lock_ >= 0) ::close(lock_);
}

Result<void> Installation::require_space(uint64_t bytes) const {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(models_folder_, error);
  if (error || space.available >= bytes) return {};  // where the system cannot tell, a full disk shows itself later
  return Error::format(
      ErrorCode::exhausted, "'{}' has {} free, and this needs {}: free {} or set XDG_CACHE_HOME to another disk",
      models_folder_, human_bytes(space.available), human_bytes(bytes), human_bytes(bytes - space.available));
}

Result<std::string> Installation::finish(const std::string& file, const std::string& file_name) {
  const std::string target = models_folder_ + "/" + file_name;
  std::error_code error;
  std::filesystem::rename(file, target, error);
  if (error) return Error::format(ErrorCode::io, "cannot move '{}' to '{}': {}", file, target, error.message());
  std::filesystem::remove_all(scratch_folder_, error);
  return target;
}

Result<std::unique_ptr<HashedFile>> HashedFile::create(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) return Error::format(ErrorCode::io, "cannot write '{}': {}", path, std::strerror(errno));
  return std::unique_ptr<HashedFile>(new HashedFile(path, file));
}

HashedFile::~HashedFile() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  ::unlink(path_.c_str());
}

Result<void> HashedFile::append(std::span<const std::byte> bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
    return Error::format(ErrorCode::io, "cannot write '{}': {}", path_, std::strerror(errno));
  }
  hash_.update(bytes);
  num_bytes_ += bytes.size();
  return {};
}

Result<std::string> HashedFile::close() {
  if (std::fflush(file_) != 0 || ::fsync(fileno(file_)) != 0) {
    return Error::format(ErrorCode::io, "cannot write '{}': {}", path_, std::strerror(errno));
  }
  std::fclose(file_);
  file_ = nullptr;
  return hash_.finish();
}

bool is_model_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= 64 && name[0] != '.' && name[0] != '-' &&
         std::all_of(name.begin(), name.end(), allowed);
}

std::string human_bytes(uint64_t bytes) {
  if (bytes >= 1'000'000'000) return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
  if (bytes >= 1'000'000) return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
  return fmt::format("{} bytes", bytes);
}

}  // namespace lacuna::server
