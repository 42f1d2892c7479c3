/// gguf::File: a model file of the GGUF format, mapped and checked.
///
/// Opening checks everything that the container promises: counts, lengths, types, dimensions, offsets, alignment. After
/// that, every view that an accessor returns lies inside the mapping. What the values mean (is this a sensible number
/// of heads?) is for the reader of the value to check.
///
/// Format: the GGUF specification, versions 2 and 3, little-endian. Immutable after opening; any thread may read. All
/// views live as long as the File, also after it was moved.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/quant_blocks.h"
#include "support/os.h"
#include "support/result.h"

namespace lacuna::engine::gguf {

/// Files beyond these are refused. Real models stay far below; hostile ones cost little.
struct Limits {
  static constexpr uint64_t metadata_values = 4096;
  static constexpr uint64_t tensors = 65536;
  static constexpr uint64_t key_bytes = 64u << 10;
  static constexpr uint64_t tensor_name_bytes = 64;
  static constexpr uint64_t string_bytes = 64u << 20;
  static constexpr uint64_t array_elements = 16u << 20;
  static constexpr uint64_t metadata_bytes = 256u << 20;  ///< everything in front of the tensors' data
  static constexpr uint64_t smallest_alignment = 8;       ///< the format's; weights are read in place
  static constexpr uint64_t alignment = 1u << 20;
  static constexpr uint32_t dimensions = 4;
};

/// The numbers are the file format's.
enum class ValueType : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

/// "uint32", "string", …: the format's own names.
const char* name_of(ValueType type);

/// The strings of an array, in order. They lie one behind the other in the file, so there is no random access.
class StringArray {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;  // forward, but for its elements that are values
    using value_type = std::string_view;
    using reference = std::string_view;
    using pointer = void;
    using difference_type = std::ptrdiff_t;

    explicit Iterator(const std::byte* at) : at_(at) {}
    std::string_view operator*() const { return {reinterpret_cast<const char*>(at_) + sizeof(uint64_t), length()}; }
    Iterator& operator++() {
      at_ += sizeof(uint64_t) + length();
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    uint64_t length() const {
      uint64_t value;
      std::memcpy(&value, at_, sizeof value);
      return value;
    }
    const std::byte* at_;
  };

  /// `bytes` holds exactly `count` strings; File has checked that.
  StringArray(std::span<const std::byte> bytes, size_t count) : bytes_(bytes), count_(count) {}
  Iterator begin() const { return Iterator(bytes_.data()); }
  Iterator end() const { return Iterator(bytes_.data() + bytes_.size()); }
  size_t size() const { return count_; }

 private:
  std::span<const std::byte> bytes_;
  size_t count_;
};

/// Numbers of any width as they lie in the file, read as T (int64_t or double).
template <class T>
class NumberArray {
 public:
  NumberArray(std::span<const std::byte> bytes, ValueType element, size_t count)
      : bytes_(bytes), element_(element), count_(count) {}
  size_t size() const { return count_; }
  T operator[](size_t index) const;  ///< aborts outside [0, size())

 private:
  std::span<const std::byte> bytes_;
  ValueType element_;
  size_t count_;
};
using IntArray = NumberArray<int64_t>;
using FloatArray = NumberArray<double>;

/// One key of the metadata, still as bytes.
struct Value {
  std::string_view key;
  ValueType type = ValueType::u8;
  ValueType element_type = ValueType::u8;  ///< of an array
  uint64_t count = 1;                      ///< of an array
  std::span<const std::byte> bytes;        ///< the scalar, the string without its length, or all elements
};

struct Tensor {
  std::string_view name;
  uint32_t type_id = 0;  ///< as in the file; may be one that we cannot read
  uint32_t num_dims = 0;
  std::array<uint64_t, Limits::dimensions> dims{1, 1, 1, 1};  ///< [0] is the length of a row; unused ones are 1
  uint64_t num_elements = 0;
  uint64_t file_offset = 0;         ///< of the data
  std::span<const std::byte> data;  ///< whole rows of blocks; empty where the type is unknown

  bool readable() const { return kernels::find_type_traits(type_id) != nullptr; }
  kernels::TensorType type() const { return static_cast<kernels::TensorType>(type_id); }  ///< only where readable()
  uint64_t rows() const { return num_elements / dims[0]; }
};

class File {
 public:
  /// Errors: not_found, io, invalid_argument (not a regular file), corrupt, unsupported (version, byte order).
  static Result<File> open(const std::string& path);
  /// Reads bytes that the caller keeps alive: for tests.
  static Result<File> parse(std::span<const std::byte> bytes);

  File(File&&) noexcept = default;
  File& operator=(File&&) noexcept = default;

  /// Typed metadata. Errors: not_found (no such key), corrupt (another type, or a value outside the result's range).
  /// Integers of every width are accepted as integers, floats of both widths as floats; floats must be finite.
  Result<uint64_t> u64(std::string_view key) const;
  Result<int64_t> i64(std::string_view key) const;
  Result<double> f64(std::string_view key) const;
  Result<bool> boolean(std::string_view key) const;
  Result<std::string_view> string(std::string_view key) const;  ///< any bytes; not checked to be UTF-8
  Result<StringArray> strings(std::string_view key) const;
  Result<IntArray> ints(std::string_view key) const;
  Result<FloatArray> floats(std::string_view key) const;

  /// The same with a value for a key that is missing; a key that is there must still have the right type.
  Result<uint64_t> u64(std::string_view key, uint64_t fallback) const;
  Result<double> f64(std::string_view key, double fallback) const;
  Result<bool> boolean(std::string_view key, bool fallback) const;
  Result<std::string_view> string(std::string_view key, std::string_view fallback) const;

  bool has(std::string_view key) const { return find(key) != nullptr; }
  const Value* find(std::string_view key) const;             ///< null: no such key
  std::span<const Value> values() const { return values_; }  ///< sorted by key

  /// Null: no such tensor.
  const Tensor* find_tensor(std::string_view name) const;
  /// Errors: not_found, unsupported (a type that we cannot read). Never null.
  Result<const Tensor*> tensor(std::string_view name) const;
  std::span<const Tensor> tensors() const { return tensors_; }  ///< in the file's order

  uint32_t version() const { return version_; }
  uint64_t alignment() const { return alignment_; }
  uint64_t data_offset() const { return data_offset_; }  ///< where the tensors' data begins
  std::span<const std::byte> bytes() const { return bytes_; }
  int64_t modified_ns() const { return mapping_.modified_ns(); }  ///< when the file was written, since 1970; 0 without one
  bool changed() const { return mapping_.changed(); }  ///< since it was opened, in place
  /// The tensors' data will rarely be read from now on: it need not stay in memory.
  void forget_data() const { mapping_.forget(data_offset_, bytes_.size() - data_offset_); }

 private:
  friend class Parser;
  File() = default;
  /// The value under `key`, or an error that says what was `expected` there.
  Result<const Value*> require(std::string_view key, const char* expected) const;
  Result<const Value*> require_array(std::string_view key, const char* expected) const;

  os::MappedFile mapping_;
  std::span<const std::byte> bytes_;
  uint32_t version_ = 0;
  uint64_t alignment_ = 32;
  uint64_t data_offset_ = 0;
  std::vector<Value> values_;             ///< sorted by key
  std::vector<Tensor> tensors_;           ///< in the file's order
  std::vector<uint32_t> tensor_by_name_;  ///< indices into tensors_, sorted by name
};

/// Text from a file, fit for a message: in quotes, shortened, without control or non-ASCII bytes.
std::string quoted(std::string_view text);

}  // namespace lacuna::engine::gguf
