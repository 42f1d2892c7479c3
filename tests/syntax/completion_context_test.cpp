#include "syntax/completion_context.h"

#include <doctest/doctest.h>

#include "marked_text.h"

using namespace lacuna::syntax;

namespace {

CompletionContext context_of(std::string_view language, std::string_view marked) {
  MarkedText fixture = read_marks(marked);
  REQUIRE(fixture.cursor.has_value());
  CAPTURE(marked);
  return completion_context(tree_of(language, fixture.text), fixture.text, *fixture.cursor);
}

void check_kind(std::string_view language, std::string_view marked, std::string_view expected) {
  CAPTURE(language);
  CAPTURE(marked);
  CompletionContext context = context_of(language, marked);
  CHECK(context.in_comment == (expected == "comment"));
  CHECK(context.in_string == (expected == "string"));
}

void check_empty_block(std::string_view language, std::string_view marked, bool expected) {
  CAPTURE(language);
  CAPTURE(marked);
  CHECK(context_of(language, marked).in_empty_block == expected);
}

}  // namespace

TEST_CASE("comments and strings are told from code") {
  check_kind("python", "x = 1  # on^e\ny = 2\n", "comment");
  check_kind("python", "x = 1  # one^\ny = 2\n", "comment");
  check_kind("python", "x = 1  # one\n^y = 2\n", "code");
  check_kind("python", "x = 'a^b'\n", "string");
  check_kind("python", "x = 'ab'^\n", "code");
  check_kind("python", "x = ^'ab'\n", "code");
  check_kind("python", "x = f'{na^me} is'\n", "code");
  check_kind("python", "def f():\n    \"\"\"Says\n    ^\n    \"\"\"\n", "string");
  check_kind("javascript", "let a = `x ${b^} y`;\n", "code");
  check_kind("javascript", "let a = `x ${b} y^`;\n", "string");
  check_kind("typescript", "let a: string^ = b;\n", "code");
  check_kind("c", "/* a ^ */ int x;\n", "comment");
  check_kind("c", "/* a */^ int x;\n", "code");
  check_kind("c", "char c = '^a';\n", "string");
  check_kind("rust", "/// docs^\nfn f() {}\n", "comment");
  check_kind("rust", "/// docs\n^fn f() {}\n", "code");
  check_kind("go", "s := `raw ^`\n", "string");
  check_kind("ruby", "puts \"a #{b^}\"\n", "code");
  check_kind("shellscript", "echo \"a ^b\"\n", "string");
  check_kind("json", "{\"a^\": 1}\n", "string");
  check_kind("java", "class A { String s = \"x^\"; }\n", "string");
  check_kind("csharp", "class A { string s = $\"x {y^}\"; }\n", "code");
  check_kind("php", "<?php // hm^\n", "comment");
}

TEST_CASE("strings that are being typed have no second quote yet") {
  check_kind("python", "x = 1\nname = \"hel^\ny = 2\n", "string");
  check_kind("c", "int main(void) {\n  puts(\"hel^\n  return 0;\n}\n", "string");
  check_kind("javascript", "const a = f('hel^\nconst b = 2;\n", "string");
  check_kind("python", "def f(\n    # note^\n", "comment");
  check_kind("c", "void f( { g(1, ^\n", "code");
}

TEST_CASE("the word being typed ends at the cursor") {
  CompletionContext context = context_of("python", "value = comp^ute(1)\n");
  CHECK(context.word == ByteRange{8, 12});
  CHECK(context.inside_word);
  context = context_of("python", "value = compute(^\n");
  CHECK(context.word.size() == 0);
  CHECK_FALSE(context.inside_word);
  CHECK(context_of("python", "größe^ = 1\n").word == ByteRange{0, 7});
  CHECK(context_of("php", "<?php\n$na^\n").word == ByteRange{6, 9});
}

TEST_CASE("the line and its blanks") {
  CompletionContext context = context_of("c", "int f() {\n\t  ^ \r\n}\n");
  CHECK(context.line == ByteRange{10, 14});
  CHECK(context.line_blank_before);
  CHECK(context.line_blank_after);
  CHECK(context.indentation == "\t  ");
  context = context_of("c", "  return ^x;\n");
  CHECK_FALSE(context.line_blank_before);
  CHECK_FALSE(context.line_blank_after);
  CHECK(context.indentation == "  ");
  context = context_of("c", "^");
  CHECK(context.line == ByteRange{0, 0});
  CHECK(context.num_errors == 0);
}

TEST_CASE("closers behind the cursor are those that an editor would have put there") {
  CHECK(context_of("c", "f(a, ^);\n").closers_after == ");");
  CHECK(context_of("c", "x = f(g(\"^\"), b) ;\n").closers_after == "\"),");
  CHECK(context_of("c", "f(^a);\n").closers_after == "");
  CHECK(context_of("c", "f(^\n);\n").closers_after == "");
}

TEST_CASE("empty blocks are found by what stands around the cursor") {
  check_empty_block("python", "def f():\n    ^", true);
  check_empty_block("python", "def f():\n    ^\n\n\ndef g():\n    pass\n", true);
  check_empty_block("python", "def f():\n    \"\"\"Says.\"\"\"\n    ^\n\nx = 1\n", true);
  check_empty_block("python", "if a:  # why\n    ^\nelse:\n    pass\n", true);
  check_empty_block("python", "def f():\n    ^\n    return 1\n", false);
  check_empty_block("python", "def f():\n    x = 1\n    ^\n", false);
  check_empty_block("python", "x = 1\n^\n", false);
  check_empty_block("c", "void f(void) { ^ }\n", true);
  check_empty_block("c", "void f(void) {\n  ^\n}\n", true);
  check_empty_block("c", "void f(void) {\n  // soon\n  ^\n}\n", true);
  check_empty_block("c", "void f(void) {\n  ^", true);
  check_empty_block("c", "void f(void) {\n  if (x) {\n    ^\n  g();\n}\n", true);
  check_empty_block("c", "void f(void) {\n  ^\n  g();\n}\n", false);
  check_empty_block("c", "void f(void) {\n  g();\n  ^\n}\n", false);
  check_empty_block("c", "x = ^\n", false);
  check_empty_block("go", "func f() {\n\t^}\n", true);
  check_empty_block("ruby", "def f(a)\n  ^\nend\n", true);
  check_empty_block("ruby", "items.each do |item|\n  ^\nend\n", true);
  check_empty_block("ruby", "def f(a)\n  ^\n  a + 1\nend\n", false);
  check_empty_block("shellscript", "if true; then\n  ^\nfi\n", true);
  check_empty_block("c", "/* { */\n^\n", false);
}

TEST_CASE("a context exists at every offset of every kind of text") {
  for (std::string_view text :
       {std::string_view("def f(:\n  'é\n\xFF\xFE\0x", 16), std::string_view("{(\"'`/*#\n\n")}) {
    for (const Language& language : languages()) {
      SyntaxTree tree = tree_of(language.id, text);
      for (uint32_t offset = 0; offset <= text.size(); offset++) {
        CompletionContext context = completion_context(tree, text, offset);
        CHECK(context.word.end == offset);
        CHECK(context.line.begin <= offset);
        CHECK(context.line.end >= offset);
        CHECK(context.num_errors == tree.num_errors());
      }
    }
  }
}
