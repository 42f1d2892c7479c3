#include <doctest/doctest.h>

#include "marked_text.h"
#include "syntax/trim.h"

using namespace lacuna::syntax;

namespace {

/// Generates `script` a byte at a time and checks that the stop comes exactly after `until`; never, if `until` is the
/// script.
void check_stop(std::string_view language, std::string_view marked, std::string_view script, std::string_view until) {
  CAPTURE(marked);
  CAPTURE(script);
  MarkedText fixture = read_marks(marked);
  auto text = std::make_shared<const std::string>(fixture.text);
  SyntaxTree tree = tree_of(language, *text);
  CompletionContext context = completion_context(tree, *text, *fixture.cursor);
  CompletionStop stop(tree, text, *fixture.cursor, context, std::chrono::minutes(5));
  size_t size = 0;
  while (size < script.size() && !stop.complete(script.substr(0, size))) size++;
  CHECK(script.substr(0, size) == until);
}

}  // namespace

TEST_CASE("in a line the stop comes with its end") {
  check_stop("python", "x = comp^\ny = 1\n", "ute(a)\nz = 2\n", "ute(a)\n");
  check_stop("c", "void f(void) {\n  g(^\n}\n", "1);\n  h();\n", "1);\n");
}

TEST_CASE("a line whose brackets are open goes on until they are closed") {
  check_stop("python", "x = 1\ny = f(^\n", "\n    1,\n    2)\nz = 3\n", "\n    1,\n    2)\n");
}

TEST_CASE("a line whose brackets are closed by what follows ends there") {
  check_stop("python", "import os\nfrom a^\n    b,\n    c,\n)\n", " import (\n    b,\n", " import (\n");
  check_stop("c", "void f(void) {\n  if ^\n    g();\n  }\n}\n", "(x) {\n    g();\n", "(x) {\n");
}

TEST_CASE("open brackets do not buy more than three lines") {
  check_stop("python", "y = ^\n", "[\n  1,\n  2,\n  3,\n", "[\n  1,\n  2,\n");
}

TEST_CASE("text behind the cursor leaves room for one line, and less where it is written again") {
  check_stop("c", "void f(void) { g(^); }\n", "a,\n b", "a,\n");
  check_stop("c", "void f(void) { g(^); }\n", "a); }\n", "a); }");
}

TEST_CASE("strings and comments end with their line") {
  check_stop("python", "# say^\nx = 1\n", " (hello\nx\n", " (hello\n");
}

TEST_CASE("an empty line before the text does not count") {
  check_stop("python", "def f():\n    x = 1\n    ^\n", "\n    y = 2\n    z = 3\n", "\n    y = 2\n");
}

TEST_CASE("an empty block is written to its closing bracket") {
  check_stop("c", "void f(void) {\n  ^\n}\n", "if (x) {\n    g();\n  }\n  h(\"}\");\n}\nvoid",
             "if (x) {\n    g();\n  }\n  h(\"}\");\n}");
}

TEST_CASE("an empty block by indentation ends with the first line that leaves it") {
  check_stop("python", "def f():\n    ^\n",
             "x = [\n1,\n]\n\n    return x\ndef g():", "x = [\n1,\n]\n\n    return x\nd");
}

TEST_CASE("a stop outlives the tree and the text that it was made with") {
  auto make = [] {
    auto text = std::make_shared<const std::string>("x = f\ny = 1\n");
    SyntaxTree tree = tree_of("python", *text);
    CompletionContext context = completion_context(tree, *text, 5);
    return std::make_unique<CompletionStop>(tree, text, 5, context, std::chrono::minutes(5));
  };
  auto stop = make();
  CHECK_FALSE(stop->complete("(\n"));
  CHECK(stop->complete("(\n    1)\n"));
}
