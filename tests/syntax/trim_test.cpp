#include "syntax/trim.h"

#include <doctest/doctest.h>

#include "marked_text.h"
#include "samples.h"

using namespace lacuna::syntax;

namespace {

Trimmed trimmed(std::string_view language, std::string_view marked, std::string_view generated) {
  MarkedText fixture = read_marks(marked);
  REQUIRE(fixture.cursor.has_value());
  SyntaxTree tree = tree_of(language, fixture.text);
  CompletionContext context = completion_context(tree, fixture.text, *fixture.cursor);
  return trim_completion(tree, fixture.text, *fixture.cursor, context, generated, std::chrono::minutes(5));
}

/// `[[ ]]` in `marked` is what the completion replaces; an empty one stands at the cursor.
void check_trim(std::string_view language, std::string_view marked, std::string_view generated,
                std::string_view expected, uint32_t replace_after = 0) {
  CAPTURE(marked);
  CAPTURE(generated);
  Trimmed result = trimmed(language, marked, generated);
  CHECK(result.text == expected);
  CHECK(result.replace_after == replace_after);
  CHECK(result.reason == nullptr);
}

void check_silence(std::string_view language, std::string_view marked, std::string_view generated,
                   std::string_view reason) {
  CAPTURE(marked);
  CAPTURE(generated);
  Trimmed result = trimmed(language, marked, generated);
  CHECK(result.text == "");
  REQUIRE(result.reason != nullptr);
  CHECK(std::string_view(result.reason) == reason);
  CHECK(result.remainder == generated);
}

}  // namespace

TEST_CASE("a completion is cut at the end of its line, and the rest is kept") {
  check_trim("python", "x = comp^\ny = 1\n", "ute(a)\nz = 2\n", "ute(a)");
  CHECK(trimmed("python", "x = comp^\ny = 1\n", "ute(a)\nz = 2\n").remainder == "\nz = 2\n");
}

TEST_CASE("a call over several lines stays whole") {
  check_trim("python", "x = 1\ny = f^\n", "(\n    1,\n    2)\nz = 3\n", "(\n    1,\n    2)");
}

TEST_CASE("a block is completed without the bracket that is there already") {
  check_trim("c", "void f(void) {\n  ^\n}\n", "g();\n  h();\n}\n\nvoid k(void) {", "g();\n  h();");
}

TEST_CASE("a block is completed with its bracket where that is missing") {
  check_trim("c", "void f(void) {\n  ^", "g();\n}\n\nint x;", "g();\n}");
}

TEST_CASE("a body before a closing brace on the cursor's line ends with a line end") {
  check_trim("go", "package a\n\nfunc f() int {\n\t^}\n", "return 1\n}\n\nfunc g() {", "return 1\n");
}

TEST_CASE("a block by indentation ends where the indentation does") {
  check_trim("python", "def f(a):\n    ^\n\n\nx = 1\n", "if a:\n        return 1\n    return 2\n\n\ndef g():\n",
             "if a:\n        return 1\n    return 2");
}

TEST_CASE("closers that the editor put behind the cursor are replaced where the text repeats them") {
  check_trim("c", "void f(void) {\n  g(^)\n}\n", "a, b);\n", "a, b);", 1);
  check_trim("javascript", "const a = [f(^)];\n", "1)];\n", "1");
}

TEST_CASE("the rest of the line is not written twice") {
  check_trim("c", "int x = f(^) + y;\n", "a) + y;\n", "a");
}

TEST_CASE("text that closes nothing is inserted before the closers") {
  check_trim("c", "void f(void) {\n  g(^);\n}\n", "a, b", "a, b");
}

TEST_CASE("a completion that breaks the line is shrunk to the part that does not") {
  check_trim("c", "int f(void) {\n  return ^;\n}\n", "a + b) {\n", "a + b");
  check_trim("python", "x = [1, 2]\ny = x^\nz = 3\n", "[0] ]) }\n", "[0]");
}

TEST_CASE("a header may open a block that is still to be written") {
  check_trim("c", "void f(void) {\n  ^\n  g();\n}\n", "if (x) {\n", "if (x) {");
}

TEST_CASE("brackets of the line that the model forgot to close are closed") {
  check_trim("python", "x = 1\ny = sum(f(a^\nz = 3\n", ") for a in b\nz", ") for a in b)");
}

TEST_CASE("an expression that goes on behind an operator is completed over its lines") {
  check_trim("c", "void f(void) {\n  x = ^\n  return;\n}\n", "a +\n      b;\n  z = 1;\n", "a +\n      b;");
}

TEST_CASE("without a budget nothing is known to be harmless") {
  std::string text = "int x = ;\n";
  SyntaxTree tree = tree_of("c", text);
  CompletionContext context = completion_context(tree, text, 8);
  Trimmed result = trim_completion(tree, text, 8, context, "1", std::chrono::milliseconds(0));
  CHECK(result.text == "");
  CHECK(std::string_view(result.reason) == "would break the parse");
}

TEST_CASE("indentation that is there already is not inserted again") {
  check_trim("python", "def f():\n    x = 1\n    ^\n", "    y = 2\n    z = 3\n", "y = 2");
  check_trim("c", "void f(void) {\n\t^\n}\n", "\tif (x) {\n\t\t\tg();\n\t\t}\n}\n", "if (x) {\n\t\t\tg();\n\t\t}");
}

TEST_CASE("a body that is indented too deep as a whole is moved back") {
  check_trim("c", "void f(void) {\n    ^\n}\n", "  if (x) {\n          g();\n      }\n}\n",
             "if (x) {\n        g();\n    }");
}

TEST_CASE("blanks alone are nothing") {
  check_silence("python", "x = 1\n^\n", "", "nothing generated");
  check_silence("python", "x = 1\n^\n", "  \n\n  ", "nothing generated");
}

TEST_CASE("a whole line that says what the next one says is left out") {
  check_silence("c", "void f(void) {\n  a = 1;\n  ^\n  b = 2;\n}\n", "b = 2;\n", "repeats the next line");
  check_silence("python", "def f():\n    t = 1^\n    return t\n", "\n    return t\n", "repeats the next line");
  check_silence("python", "def f():\n    t = 1^\n    return t\n", "\n    return", "repeats the next line");
  check_trim("python", "def f():\n    t = 1^\n    return t\n", "\n    t += 1\n", "\n    t += 1");
}

TEST_CASE("code behind the cursor does not become a comment") {
  check_silence("python", "def f(a, b):\n    return a ^+ (b\n", "# the sum\n", "nothing generated");
  check_trim("c", "int x = a ^+ b;\n", "+ 1 // more\n", "+ 1");
}

TEST_CASE("text that no cut can make harmless is left out") {
  check_silence("json", "{\"a\": 1}^\n", "}}\n", "would break the parse");
}

TEST_CASE("no completion of any text raises the number of errors beyond what it owes") {
  for (const Sample& sample : samples()) {
    CAPTURE(sample.language);
    std::string text(sample.text);
    SyntaxTree tree = tree_of(sample.language, text);
    for (uint32_t offset = 1; offset < text.size(); offset += 7) {
      CAPTURE(offset);
      std::string generated = text.substr(text.size() - std::min<size_t>(offset, 60)) + ")] }\n\"'";
      CompletionContext context = completion_context(tree, text, offset);
      Trimmed result = trim_completion(tree, text, offset, context, generated, std::chrono::minutes(5));
      CHECK(result.text.empty() == (result.reason != nullptr));
      REQUIRE(offset + result.replace_after <= context.line.end);
      if (result.text.empty() || std::string_view("([{").find(result.text.back()) != std::string_view::npos) continue;
      std::string after = text.substr(0, offset) + result.text + text.substr(offset + result.replace_after);
      CHECK(tree_of(sample.language, after).num_errors() == 0);
    }
  }
}
