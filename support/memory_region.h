/// MemoryRegion: a range of addresses that is filled piece by piece with memory, or with the bytes of a file.
///
/// Addresses stay as they are when memory is replaced by a file of the same bytes: a process that has computed something
/// and written it down can so give its own copy back and share the file's pages with others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "support/private_file.h"
#include "support/result.h"

namespace lacuna::os {

/// Move-only; gives everything back when destroyed. One thread changes it at a time.
class MemoryRegion {
 public:
  /// Addresses only: no memory is taken. They begin on a huge page's boundary. Errors: exhausted.
  static Result<MemoryRegion> reserve(uint64_t size);

  MemoryRegion() = default;
  MemoryRegion(MemoryRegion&& other) noexcept;
  MemoryRegion& operator=(MemoryRegion&& other) noexcept;
  ~MemoryRegion();

  std::byte* data() const { return data_; }
  uint64_t size() const { return size_; }  ///< as reserved, rounded up to huge pages

  /// Puts zeroed memory, on huge pages where they are to be had, behind [offset, offset + size); both are multiples of
  /// kHugePageBytes. False if there is none.
  bool commit(uint64_t offset, uint64_t size);
  /// Puts the file's bytes [file_offset, file_offset + size) behind the first `size` bytes, shared and read-only, and in
  /// the place of what was there: other threads may go on reading, if the bytes are the same. file_offset is a multiple
  /// of kHugePageBytes. Errors: io, and then everything is as it was.
  Result<void> map(const PrivateFile& file, uint64_t file_offset, uint64_t size);

 private:
  MemoryRegion(void* reserved, uint64_t reserved_size, std::byte* data, uint64_t size)
      : reserved_(reserved), reserved_size_(reserved_size), data_(data), size_(size) {}
  void* reserved_ = nullptr;
  uint64_t reserved_size_ = 0;
  std::byte* data_ = nullptr;
  uint64_t size_ = 0;
};

}  // namespace lacuna::os
