#include "support/result.h"

#include <doctest/doctest.h>

#include <memory>

namespace lacuna {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return Error::format(ErrorCode::invalid_argument, "{} is odd", n);
  return n / 2;
}

Result<int> quarter(int n) {
  LACUNA_ASSIGN_OR_RETURN(const int h, half(n));
  LACUNA_ASSIGN_OR_RETURN(const int q, half(h));
  return q;
}

Result<void> must_be_even(int n) {
  LACUNA_RETURN_IF_ERROR(half(n));
  return {};
}

}  // namespace

TEST_CASE("a result is a value or an error, and errors pass through") {
  CHECK(*quarter(12) == 3);
  CHECK(quarter(6).error().message == "3 is odd");
  CHECK(quarter(6).error().code == ErrorCode::invalid_argument);
  CHECK(must_be_even(2).ok());
  CHECK_FALSE(must_be_even(3).ok());
  CHECK(std::string(name_of(ErrorCode::internal)) == "internal");
}

TEST_CASE("a result can hold what only moves") {
  Result<std::unique_ptr<int>> r(std::make_unique<int>(4));
  std::unique_ptr<int> taken = std::move(r).value();
  CHECK(*taken == 4);
}

}  // namespace lacuna
