/// Files of this user alone: caches that must not be anybody else's, because what is in them is believed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "support/result.h"

namespace lacuna::os {

/// The error of a system call on a file: not_found, exhausted (the disk is full), or io.
Error io_error(const char* what, const std::string& path, int error);

/// A descriptor that is closed at the end of its life.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

/// Makes `folder` (mode 0700) and what is missing above it. Errors: io; unsupported (it is another user's, or others
/// may write to it).
Result<void> make_private_folder(const std::string& folder);

/// A regular file of this user that nobody else may write to, opened for reading.
class PrivateFile {
 public:
  /// Does not follow a symbolic link. Errors: not_found, io, invalid_argument (no regular file), unsupported (it is
  /// another user's, or others may write to it).
  static Result<PrivateFile> open(const std::string& path);

  /// Fills `to` from `offset` on. Errors: io; corrupt (the file ends before).
  Result<void> read(uint64_t offset, std::span<std::byte> to) const;
  uint64_t size() const { return size_; }  ///< when it was opened
  const std::string& path() const { return path_; }
  int descriptor() const { return file_.get(); }

 private:
  PrivateFile(Descriptor file, std::string path, uint64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}
  Descriptor file_;
  std::string path_;
  uint64_t size_;
};

/// A file (mode 0600) that is written under another name and appears whole, or not at all.
class UnfinishedFile {
 public:
  /// What unfinished files end in; those that a process left behind when it died may be deleted under the lock of
  /// whoever writes there.
  static constexpr const char* kSuffix = ".unfinished";

  /// Takes the space at once where the file system can. Errors: io, exhausted (the disk is full).
  static Result<UnfinishedFile> create(const std::string& path, uint64_t size);
  UnfinishedFile(UnfinishedFile&& other) noexcept
      : file_(std::move(other.file_)),
        path_(std::move(other.path_)),
        temporary_(std::exchange(other.temporary_, std::string())) {}
  ~UnfinishedFile();  ///< deletes it, unless finish() succeeded

  /// Errors: io, exhausted (the disk is full).
  Result<void> write(uint64_t offset, std::span<const std::byte> bytes);
  /// Errors: io.
  Result<void> set_mode(unsigned mode);
  /// Hands a part that was written to the disk, and waits for the part of the same size before it: so that finish() has
  /// little left to wait for. A hint.
  void start_flush(uint64_t offset, uint64_t size);
  /// Waits for the disk, then renames the file to its path. Errors: io, exhausted.
  Result<void> finish();

 private:
  UnfinishedFile(Descriptor file, std::string path, std::string temporary)
      : file_(std::move(file)), path_(std::move(path)), temporary_(std::move(temporary)) {}
  Error failure(int error) const;
  Descriptor file_;
  std::string path_;
  std::string temporary_;
};

/// Held by at most one process. Given back at the end of its life, also by a process that dies.
class FileLock {
 public:
  /// Errors: unavailable (another has it), io.
  static Result<FileLock> try_take(const std::string& path);

 private:
  explicit FileLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

/// Bytes that this user may still write to the disk that `folder` is on; 0 if that cannot be told.
uint64_t free_disk_bytes(const std::string& folder);

}  // namespace lacuna::os
