#include "server/lsp/decode.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lacuna::server {
namespace {

/// The number in the range of int64, clamped; nothing where it has a fraction or is no number.
std::optional<int64_t> integer_of(const Json& value) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    return number > static_cast<uint64_t>(kMost) ? kMost : static_cast<int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const double number = value.get<double>();
  if (std::trunc(number) != number) return std::nullopt;
  if (number >= 9.2e18) return kMost;
  return number <= -9.2e18 ? std::numeric_limits<int64_t>::min() : static_cast<int64_t>(number);
}

}  // namespace

void Path::report(std::string_view problem) const {
  if (!message_->empty()) return;
  const std::string where = text();
  *message_ = where.empty() ? std::string(problem) : where + ": " + std::string(problem);
}

std::string Path::text() const {
  if (parent_ == nullptr) return {};
  const std::string before = parent_->text();
  if (name_ == nullptr) return before + "[" + std::to_string(index_) + "]";
  return before.empty() ? name_ : before + "." + name_;
}

bool read(const Json& value, bool& out, Path path) {
  if (!value.is_boolean()) {
    path.report("expected true or false");
    return false;
  }
  out = value.get<bool>();
  return true;
}

bool read(const Json& value, std::string& out, Path path) {
  if (!value.is_string()) {
    path.report("expected a string");
    return false;
  }
  out = value.get_ref<const std::string&>();
  return true;
}

bool read(const Json& value, int64_t& out, Path path) {
  const auto number = integer_of(value);
  if (!number) {
    path.report("expected an integer");
    return false;
  }
  out = *number;
  return true;
}

bool read(const Json& value, uint32_t& out, Path path) {
  const auto number = integer_of(value);
  if (!number || *number < 0) {
    path.report("expected an integer of 0 or more");
    return false;
  }
  out = static_cast<uint32_t>(std::min<int64_t>(*number, std::numeric_limits<uint32_t>::max()));
  return true;
}

bool read(const Json& value, Json& out, Path) {
  out = value;
  return true;
}

}  // namespace lacuna::server
