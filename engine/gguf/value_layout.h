/// How the scalar types of GGUF metadata lie in the file.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "engine/gguf/gguf_file.h"

namespace lacuna::engine::gguf {

static_assert(std::endian::native == std::endian::little, "the file's numbers are read as they lie there");

inline constexpr uint32_t num_value_types = 13;

/// Bytes of a scalar; 0 for strings and arrays.
constexpr size_t scalar_bytes(ValueType type) {
  constexpr size_t sizes[num_value_types] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return sizes[static_cast<uint32_t>(type)];
}

constexpr bool is_float(ValueType type) {
  return type == ValueType::f32 || type == ValueType::f64;
}

constexpr bool is_integer(ValueType type) {
  return scalar_bytes(type) != 0 && !is_float(type) && type != ValueType::boolean;
}

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// An integer that may need 65 bits: the value's bits, and whether they are to be read as a negative number.
struct Integer {
  uint64_t bits;
  bool negative;
};

/// `type` must be an integer.
inline Integer load_integer(ValueType type, const std::byte* at) {
  const auto make_signed = [](int64_t value) { return Integer{static_cast<uint64_t>(value), value < 0}; };
  switch (type) {
    case ValueType::u8:
      return {load<uint8_t>(at), false};
    case ValueType::u16:
      return {load<uint16_t>(at), false};
    case ValueType::u32:
      return {load<uint32_t>(at), false};
    case ValueType::u64:
      return {load<uint64_t>(at), false};
    case ValueType::i8:
      return make_signed(load<int8_t>(at));
    case ValueType::i16:
      return make_signed(load<int16_t>(at));
    case ValueType::i32:
      return make_signed(load<int32_t>(at));
    case ValueType::i64:
      return make_signed(load<int64_t>(at));
    default:
      break;
  }
  LACUNA_CHECK(!"not an integer type");
  return {};
}

inline double load_float(ValueType type, const std::byte* at) {
  return type == ValueType::f32 ? static_cast<double>(load<float>(at)) : load<double>(at);
}

}  // namespace lacuna::engine::gguf
