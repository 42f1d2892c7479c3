#include "engine/gguf/gguf_file.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/gguf/parser.h"
#include "engine/gguf/value_layout.h"

namespace lacuna::engine::gguf {
namespace {

std::string describe(const Value& value) {
  if (value.type != ValueType::array) return name_of(value.type);
  return fmt::format("an array of {}", name_of(value.element_type));
}

Error wrong_type(const Value& value, const char* expected) {
  return Error::format(ErrorCode::corrupt, "metadata key {} is {}, expected {}", quoted(value.key), describe(value),
                       expected);
}

Error missing(std::string_view key, const char* expected) {
  return Error::format(ErrorCode::not_found, "metadata key {} is missing, expected {}", quoted(key), expected);
}

}  // namespace

const char* name_of(ValueType type) {
  constexpr const char* names[num_value_types] = {"uint8", "int8",   "uint16", "int16",  "uint32", "int32",  "float32",
                                                  "bool",  "string", "array",  "uint64", "int64",  "float64"};
  const auto index = static_cast<uint32_t>(type);
  return index < num_value_types ? names[index] : "unknown";
}

std::string quoted(std::string_view text) {
  constexpr size_t longest = 80;
  std::string out = "'";
  for (const char c : text.substr(0, longest)) {
    if (c >= 0x20 && c < 0x7F) {
      out.push_back(c);
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  out.push_back('\'');
  if (text.size() > longest) out += fmt::format(" (the first {} of {} bytes)", longest, text.size());
  return out;
}

template <>
int64_t NumberArray<int64_t>::operator[](size_t index) const {
  LACUNA_CHECK(index < count_);
  return static_cast<int64_t>(load_integer(element_, bytes_.data() + index * scalar_bytes(element_)).bits);
}

template <>
double NumberArray<double>::operator[](size_t index) const {
  LACUNA_CHECK(index < count_);
  return load_float(element_, bytes_.data() + index * scalar_bytes(element_));
}

Result<File> File::open(const std::string& path) {
  LACUNA_ASSIGN_OR_RETURN(os::MappedFile mapping, os::MappedFile::open(path));
  auto file = parse(mapping.bytes());
  if (!file) return Error::format(file.error().code, "model file '{}': {}", path, file.error().message);
  file->mapping_ = std::move(mapping);
  return file;
}

Result<File> File::parse(std::span<const std::byte> bytes) {
  File file;
  file.bytes_ = bytes;
  LACUNA_RETURN_IF_ERROR(Parser(file).run());
  return file;
}

const Value* File::find(std::string_view key) const {
  const auto at = std::lower_bound(values_.begin(), values_.end(), key,
                                   [](const Value& value, std::string_view wanted) { return value.key < wanted; });
  return at != values_.end() && at->key == key ? &*at : nullptr;
}

Result<const Value*> File::require(std::string_view key, const char* expected) const {
  const Value* value = find(key);
  if (value == nullptr) return missing(key, expected);
  return value;
}

Result<uint64_t> File::u64(std::string_view key) const {
  constexpr const char* expected = "an integer of at least 0";
  LACUNA_ASSIGN_OR_RETURN(const Value* value, require(key, expected));
  if (!is_integer(value->type)) return wrong_type(*value, expected);
  const Integer integer = load_integer(value->type, value->bytes.data());
  if (integer.negative) {
    return Error::format(ErrorCode::corrupt, "metadata key {} is {}, expected {}", quoted(key),
                         static_cast<int64_t>(integer.bits), expected);
  }
  return integer.bits;
}

Result<int64_t> File::i64(std::string_view key) const {
  constexpr const char* expected = "an integer";
  LACUNA_ASSIGN_OR_RETURN(const Value* value, require(key, expected));
  if (!is_integer(value->type)) return wrong_type(*value, expected);
  const Integer integer = load_integer(value->type, value->bytes.data());
  if (!integer.negative && integer.bits > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return Error::format(ErrorCode::corrupt, "metadata key {} is {}, expected a signed 64-bit integer", quoted(key),
                         integer.bits);
  }
  return static_cast<int64_t>(integer.bits);
}

Result<double> File::f64(std::string_view key) const {
  constexpr const char* expected = "a finite float";
  LACUNA_ASSIGN_OR_RETURN(const Value* value, require(key, expected));
  if (!is_float(value->type)) return wrong_type(*value, expected);
  const double number = load_float(value->type, value->bytes.data());
  if (!std::isfinite(number)) {
    return Error::format(ErrorCode::corrupt, "metadata key {} is {}, expected {}", quoted(key), number, expected);
  }
  return number;
}

Result<bool> File::boolean(std::string_view key) const {
  constexpr const char* expected = "a bool";
  LACUNA_ASSIGN_OR_RETURN(const Value* value, require(key, expected));
  if (value->type != ValueType::boolean) return wrong_type(*value, expected);
  return value->bytes[0] != std::byte{0};
}

Result<std::string_view> File::string(std::string_view key) const {
  constexpr const char* expected = "a string";
  LACUNA_ASSIGN_OR_RETURN(const Value* value, require(key, expected));
  if (value->type != ValueType::string) return wrong_type(*value, expected);
  return std::string_view(reinterpret_cast<const char*>(value->bytes.data()), value->bytes.size());
}

Result<const Value*> File::require_array(std::string_view key, const char* expected) const {
  LACUNA_ASSIGN_OR_RETURN(const Value* value, require(key, expected));
  if (value->type != ValueType::array) return wrong_type(*value, expected);
  return value;
}

Result<StringArray> File::strings(std::string_view key) const {
  constexpr const char* expected = "an array of strings";
  LACUNA_ASSIGN_OR_RETURN(const Value* value, require_array(key, expected));
  if (value->element_type != ValueType::string) return wrong_type(*value, expected);
  return StringArray(value->bytes, value->count);
}

Result<IntArray> File::ints(std::string_view key) const {
  constexpr const char* expected = "an array of integers";
  LACUNA_ASSIGN_OR_RETURN(const Value* value, require_array(key, expected));
  if (!is_integer(value->element_type)) return wrong_type(*value, expected);
  return IntArray(value->bytes, value->element_type, value->count);
}

Result<FloatArray> File::floats(std::string_view key) const {
  constexpr const char* expected = "an array of floats";
  LACUNA_ASSIGN_OR_RETURN(const Value* value, require_array(key, expected));
  if (!is_float(value->element_type)) return wrong_type(*value, expected);
  return FloatArray(value->bytes, value->element_type, value->count);
}

Result<uint64_t> File::u64(std::string_view key, uint64_t fallback) const {
  return has(key) ? u64(key) : Result<uint64_t>(fallback);
}

Result<double> File::f64(std::string_view key, double fallback) const {
  return has(key) ? f64(key) : Result<double>(fallback);
}

Result<bool> File::boolean(std::string_view key, bool fallback) const {
  return has(key) ? boolean(key) : Result<bool>(fallback);
}

Result<std::string_view> File::string(std::string_view key, std::string_view fallback) const {
  return has(key) ? string(key) : Result<std::string_view>(fallback);
}

const Tensor* File::find_tensor(std::string_view name) const {
  const auto at =
      std::lower_bound(tensor_by_name_.begin(), tensor_by_name_.end(), name,
                       [this](uint32_t index, std::string_view wanted) { return tensors_[index].name < wanted; });
  return at != tensor_by_name_.end() && tensors_[*at].name == name ? &tensors_[*at] : nullptr;
}

Result<const Tensor*> File::tensor(std::string_view name) const {
  const Tensor* found = find_tensor(name);
  if (found == nullptr) return Error::format(ErrorCode::not_found, "tensor {} is missing", quoted(name));
  if (!found->readable()) {
    return Error::format(ErrorCode::unsupported, "tensor {} has type {}, which this version cannot read", quoted(name),
                         found->type_id);
  }
  return found;
}

}  // namespace lacuna::engine::gguf
