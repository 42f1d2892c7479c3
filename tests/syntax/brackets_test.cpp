#include "syntax/brackets.h"

#include <doctest/doctest.h>

#include "marked_text.h"
#include "samples.h"

using namespace lacuna::syntax;

namespace {

/// The lone brackets of `text` as "kind@offset" words; openers have `<`, their place behind it.
std::string lone(std::string_view language, std::string_view text) {
  SyntaxTree tree = tree_of(language, text);
  std::string words;
  for (const LoneBracket& bracket : lone_brackets(tree, text, tokens_of(tree))) {
    words += std::string(words.empty() ? "" : " ") + bracket.kind + "@" + std::to_string(bracket.range.begin);
    if (bracket.opener) words += "<" + std::to_string(missed_at(text, bracket));
    if (bracket.wrong_opener) words += std::string("=") + bracket.wanted;
  }
  return words;
}

}  // namespace

TEST_CASE("good code has no lone bracket in any language") {
  for (const Sample& sample : samples()) {
    CAPTURE(sample.language);
    CHECK(lone(sample.language, sample.text) == "");
  }
}

TEST_CASE("brackets in strings, characters and comments do not count") {
  CHECK(lone("c", "char c = '('; /* { */ const char *s = \")\"; // ]\n") == "");
  CHECK(lone("python", "s = '(' + \"]\"  # {\n") == "");
}

TEST_CASE("a lost closer is missed before the next line that is indented no deeper") {
  CHECK(lone("c", "void f(void) {\n  if (x) {\n    g();\n\n  h();\n}\n") == "{@24<36");
  CHECK(lone("python", "x = f(1,\n      2\ny = 3\n") == "(@5<17");
}

TEST_CASE("a closer too many in the middle of a line is the one to blame") {
  CHECK(lone("c", "void f(void) {\n  if (x) {\n    g();\n  }}\n  h();\n}\n") == "}@38");
}

TEST_CASE("a closer of the wrong kind is told with what it stands in for") {
  CHECK(lone("javascript", "f(a, b];\n") == "]@6=)");
  CHECK(lone("java", "class A {\n  void f() {\n    g();\n  ]\n}\n") == "]@34=}");
}
