#include "support/memory_region.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "support/check.h"
#include "support/os.h"

#ifdef __SANITIZE_THREAD__
extern "C" {
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}
#endif

namespace lacuna::os {
namespace {

/// mmap() of a file over memory that others are reading, and that holds the same bytes. The thread sanitizer takes mmap()
/// for a write to all of it, which here would be one that changes nothing.
void* map_over(void* address, uint64_t size, int file, uint64_t offset) {
#ifdef __SANITIZE_THREAD__
  AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
#endif
  void* mapped = ::mmap(address, size, PROT_READ, MAP_SHARED | MAP_FIXED, file, static_cast<off_t>(offset));
#ifdef __SANITIZE_THREAD__
  AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
#endif
  return mapped;
}

}  // namespace

Result<MemoryRegion> MemoryRegion::reserve(uint64_t size) {
  constexpr uint64_t kMost = uint64_t{1} << 46;  // below what x86-64 and arm64 give a process
  if (size == 0 || size > kMost) return Error::format(ErrorCode::exhausted, "no address range of {} bytes", size);
  const uint64_t rounded = (size + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  const uint64_t whole = rounded + kHugePageBytes;
  void* reserved = ::mmap(nullptr, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) {
    return Error::format(ErrorCode::exhausted, "no address range of {} bytes: {}", whole, std::strerror(errno));
  }
  const auto address = reinterpret_cast<uintptr_t>(reserved);
  const uint64_t skip = (kHugePageBytes - address % kHugePageBytes) % kHugePageBytes;
  return MemoryRegion(reserved, whole, static_cast<std::byte*>(reserved) + skip, rounded);
}

MemoryRegion::MemoryRegion(MemoryRegion&& other) noexcept
    : reserved_(std::exchange(other.reserved_, nullptr)),
      reserved_size_(std::exchange(other.reserved_size_, 0)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MemoryRegion& MemoryRegion::operator=(MemoryRegion&& other) noexcept {
  std::swap(reserved_, other.reserved_);
  std::swap(reserved_size_, other.reserved_size_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MemoryRegion::~MemoryRegion() {
  if (reserved_ != nullptr) ::munmap(reserved_, reserved_size_);
}

bool MemoryRegion::commit(uint64_t offset, uint64_t size) {
  LACUNA_CHECK(offset % kHugePageBytes == 0 && size % kHugePageBytes == 0 && size <= size_ && offset <= size_ - size);
  if (::mprotect(data_ + offset, size, PROT_READ | PROT_WRITE) != 0) return false;
  prefer_huge_pages(data_ + offset, size);
  return true;
}

Result<void> MemoryRegion::map(const PrivateFile& file, uint64_t file_offset, uint64_t size) {
  LACUNA_CHECK(file_offset % kHugePageBytes == 0 && size <= size_);
  // MAP_FIXED exchanges the pages in one step: there is no moment at which an address has none.
  void* mapped = map_over(data_, size, file.descriptor(), file_offset);
  if (mapped == MAP_FAILED) {
    return Error::format(ErrorCode::io, "cannot map '{}': {}", file.path(), std::strerror(errno));
  }
  // File systems with large folios then need a 512th of the page faults and of the address translation.
  prefer_huge_pages(data_, size);
  return {};
}

}  // namespace lacuna::os
