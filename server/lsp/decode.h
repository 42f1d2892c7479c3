/// Checked reading of JSON into structs: every field's type and range is looked at, and a mistake says where it is.
///
/// A struct X is readable when there is `bool read(const Json&, X&, Path)`. read() returns false after path.report();
/// nothing throws. Unknown fields are ignored, since clients of newer protocols send them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/lsp/json.h"

namespace lacuna::server {

/// Where in a value we are: a chain of parents on the stack, written out only for an error.
class Path {
 public:
  explicit Path(std::string& message) : message_(&message) {}
  Path field(const char* name) const { return Path(this, name, -1); }
  Path element(int index) const { return Path(this, nullptr, index); }

  /// Keeps the first report only.
  void report(std::string_view problem) const;

 private:
  Path(const Path* parent, const char* name, int index)
      : message_(parent->message_), parent_(parent), name_(name), index_(index) {}
  std::string text() const;

  std::string* message_;
  const Path* parent_ = nullptr;
  const char* name_ = nullptr;
  int index_ = -1;
};

bool read(const Json& value, bool& out, Path path);
bool read(const Json& value, std::string& out, Path path);
/// Numbers beyond the type's range are clamped to it: positions of "the end of the line" are sent as all kinds of
/// maximum. Fractions and negative numbers, where the type has none, are mistakes.
bool read(const Json& value, uint32_t& out, Path path);
bool read(const Json& value, int64_t& out, Path path);
bool read(const Json& value, Json& out, Path path);

template <class T>
bool read(const Json& value, std::vector<T>& out, Path path) {
  if (!value.is_array()) {
    path.report("expected an array");
    return false;
  }
  out.resize(value.size());
  for (size_t i = 0; i < value.size(); ++i) {
    if (!read(value[i], out[i], path.element(static_cast<int>(i)))) return false;
  }
  return true;
}

/// Reads the fields of one object: `ObjectReader object(value, path); return object && object.required("uri",
/// out.uri);`
class ObjectReader {
 public:
  ObjectReader(const Json& value, Path path) : value_(value), path_(path) {
    if (!value.is_object()) path.report("expected an object");
  }
  explicit operator bool() const { return value_.is_object(); }

  template <class T>
  bool required(const char* name, T& out) const {
    const Json* field = find(name);
    if (field != nullptr) return read(*field, out, path_.field(name));
    path_.field(name).report("missing");
    return false;
  }

  /// Absent and null leave `out` alone.
  template <class T>
  bool optional(const char* name, T& out) const {
    const Json* field = find(name);
    return field == nullptr || field->is_null() || read(*field, out, path_.field(name));
  }
  template <class T>
  bool optional(const char* name, std::optional<T>& out) const {
    const Json* field = find(name);
    return field == nullptr || field->is_null() || read(*field, out.emplace(), path_.field(name));
  }

 private:
  const Json* find(const char* name) const {
    const auto found = value_.find(name);
    return found == value_.end() ? nullptr : &*found;
  }

  const Json& value_;
  Path path_;
};

/// Errors: invalid_argument, "textDocument.uri: expected a string".
template <class T>
Result<T> decode(const Json& value) {
  T out{};
  std::string message;
  if (read(value, out, Path(message))) return out;
  return Error{ErrorCode::invalid_argument, message.empty() ? "invalid parameters" : message};
}

}  // namespace lacuna::server
