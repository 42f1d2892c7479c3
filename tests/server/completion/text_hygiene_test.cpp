#include "server/completion/text_hygiene.h"

#include <doctest/doctest.h>

#include "server/completion/stop_constraint.h"
#include "support/utf8.h"

using namespace lacuna;
using namespace lacuna::server;

TEST_CASE("a completion is cut before characters that cannot be seen") {
  for (const char32_t code_point :
       {U'\u202E', U'\u2066', U'\u200B', U'\u200D', U'\uFEFF', U'\u00AD', U'\U000E0041', U'\u200F', U'\u061C',
        U'\u2028', U'\u0085', U'\uFFFD', char32_t{0}, char32_t{0x1B}, char32_t{0x7F}}) {
    CAPTURE(static_cast<uint32_t>(code_point));
    std::string generated = "ab";
    utf8::append(generated, code_point);
    generated += "cd";
    CHECK(clean_prefix(generated, "document") == "ab");
    CHECK(clean_prefix(generated, "has it: " + generated) == generated);
  }
}

TEST_CASE("visible text of any script passes") {
  const std::string text = "naïve \t\n 变量 переменная مرحبا 🎉 e\xCC\x81";
  CHECK(clean_prefix(text, "") == text);
}

TEST_CASE("invalid and incomplete UTF-8 ends a completion") {
  CHECK(clean_prefix("ab\xFF"
                     "cd",
                     "") == "ab");
  CHECK(clean_prefix("ab\xE5\x8F", "") == "ab");
  CHECK(clean_prefix("\xC0\x80", "\xC0\x80").empty());
}

TEST_CASE("line ends are those of the document") {
  CHECK(line_end_of("a\r\nb\n") == "\r\n");
  CHECK(line_end_of("a\nb\r\n") == "\n");
  CHECK(line_end_of("") == "\n");
  CHECK(line_end_of("\n") == "\n");
  CHECK(with_line_ends("a\nb\r\nc", "\r\n") == "a\r\nb\r\nc");
  CHECK(with_line_ends("a\r\nb\rc\n", "\n") == "a\nbc\n");
}

TEST_CASE("forced text must come first, in whatever pieces, and is no part of the completion") {
  std::string asked;
  const auto stop = [&asked](std::string_view text) {
    asked = text;
    return text.ends_with("\n");
  };
  StopConstraint constraint({.stop = stop, .forced = " pri"});
  CHECK(constraint.accepts("", " "));
  CHECK(constraint.accepts("", " print"));
  CHECK(constraint.accepts(" p", "ri"));
  CHECK(constraint.accepts(" pri", "nt"));
  CHECK_FALSE(constraint.accepts("", "print"));
  CHECK_FALSE(constraint.accepts("", ""));
  CHECK_FALSE(constraint.accepts(" p", "x"));
  CHECK_FALSE(constraint.accepts(" p", "rx"));
  CHECK_FALSE(constraint.complete(" pri"));
  CHECK_FALSE(constraint.complete(" print"));
  CHECK(constraint.complete(" print\n"));
  CHECK(asked == "nt\n");
}

TEST_CASE("a branch avoids what was written before and stops by its whole text") {
  StopConstraint constraint(
      {.stop = [](std::string_view text) { return text == "a.foo()"; }, .head = "a.", .avoided = "bar()"});
  CHECK_FALSE(constraint.accepts("", "bar"));
  CHECK_FALSE(constraint.accepts("", "b"));
  CHECK(constraint.accepts("", "bars"));
  CHECK(constraint.accepts("", "foo"));
  CHECK(constraint.accepts("foo", "bar"));
  CHECK_FALSE(constraint.complete("foo"));
  CHECK(constraint.complete("foo()"));
}

TEST_CASE("a text that repeats one short piece is complete") {
  const auto repeated = [](std::string_view piece) {
    std::string text = "start ";
    while (text.size() < 90) text += piece;
    return text;
  };
  CHECK(repeats_itself(repeated("0")));
  CHECK(repeats_itself(repeated("foo, ")));
  CHECK(repeats_itself(repeated("0x00, 0x00, ")));
  CHECK_FALSE(repeats_itself(std::string(63, '-')));
  CHECK_FALSE(repeats_itself("for (int i = 0; i < n; ++i) { total += values[i] * weights[i]; } return total;"));
  StopConstraint constraint({.stop = [](std::string_view) { return false; }});
  CHECK(constraint.complete(repeated("ab")));
  CHECK_FALSE(constraint.complete("ab"));
}

TEST_CASE("without a tree a completion is one line") {
  CHECK_FALSE(line_is_complete("foo"));
  CHECK_FALSE(line_is_complete("\n  "));
  CHECK(line_is_complete("\n  foo\n"));
  CHECK(line_is_complete("foo\nbar"));
}
