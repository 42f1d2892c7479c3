#include "support/private_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace lacuna::os {
namespace {

Result<void> check_owner(const struct stat& info, const std::string& path) {
  if (info.st_uid != ::geteuid()) {
    return Error::format(ErrorCode::unsupported, "'{}' belongs to user {}, not to {}", path, info.st_uid, ::geteuid());
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error::format(ErrorCode::unsupported, "'{}' can be written by others (mode {:04o})", path,
                         info.st_mode & 07777);
  }
  return {};
}

}  // namespace

Error io_error(const char* what, const std::string& path, int error) {
  const ErrorCode code = error == ENOENT || error == ENOTDIR  ? ErrorCode::not_found
                         : error == ENOSPC || error == EDQUOT ? ErrorCode::exhausted
                                                              : ErrorCode::io;
  return Error::format(code, "{} '{}': {}", what, path, std::strerror(error));
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> make_private_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return io_error("cannot make the folder", folder, errno);
  struct stat info{};
  if (::lstat(folder.c_str(), &info) != 0) return io_error("cannot stat", folder, errno);
  if (!S_ISDIR(info.st_mode)) return Error::format(ErrorCode::io, "'{}' is not a folder", folder);
  return check_owner(info, folder);
}

Result<PrivateFile> PrivateFile::open(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (file.get() < 0) return io_error("cannot open", path, errno);
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return io_error("cannot stat", path, errno);
  if (!S_ISREG(info.st_mode)) return Error::format(ErrorCode::invalid_argument, "'{}' is not a regular file", path);
  LACUNA_RETURN_IF_ERROR(check_owner(info, path));
  return PrivateFile(std::move(file), path, static_cast<uint64_t>(info.st_size));
}

Result<void> PrivateFile::read(uint64_t offset, std::span<std::byte> to) const {
  while (!to.empty()) {
    const ssize_t got = ::pread(file_.get(), to.data(), to.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("cannot read", path_, errno);
    if (got == 0) return Error::format(ErrorCode::corrupt, "'{}' ends before byte {}", path_, offset + to.size());
    to = to.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
  return {};
}

Result<UnfinishedFile> UnfinishedFile::create(const std::string& path, uint64_t size) {
  std::string temporary = path + ".XXXXXX" + kSuffix;
  Descriptor file(::mkostemps(temporary.data(), static_cast<int>(std::strlen(kSuffix)), O_CLOEXEC));
  if (file.get() < 0) return io_error("cannot write", path, errno);
  UnfinishedFile unfinished(std::move(file), path, std::move(temporary));
#ifdef __linux__
  // posix_fallocate() would write zeros where the file system cannot reserve: then the disk may fill up while we write.
  if (size > 0 && ::fallocate(unfinished.file_.get(), 0, 0, static_cast<off_t>(size)) != 0 && errno != EOPNOTSUPP &&
      errno != ENOSYS && errno != EINTR) {
    return unfinished.failure(errno);
  }
#endif
  if (::ftruncate(unfinished.file_.get(), static_cast<off_t>(size)) != 0) return unfinished.failure(errno);
  return unfinished;
}

UnfinishedFile::~UnfinishedFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Error UnfinishedFile::failure(int error) const {
  return io_error("cannot write", path_, error);
}

Result<void> UnfinishedFile::write(uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return failure(errno);
    bytes = bytes.subspan(static_cast<size_t>(wrote));
    offset += static_cast<uint64_t>(wrote);
  }
  return {};
}

Result<void> UnfinishedFile::set_mode(unsigned mode) {
  if (::fchmod(file_.get(), static_cast<mode_t>(mode)) != 0) return failure(errno);
  return {};
}

void UnfinishedFile::start_flush([[maybe_unused]] uint64_t offset, [[maybe_unused]] uint64_t size) {
#ifdef __linux__
  if (offset >= size) {
    constexpr unsigned kWait = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    (void)::sync_file_range(file_.get(), static_cast<off_t>(offset - size), static_cast<off_t>(size), kWait);
  }
  (void)::sync_file_range(file_.get(), static_cast<off_t>(offset), static_cast<off_t>(size), SYNC_FILE_RANGE_WRITE);
#endif
}

Result<void> UnfinishedFile::finish() {
  if (::fsync(file_.get()) != 0) return failure(errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failure(errno);
  temporary_.clear();
  // The rename itself may be lost in a power cut: then there is no file, which is sound.
  return {};
}

Result<FileLock> FileLock::try_take(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) return io_error("cannot lock", path, errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(file));
  if (errno != EWOULDBLOCK) return io_error("cannot lock", path, errno);
  return Error::format(ErrorCode::unavailable, "another process has locked '{}'", path);
}

uint64_t free_disk_bytes(const std::string& folder) {
  struct statvfs info{};
  if (::statvfs(folder.c_str(), &info) != 0) return 0;
  return uint64_t{info.f_bavail} * info.f_frsize;
}

}  // namespace lacuna::os
