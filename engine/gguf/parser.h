/// Parser: fills a gguf::File from its bytes, checking each field before it is used. Private to engine/gguf.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/gguf/gguf_file.h"
#include "support/result.h"

namespace lacuna::engine::gguf {

/// A position in the file's bytes that never leaves them.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}
  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

  /// False, without moving, if fewer than `count` bytes remain.
  bool take(uint64_t count, std::span<const std::byte>* out) {
    if (count > remaining()) return false;
    *out = bytes_.subspan(position_, static_cast<size_t>(count));
    position_ += static_cast<size_t>(count);
    return true;
  }

  template <class T>
  bool read(T* out) {
    std::span<const std::byte> raw;
    if (!take(sizeof(T), &raw)) return false;
    std::memcpy(out, raw.data(), sizeof(T));
    return true;
  }

 private:
  std::span<const std::byte> bytes_;
  size_t position_ = 0;
};

/// Time is linear in the metadata's size but for the sorting of names; memory is one small record for each value and
/// tensor whose bytes are really there.
class Parser {
 public:
  explicit Parser(File& file) : file_(file), cursor_(file.bytes_) {}
  Result<void> run();

 private:
  Result<void> read_header();
  Result<void> read_values();
  Result<void> read_value(uint64_t index);
  Result<void> read_array(Value& value);
  Result<void> skip_strings(const Value& value);
  Result<void> sort_values();
  Result<void> read_alignment();
  Result<void> read_tensors();
  Result<void> read_tensor(uint64_t index);
  Result<void> read_dims(Tensor& tensor);
  Result<void> place_tensors();
  Result<void> place(Tensor& tensor);
  Result<void> refuse_overlap() const;
  Result<void> sort_tensors();

  /// A short text in front of its 64-bit length: a key or a tensor's name.
  Result<std::string_view> read_name(const std::string& what, uint64_t longest);
  template <class T>
  Result<T> read(const std::string& what);
  Error cut_off(std::string_view what, uint64_t needed) const;

  File& file_;
  Cursor cursor_;
  uint64_t num_tensors_ = 0;
  uint64_t num_values_ = 0;
};

}  // namespace lacuna::engine::gguf
