/// AlignedBuffer: zeroed memory on a cache-line boundary, which the system hands out page by page when it is touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace lacuna::kernels {

/// Move-only. Empty where the memory could not be had: test it after make().
class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;
  /// Vector code may read (never use) this far past the end.
  static constexpr size_t kSlack = 128;

  AlignedBuffer() = default;

  /// No bytes at all where `size` is not to be had.
  static AlignedBuffer make(uint64_t size) {
    AlignedBuffer buffer;
    if (size > SIZE_MAX - kAlignment - kSlack) return buffer;
    buffer.memory_.reset(std::calloc(1, static_cast<size_t>(size) + kAlignment + kSlack));
    if (buffer.memory_ == nullptr) return buffer;
    const auto address = reinterpret_cast<uintptr_t>(buffer.memory_.get());
    buffer.data_ = reinterpret_cast<std::byte*>((address + kAlignment - 1) / kAlignment * kAlignment);
    buffer.size_ = static_cast<size_t>(size);
    return buffer;
  }

  explicit operator bool() const { return data_ != nullptr; }
  std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace lacuna::kernels
