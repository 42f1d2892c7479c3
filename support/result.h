/// Expected failures as values: Result<T> is a T or an Error.
///
/// No exception crosses one of our functions; a failure that a user can meet travels as an Error, whose message is
/// lower case and says the offending value and where it was found. Bugs abort through LACUNA_CHECK instead.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <variant>

#include "support/check.h"

namespace lacuna {

enum class ErrorCode {
  invalid_argument,  ///< the caller's or the user's input is wrong
  not_found,
  unsupported,  ///< well-formed, but nothing we can do
  corrupt,      ///< a file or message that contradicts itself or its format
  io,           ///< the operating system refused
  exhausted,    ///< memory, blocks or another bounded resource ran out
  cancelled,
  timeout,
  unavailable,  ///< not now: loading, paused, shutting down
  internal,
};

/// The code's name, as it appears in JSON and in logs: "invalid_argument".
constexpr const char* name_of(ErrorCode code) {
  constexpr const char* names[] = {"invalid_argument", "not_found", "unsupported", "corrupt",     "io",
                                   "exhausted",        "cancelled", "timeout",     "unavailable", "internal"};
  return names[static_cast<int>(code)];
}

struct Error {
  ErrorCode code;
  std::string message;

  template <class... Args>
  static Error format(ErrorCode code, fmt::format_string<Args...> text, Args&&... args) {
    return {code, fmt::format(text, std::forward<Args>(args)...)};
  }
};

/// A value or an Error. Reading the one that is not there is a bug and aborts.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { LACUNA_CHECK(ok()); return *std::get_if<0>(&state_); }
  const T& value() const& { LACUNA_CHECK(ok()); return *std::get_if<0>(&state_); }
  T&& value() && { LACUNA_CHECK(ok()); return std::move(*std::get_if<0>(&state_)); }
  const Error& error() const { LACUNA_CHECK(!ok()); return *std::get_if<1>(&state_); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}  // NOLINT

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const { LACUNA_CHECK(!ok_); return error_; }

 private:
  Error error_{};
  bool ok_ = true;
};

}  // namespace lacuna

/// Returns the error of a Result<…> expression to the caller, if it has one.
#define LACUNA_RETURN_IF_ERROR(expression)                             \
  do {                                                                 \
    if (auto lacuna_result_ = (expression); !lacuna_result_.ok()) {    \
      return lacuna_result_.error();                                   \
    }                                                                  \
  } while (false)

#define LACUNA_CONCAT_(a, b) a##b
#define LACUNA_CONCAT(a, b) LACUNA_CONCAT_(a, b)

/// `LACUNA_ASSIGN_OR_RETURN(auto x, f());` declares x with f's value or returns f's error.
#define LACUNA_ASSIGN_OR_RETURN(declaration, expression)                                 \
  auto LACUNA_CONCAT(lacuna_result_, __LINE__) = (expression);                           \
  if (!LACUNA_CONCAT(lacuna_result_, __LINE__).ok()) {                                   \
    return LACUNA_CONCAT(lacuna_result_, __LINE__).error();                              \
  }                                                                                      \
  declaration = std::move(LACUNA_CONCAT(lacuna_result_, __LINE__)).value()
