#include "syntax/diagnose.h"

#include <doctest/doctest.h>

#include <random>

#include "marked_text.h"
#include "samples.h"

using namespace lacuna::syntax;

namespace {

/// The first error of `marked` is at `[[ ]]`; `^`, if there is one, stands before the opener.
void check_error(std::string_view language, std::string_view marked, std::string_view message) {
  CAPTURE(marked);
  MarkedText fixture = read_marks(marked);
  REQUIRE(fixture.range.has_value());
  auto errors = diagnose(tree_of(language, fixture.text), fixture.text);
  REQUIRE_FALSE(errors.empty());
  CHECK(errors[0].message == message);
  CHECK(errors[0].range == *fixture.range);
  CHECK(errors[0].opener.has_value() == fixture.cursor.has_value());
  if (errors[0].opener && fixture.cursor) CHECK(errors[0].opener->begin == *fixture.cursor);
}

void check_sound(const SyntaxTree& tree, std::string_view text) {
  auto errors = diagnose(tree, text);
  if (tree.has_errors()) CHECK_FALSE(errors.empty());
  uint32_t last = 0;
  for (const SyntaxError& error : errors) {
    CHECK(error.range.end <= text.size());
    CHECK((error.range.size() > 0 || text.empty()));
    CHECK(error.range.begin >= last);
    CHECK(text.substr(error.range.begin, error.range.size() - 1).find('\n') == std::string_view::npos);
    CHECK_FALSE(error.message.empty());
    last = error.range.begin;
  }
}

}  // namespace

TEST_CASE("missing closers are told at the end of what they should close, with their opener") {
  check_error("c", "int main(void) {\n  f^(a, [[b]];\n  return 0;\n}\n", "missing `)`");
  check_error("python", "x = f^(1, [[2]]\ny = 3\n", "missing `)`");
  check_error("javascript", "const a = ^[1, [[2]];\n", "missing `]`");
  check_error("c", "void f(void) {\n  if (x) ^{\n    g()[[;]]\n  h();\n}\n", "missing `}`");
}

TEST_CASE("missing marks are told behind the token before them") {
  check_error("c", "int x = [[1]]\nint y = 2;\n", "missing `;`");
  check_error("java", "class A {\n  int x = [[1]]\n}\n", "missing `;`");
}

TEST_CASE("closers too many are told themselves") {
  check_error("c", "void f(void) {\n  g()[[)]];\n}\n", "unexpected `)`");
  check_error("python", "x = {1, 2}[[}]]\n", "unexpected `}`");
  check_error("c", "void f(void) {\n  if (x) {\n    g();\n  }[[}]]\n  h();\n}\n", "unexpected `}`");
}

TEST_CASE("a closer of the wrong kind is told with the one that is wanted") {
  check_error("javascript", "f^(a, b[[}]];\n", "unexpected `}` instead of `)`");
}

TEST_CASE("strings that are not closed are told as a whole") {
  check_error("python", "x = ^[[\"hello]]\ny = 1\n", "unclosed string");
  check_error("c", "void f(void) {\n  puts(^[[\"hello);]]\n}\n", "unclosed string");
}

TEST_CASE("other tokens are told where the text stops making sense, not where the construct began") {
  check_error("c", "int f(void) {\n  int a = 1;\n  a = a + * [[/]] 2;\n  return a;\n}\n", "unexpected `/`");
  check_error("python", "def f():\n    x = 1\n    retrun [[x]]\n", "unexpected `x`");
}

TEST_CASE("good texts have no errors, whatever the language") {
  for (const Sample& sample : samples()) {
    CAPTURE(sample.language);
    CHECK(diagnose(tree_of(sample.language, sample.text), sample.text).empty());
  }
}

TEST_CASE("what follows from one error is not told again") {
  std::string text = "class A {\n  void f() {\n    g(1;\n  }\n  void h() {\n    k();\n  }\n}\n";
  CHECK(diagnose(tree_of("java", text), text).size() == 1);
}

TEST_CASE("independent errors are told each, in the order of the text, up to the limit") {
  std::string text;
  for (int i = 0; i < 10; i++) text += "int f" + std::to_string(i) + "(void) { return 1 }\n";
  SyntaxTree tree = tree_of("c", text);
  auto errors = diagnose(tree, text);
  REQUIRE(errors.size() == 10);
  for (const SyntaxError& error : errors) CHECK(error.message == "missing `;`");
  CHECK(diagnose(tree, text, 3).size() == 3);
  CHECK(diagnose(tree, text, 0).empty());
}

TEST_CASE("every damaged text has errors where its tree has, in shape to be shown") {
  std::mt19937 random(5);
  for (const Sample& sample : samples()) {
    CAPTURE(sample.language);
    for (int round = 0; round < 60; round++) {
      std::string text(sample.text);
      for (int i = 0; i < 1 + round % 3; i++) text.erase(random() % text.size(), 1 + random() % 2);
      if (round % 4 == 0) text.insert(random() % text.size(), std::string(1, "(){}[]\"';\xC3"[random() % 10]));
      CAPTURE(text);
      check_sound(tree_of(sample.language, text), text);
    }
  }
}

TEST_CASE("texts of blanks and single characters can be diagnosed") {
  for (const Language& language : languages()) {
    CAPTURE(language.id);
    for (std::string_view text : {"", "\n", "   ", "\n\n\n", "(", ")", "\"", "'", "\\", "\r\n", "\t}"}) {
      CAPTURE(text);
      check_sound(tree_of(language.id, text), text);
    }
  }
}

TEST_CASE("a place is about the errors on its line and those whose opener is there, the touched ones first") {
  std::string_view text = "a (\nb c\nd\n";
  std::vector<SyntaxError> errors{
      {{4, 5}, "one", {}},                 // b
      {{6, 7}, "two", {}},                 // c
      {{8, 9}, "three", ByteRange{2, 3}},  // d, opened on the first line
  };
  CHECK(errors_on_lines(errors, text, {0, 0}, 9) == std::vector<size_t>{2});
  CHECK(errors_on_lines(errors, text, {5, 5}, 9) == std::vector<size_t>{0, 1});
  CHECK(errors_on_lines(errors, text, {6, 7}, 9) == std::vector<size_t>{1, 0});
  CHECK(errors_on_lines(errors, text, {0, 10}, 2) == std::vector<size_t>{0, 1});
  CHECK(errors_on_lines(errors, text, {10, 10}, 9).empty());
}
