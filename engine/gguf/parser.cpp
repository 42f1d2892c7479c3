#include "engine/gguf/parser.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "engine/gguf/value_layout.h"

namespace lacuna::engine::gguf {
namespace {

constexpr uint32_t magic = 0x46554747;  // "GGUF"
// The smallest records that can be written; a count is checked against them before anything is allocated for it.
constexpr uint64_t smallest_value = 8 + 1 + 4 + 1;           // key length, key, type, value
constexpr uint64_t smallest_tensor = 8 + 1 + 4 + 8 + 4 + 8;  // name length, name, n_dims, one dimension, type, offset

template <class... Args>
Error corrupt(fmt::format_string<Args...> text, Args&&... args) {
  return Error::format(ErrorCode::corrupt, text, std::forward<Args>(args)...);
}

/// A count from the header against its limit and against the bytes that are there.
Result<void> check_count(const char* field, uint64_t count, uint64_t limit, uint64_t smallest, uint64_t remaining) {
  if (count > limit) return corrupt("{} is {}, over the limit of {}", field, count, limit);
  if (count > remaining / smallest) {
    return corrupt("{} is {}, but only {} bytes follow the header", field, count, remaining);
  }
  return {};
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

/// Bytes of the tensor's data. Errors: rows that end inside a block, a size that does not fit 64 bits.
Result<uint64_t> data_bytes(const Tensor& tensor, const kernels::TypeTraits& traits) {
  if (tensor.dims[0] % traits.block_elements != 0) {
    return corrupt("tensor {} has rows of {} elements, expected a multiple of {} for type {}", quoted(tensor.name),
                   tensor.dims[0], traits.block_elements, traits.name);
  }
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(tensor.num_elements / traits.block_elements, uint64_t{traits.block_bytes}, &bytes)) {
    return corrupt("tensor {} has {} elements, more than any file can hold", quoted(tensor.name), tensor.num_elements);
  }
  return bytes;
}

}  // namespace

Error Parser::cut_off(std::string_view what, uint64_t needed) const {
  return corrupt("the file ends inside {}: {} bytes needed at offset {}, {} are left", what, needed, cursor_.position(),
                 cursor_.remaining());
}

template <class T>
Result<T> Parser::read(const std::string& what) {
  T value{};
  if (!cursor_.read(&value)) return cut_off(what, sizeof(T));
  return value;
}

Result<void> Parser::run() {
  LACUNA_RETURN_IF_ERROR(read_header());
  LACUNA_RETURN_IF_ERROR(read_values());
  LACUNA_RETURN_IF_ERROR(sort_values());
  LACUNA_RETURN_IF_ERROR(read_alignment());
  LACUNA_RETURN_IF_ERROR(read_tensors());
  LACUNA_RETURN_IF_ERROR(sort_tensors());
  return place_tensors();
}

Result<void> Parser::read_header() {
  LACUNA_ASSIGN_OR_RETURN(const auto found, read<uint32_t>("the magic number"));
  if (found != magic) return corrupt("the magic number is {:#010x}, expected {:#010x} (\"GGUF\")", found, magic);
  LACUNA_ASSIGN_OR_RETURN(file_.version_, read<uint32_t>("the version"));
  if (file_.version_ != 2 && file_.version_ != 3) {
    const bool swapped = file_.version_ != 0 && (file_.version_ & 0xFFFF) == 0;
    return Error::format(ErrorCode::unsupported, "the version is {}{}, expected 2 or 3", file_.version_,
                         swapped ? " (a big-endian file?)" : "");
  }
  LACUNA_ASSIGN_OR_RETURN(num_tensors_, read<uint64_t>("the tensor count"));
  LACUNA_ASSIGN_OR_RETURN(num_values_, read<uint64_t>("the metadata count"));
  LACUNA_RETURN_IF_ERROR(
      check_count("the tensor count", num_tensors_, Limits::tensors, smallest_tensor, cursor_.remaining()));
  return check_count("the metadata count", num_values_, Limits::metadata_values, smallest_value, cursor_.remaining());
}

Result<std::string_view> Parser::read_name(const std::string& what, uint64_t longest) {
  LACUNA_ASSIGN_OR_RETURN(const auto length, read<uint64_t>("the length of " + what));
  if (length == 0) return corrupt("{} is empty", what);
  if (length > longest) return corrupt("{} has {} bytes, over the limit of {}", what, length, longest);
  std::span<const std::byte> raw;
  if (!cursor_.take(length, &raw)) return cut_off(what, length);
  const std::string_view name(reinterpret_cast<const char*>(raw.data()), raw.size());
  if (!is_printable(name)) return corrupt("{} is {}, expected printable ASCII", what, quoted(name));
  return name;
}

Result<void> Parser::read_values() {
  file_.values_.reserve(static_cast<size_t>(num_values_));
  for (uint64_t i = 0; i < num_values_; ++i) {
    LACUNA_RETURN_IF_ERROR(read_value(i));
    if (cursor_.position() > Limits::metadata_bytes) {
      return corrupt("the metadata has more than {} bytes, at key {}", Limits::metadata_bytes,
                     quoted(file_.values_.back().key));
    }
  }
  return {};
}

Result<void> Parser::read_value(uint64_t index) {
  Value value;
  LACUNA_ASSIGN_OR_RETURN(value.key, read_name(fmt::format("metadata key number {}", index), Limits::key_bytes));
  LACUNA_ASSIGN_OR_RETURN(const auto type, read<uint32_t>("the type of metadata key " + quoted(value.key)));
  if (type >= num_value_types) return corrupt("metadata key {} has value type {}, unknown", quoted(value.key), type);
  value.type = static_cast<ValueType>(type);

  uint64_t length = scalar_bytes(value.type);
  if (value.type == ValueType::array) {
    LACUNA_RETURN_IF_ERROR(read_array(value));
  } else {
    if (value.type == ValueType::string) {
      LACUNA_ASSIGN_OR_RETURN(length, read<uint64_t>("the length of the string " + quoted(value.key)));
      if (length > Limits::string_bytes) {
        return corrupt("metadata key {} has a string of {} bytes, over the limit of {}", quoted(value.key), length,
                       Limits::string_bytes);
      }
    }
    if (!cursor_.take(length, &value.bytes)) return cut_off("the value of metadata key " + quoted(value.key), length);
  }
  const bool is_bool =
      value.type == ValueType::boolean || (value.type == ValueType::array && value.element_type == ValueType::boolean);
  if (is_bool && std::any_of(value.bytes.begin(), value.bytes.end(), [](std::byte b) { return b > std::byte{1}; })) {
    return corrupt("metadata key {} has a bool that is neither 0 nor 1", quoted(value.key));
  }
  file_.values_.push_back(value);
  return {};
}

Result<void> Parser::read_array(Value& value) {
  LACUNA_ASSIGN_OR_RETURN(const auto type, read<uint32_t>("the element type of array " + quoted(value.key)));
  if (type >= num_value_types) return corrupt("array {} has element type {}, unknown", quoted(value.key), type);
  value.element_type = static_cast<ValueType>(type);
  if (value.element_type == ValueType::array) {
    return Error::format(ErrorCode::unsupported, "array {} has element type array, which is not supported",
                         quoted(value.key));
  }
  LACUNA_ASSIGN_OR_RETURN(value.count, read<uint64_t>("the length of array " + quoted(value.key)));
  if (value.count > Limits::array_elements) {
    return corrupt("array {} has {} elements, over the limit of {}", quoted(value.key), value.count,
                   Limits::array_elements);
  }
  const size_t start = cursor_.position();
  if (value.element_type == ValueType::string) {
    LACUNA_RETURN_IF_ERROR(skip_strings(value));
    value.bytes = file_.bytes_.subspan(start, cursor_.position() - start);
    return {};
  }
  const uint64_t length = value.count * scalar_bytes(value.element_type);  // at most 2^24 * 8
  if (!cursor_.take(length, &value.bytes)) return cut_off("array " + quoted(value.key), length);
  return {};
}

Result<void> Parser::skip_strings(const Value& value) {
  for (uint64_t i = 0; i < value.count; ++i) {
    uint64_t length = 0;
    std::span<const std::byte> text;
    if (!cursor_.read(&length)) return cut_off(fmt::format("element {} of array {}", i, quoted(value.key)), 8);
    if (length > Limits::string_bytes) {
      return corrupt("element {} of array {} has {} bytes, over the limit of {}", i, quoted(value.key), length,
                     Limits::string_bytes);
    }
    if (!cursor_.take(length, &text))
      return cut_off(fmt::format("element {} of array {}", i, quoted(value.key)), length);
  }
  return {};
}

Result<void> Parser::sort_values() {
  auto& values = file_.values_;
  std::sort(values.begin(), values.end(), [](const Value& a, const Value& b) { return a.key < b.key; });
  const auto twice =
      std::adjacent_find(values.begin(), values.end(), [](const Value& a, const Value& b) { return a.key == b.key; });
  if (twice != values.end()) return corrupt("metadata key {} is there twice", quoted(twice->key));
  return {};
}

Result<void> Parser::read_alignment() {
  LACUNA_ASSIGN_OR_RETURN(file_.alignment_, file_.u64("general.alignment", 32));
  const uint64_t alignment = file_.alignment_;
  const bool power_of_two = (alignment & (alignment - 1)) == 0;
  if (power_of_two && alignment >= Limits::smallest_alignment && alignment <= Limits::alignment) return {};
  return corrupt("metadata key 'general.alignment' is {}, expected a power of two from {} to {}", alignment,
                 Limits::smallest_alignment, Limits::alignment);
}

Result<void> Parser::read_tensors() {
  file_.tensors_.reserve(static_cast<size_t>(num_tensors_));
  for (uint64_t i = 0; i < num_tensors_; ++i) LACUNA_RETURN_IF_ERROR(read_tensor(i));
  return {};
}

Result<void> Parser::read_tensor(uint64_t index) {
  Tensor tensor;
  const std::string what = fmt::format("the name of tensor number {}", index);
  LACUNA_ASSIGN_OR_RETURN(tensor.name, read_name(what, Limits::tensor_name_bytes));
  LACUNA_RETURN_IF_ERROR(read_dims(tensor));
  LACUNA_ASSIGN_OR_RETURN(tensor.type_id, read<uint32_t>("the type of tensor " + quoted(tensor.name)));
  // Relative to the start of the data, which is known only after the last of these records: see place().
  LACUNA_ASSIGN_OR_RETURN(tensor.file_offset, read<uint64_t>("the offset of tensor " + quoted(tensor.name)));
  file_.tensors_.push_back(tensor);
  return {};
}

Result<void> Parser::read_dims(Tensor& tensor) {
  LACUNA_ASSIGN_OR_RETURN(tensor.num_dims, read<uint32_t>("the dimension count of tensor " + quoted(tensor.name)));
  if (tensor.num_dims == 0 || tensor.num_dims > Limits::dimensions) {
    return corrupt("tensor {} has {} dimensions, expected 1 to {}", quoted(tensor.name), tensor.num_dims,
                   Limits::dimensions);
  }
  tensor.num_elements = 1;
  for (uint32_t d = 0; d < tensor.num_dims; ++d) {
    LACUNA_ASSIGN_OR_RETURN(tensor.dims[d], read<uint64_t>("a dimension of tensor " + quoted(tensor.name)));
    if (tensor.dims[d] == 0) return corrupt("dimension {} of tensor {} is 0", d, quoted(tensor.name));
    // Signed counts must be able to hold it as well.
    if (__builtin_mul_overflow(tensor.num_elements, tensor.dims[d], &tensor.num_elements) ||
        tensor.num_elements > static_cast<uint64_t>(INT64_MAX)) {
      return corrupt("the dimensions of tensor {} multiply to more than 2^63, at dimension {} of {}",
                     quoted(tensor.name), d, tensor.dims[d]);
    }
  }
  return {};
}

Result<void> Parser::place_tensors() {
  if (cursor_.position() > Limits::metadata_bytes) {
    return corrupt("the metadata has {} bytes, over the limit of {}", cursor_.position(), Limits::metadata_bytes);
  }
  const uint64_t mask = file_.alignment_ - 1;  // neither sum can overflow: both terms are far below 2^32
  file_.data_offset_ = (cursor_.position() + mask) & ~mask;
  for (Tensor& tensor : file_.tensors_) LACUNA_RETURN_IF_ERROR(place(tensor));
  return refuse_overlap();
}

Result<void> Parser::place(Tensor& tensor) {
  const uint64_t offset = tensor.file_offset;
  if (offset % file_.alignment_ != 0) {
    return corrupt("tensor {} has offset {}, expected a multiple of {}", quoted(tensor.name), offset, file_.alignment_);
  }
  const uint64_t size = file_.bytes_.size();
  const uint64_t room = size > file_.data_offset_ ? size - file_.data_offset_ : 0;
  uint64_t length = 0;
  if (const auto* traits = kernels::find_type_traits(tensor.type_id)) {
    LACUNA_ASSIGN_OR_RETURN(length, data_bytes(tensor, *traits));
  }
  if (offset > room || length > room - offset) {
    return corrupt("tensor {} has {} bytes at offset {} of the data, but the file holds {} bytes of data",
                   quoted(tensor.name), length, offset, room);
  }
  tensor.file_offset = file_.data_offset_ + offset;
  if (length != 0) tensor.data = file_.bytes_.subspan(tensor.file_offset, static_cast<size_t>(length));
  return {};
}

Result<void> Parser::refuse_overlap() const {
  const auto& tensors = file_.tensors_;
  std::vector<uint32_t> order(tensors.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return tensors[a].file_offset < tensors[b].file_offset; });
  for (size_t i = 1; i < order.size(); ++i) {
    const Tensor& before = tensors[order[i - 1]];
    const Tensor& after = tensors[order[i]];
    if (before.file_offset + before.data.size() > after.file_offset) {
      return corrupt("the data of tensors {} and {} overlaps at offset {}", quoted(before.name), quoted(after.name),
                     after.file_offset);
    }
  }
  return {};
}

Result<void> Parser::sort_tensors() {
  const auto& tensors = file_.tensors_;
  auto& order = file_.tensor_by_name_;
  order.resize(tensors.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return tensors[a].name < tensors[b].name; });
  for (size_t i = 1; i < order.size(); ++i) {
    if (tensors[order[i - 1]].name == tensors[order[i]].name) {
      return corrupt("tensor {} is there twice", quoted(tensors[order[i]].name));
    }
  }
  return {};
}

}  // namespace lacuna::engine::gguf
