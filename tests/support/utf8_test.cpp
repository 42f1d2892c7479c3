#include "support/utf8.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace lacuna::utf8 {

TEST_CASE("every code point survives encoding and decoding") {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    append(text, c);
    const Decoded d = decode(text, 0);
    REQUIRE(d.valid);
    REQUIRE(d.code_point == c);
    REQUIRE(d.length == text.size());
  }
}

TEST_CASE("overlong forms, surrogates, stray and cut bytes are invalid, one byte at a time") {
  for (const std::string bad : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\x80", "\xE4\xB8", "\xFF"}) {
    CAPTURE(bad.size());
    const Decoded d = decode(bad, 0);
    CHECK_FALSE(d.valid);
    CHECK(d.length == 1);
    CHECK_FALSE(is_valid(bad));
    CHECK(is_valid(sanitize(bad)));
  }
}

TEST_CASE("lengths are counted in the units of each encoding") {
  const std::string text = "a\u00e9\u4e2d\U0001F600";
  CHECK(utf16_length(text) == 5);
  CHECK(utf32_length(text) == 4);
  CHECK(utf16_length("\xFF\xFF") == 2);
}

TEST_CASE("a cut at any byte leaves whole characters") {
  const std::string text = "x\u00e9\u4e2d\U0001F600y";
  for (size_t n = 0; n <= text.size(); ++n) {
    const size_t whole = complete_prefix(std::string_view(text).substr(0, n));
    CHECK(is_valid(std::string_view(text).substr(0, whole)));
    CHECK(n - whole < 4);
  }
}

TEST_CASE("random bytes never hang or overrun, and sanitize gives valid text") {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& b : bytes) b = static_cast<char>(random());
    CHECK(is_valid(sanitize(bytes)));
  }
}

}  // namespace lacuna::utf8
