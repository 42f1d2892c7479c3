/// GgufBuilder: writes model files for tests, sound ones and, field by field, broken ones.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/gguf/gguf_file.h"

namespace lacuna::engine::gguf {

/// The bytes of a little-endian number.
template <class T>
std::string encoded(T number) {
  return std::string(reinterpret_cast<const char*>(&number), sizeof number);
}
/// 64-bit length, then the bytes. The length may be a lie.
std::string encoded_string(std::string_view text, std::optional<uint64_t> length = std::nullopt);
/// Element type, count, then the elements. The count may be a lie.
std::string encoded_array(ValueType element, uint64_t count, std::string_view elements);
std::string encoded_strings(const std::vector<std::string>& texts);

class GgufBuilder {
 public:
  /// A tensor's record and its data. What is set beyond name, type, dims and data is written instead of the truth.
  struct TensorRecord {
    std::string name;
    uint32_t type = 0;
    std::vector<uint64_t> dims;
    std::string data;
    std::optional<uint64_t> name_length;
    std::optional<uint32_t> num_dims;
    std::optional<uint64_t> offset;
  };

  /// Sets a key, in the place of an earlier value if there is one. `bytes` is the value as it lies in the file.
  GgufBuilder& set(std::string_view key, ValueType type, std::string bytes);
  GgufBuilder& set_u32(std::string_view key, uint32_t value) { return set(key, ValueType::u32, encoded(value)); }
  GgufBuilder& set_u64(std::string_view key, uint64_t value) { return set(key, ValueType::u64, encoded(value)); }
  GgufBuilder& set_i32(std::string_view key, int32_t value) { return set(key, ValueType::i32, encoded(value)); }
  GgufBuilder& set_f32(std::string_view key, float value) { return set(key, ValueType::f32, encoded(value)); }
  GgufBuilder& set_bool(std::string_view key, bool value) {
    return set(key, ValueType::boolean, encoded(static_cast<uint8_t>(value)));
  }
  GgufBuilder& set_string(std::string_view key, std::string_view value) {
    return set(key, ValueType::string, encoded_string(value));
  }
  GgufBuilder& set_strings(std::string_view key, const std::vector<std::string>& values) {
    return set(key, ValueType::array, encoded_strings(values));
  }
  GgufBuilder& set_ints(std::string_view key, std::span<const int32_t> values);
  GgufBuilder& set_floats(std::string_view key, std::span<const float> values);
  GgufBuilder& remove(std::string_view key);
  /// Bytes that stand where a key and its value should.
  GgufBuilder& add_record(std::string bytes);

  GgufBuilder& add_tensor(std::string_view name, kernels::TensorType type, std::vector<uint64_t> dims,
                          std::string data);
  GgufBuilder& remove_tensor(std::string_view name);
  TensorRecord& tensor(std::string_view name);  ///< aborts if there is none

  std::string build() const;

  uint32_t magic = 0x46554747;
  uint32_t version = 3;
  std::optional<uint64_t> num_tensors;  ///< what the header says, if not the truth
  std::optional<uint64_t> num_values;
  uint64_t alignment = 32;  ///< of the data; says nothing about the key general.alignment

 private:
  struct Record {
    std::string key;  ///< empty: a raw record
    std::string bytes;
  };
  std::vector<Record> values_;
  std::vector<TensorRecord> tensors_;
};

/// The texts of all bytes, in order.
std::vector<std::string> byte_texts();

/// A sound vocabulary in `builder`: 256 bytes, the results of a few merges, `<|endoftext|>` (control, the end) and the
/// tokens of fill-in-the-middle. Returns the number of tokens.
int add_tiny_vocabulary(GgufBuilder& builder);

/// A whole llama model with one layer, that vocabulary and small seeded F32 weights: it loads and runs.
GgufBuilder tiny_model();

}  // namespace lacuna::engine::gguf
