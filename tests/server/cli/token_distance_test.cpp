#include "server/cli/token_distance.h"

#include <doctest/doctest.h>

using namespace lacuna::server;

namespace {

size_t distance(std::string_view a, std::string_view b) {
  return token_distance(plain_tokens(a), plain_tokens(b));
}

}  // namespace

TEST_CASE("words and marks are tokens, blanks are not") {
  CHECK(plain_tokens(" a_1+= b\n") == std::vector<std::string_view>{"a_1", "+", "=", "b"});
  CHECK(plain_tokens("").empty());
}

TEST_CASE("an inserted, a removed and a replaced token count one each") {
  CHECK(distance("f(a, b);", "f(a, b);") == 0);
  CHECK(distance("f(a, b);", "f(a, b));") == 1);
  CHECK(distance("f(a, b);", "f(a b);") == 1);
  CHECK(distance("f(a, b);", "f(a, b];") == 1);
  CHECK(distance("f(a, b);", "  f( a,\n b );") == 0);
  CHECK(distance("", "a b c") == 3);
}

TEST_CASE("the longest common run is matched first, as Python's difflib does") {
  // A shortest edit would take 4; these are difflib's opcodes (autojunk off).
  CHECK(distance("a b x c d e", "c d e a b y") == 6);
  CHECK(distance("x a b c", "a b c x") == 2);
}
