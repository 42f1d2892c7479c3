#include "server/lsp/json.h"

#include <utility>
#include <vector>

#include "support/utf8.h"

namespace lacuna::server {
namespace {

/// Builds the value while nlohmann's lexer runs, and stops it at the depth limit, before anything deep exists.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    error_ = Error::format(ErrorCode::corrupt, "not JSON at byte {}", position);
    return false;
  }

  Json take() { return std::move(root_); }
  const Error& error() const { return error_; }

 private:
  template <class T>
  bool add(T&& value) {
    place(Json(std::forward<T>(value)));
    return true;
  }

  bool open(Json container) {
    if (stack_.size() == kJsonDepthLimit) {
      error_ = Error::format(ErrorCode::corrupt, "JSON is nested deeper than {} levels", kJsonDepthLimit);
      return false;
    }
    stack_.push_back(place(std::move(container)));
    return true;
  }

  bool close() {
    stack_.pop_back();
    return true;
  }

  /// Pointers into parents stay valid: only the innermost container grows.
  Json* place(Json value) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *stack_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[key_] = std::move(value));  // of a key given twice the last one counts
  }

  Json root_;
  std::vector<Json*> stack_;
  std::string key_;
  Error error_{ErrorCode::corrupt, "not JSON"};
};

Result<Json> parse_strictly(std::string_view text) {
  Builder builder;
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) return builder.error();
  return builder.take();
}

/// The value of the escape `\uXXXX` at `offset`, or -1.
int escaped_unit(std::string_view text, size_t offset) {
  if (offset + 6 > text.size() || text[offset] != '\\' || text[offset + 1] != 'u') return -1;
  int unit = 0;
  for (size_t i = offset + 2; i < offset + 6; ++i) {
    const char c = text[i];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

bool is_high_surrogate(int unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}
bool is_low_surrogate(int unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

std::string replace_lone_surrogates(std::string text) {
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] != '\\') continue;
    const int unit = escaped_unit(text, i);
    if (is_high_surrogate(unit) && is_low_surrogate(escaped_unit(text, i + 6))) {
      i += 11;
    } else if (is_high_surrogate(unit) || is_low_surrogate(unit)) {
      text.replace(i + 2, 4, "fffd");
      i += 5;
    } else {
      ++i;  // skips the escaped character, which may be a backslash
    }
  }
  return text;
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  // The lexer takes a NUL byte for the end of the text, and would not see what follows it.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return Error::format(ErrorCode::corrupt, "not JSON at byte {}: a NUL", nul);
  }
  Result<Json> value = parse_strictly(text);
  if (value.ok()) return value;
  std::string mended = replace_lone_surrogates(utf8::sanitize(text));
  if (mended == text) return value;
  return parse_strictly(mended);
}

std::string dump_json(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace lacuna::server
