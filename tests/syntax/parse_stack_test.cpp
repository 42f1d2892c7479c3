#include "syntax/parse_stack.h"

#include <doctest/doctest.h>

#include <string>

#include "marked_text.h"
#include "samples.h"
#include "support/os.h"

using namespace lacuna::syntax;

namespace {

const Deadline generous{std::chrono::milliseconds(60000), nullptr};

StackOutcome read(std::string_view language, std::string_view text, StackTrace* trace = nullptr) {
  ParseStack stack(*find_language(language, ""));
  stack.set_text(text);
  StackFrontier frontier = stack.start();
  return stack.run(frontier, UINT32_MAX, generous, trace);
}

/// The first token that cannot follow is the one in `[[ ]]`.
void check_rejected(std::string_view language, std::string_view marked) {
  CAPTURE(marked);
  MarkedText fixture = read_marks(marked);
  REQUIRE(fixture.range.has_value());
  StackOutcome outcome = read(language, fixture.text);
  CHECK(outcome.end == StackOutcome::End::rejected);
  CHECK(outcome.token == *fixture.range);
}

}  // namespace

TEST_CASE("the simulator accepts what tree-sitter accepts, in every language") {
  for (const Sample& sample : samples()) {
    CAPTURE(sample.language);
    REQUIRE_FALSE(tree_of(sample.language, sample.text).has_errors());
    CHECK(read(sample.language, sample.text).end == StackOutcome::End::accepted);
  }
}

TEST_CASE("the simulator accepts our own sources") {
  for (const char* path :
       {"/syntax/parse_stack.cpp", "/syntax/repair_search.cpp", "/syntax/syntax_tree.h", "/support/utf8.cpp"}) {
    CAPTURE(path);
    auto text = lacuna::os::read_file(std::string(LACUNA_SOURCE_DIR) + path, 1 << 20);
    REQUIRE(text.ok());
    bool clean = !tree_of("cpp", *text).has_errors();
    CHECK((read("cpp", *text).end == StackOutcome::End::accepted) == clean);
  }
}

TEST_CASE("a text with a token deleted is accepted exactly when tree-sitter finds no error") {
  for (const Sample& sample : samples()) {
    StackTrace trace;
    read(sample.language, sample.text, &trace);
    for (size_t mark = 1; mark + 1 < trace.size(); mark += 3) {
      uint32_t begin = trace.position(mark);
      uint32_t end = trace.position(mark + 1);
      std::string text(sample.text);
      text.erase(begin, end - begin);
      CAPTURE(sample.language);
      CAPTURE(text);
      CHECK((read(sample.language, text).end == StackOutcome::End::accepted) ==
            !tree_of(sample.language, text).has_errors());
    }
  }
}

TEST_CASE("the failure is the first token that no program can have there") {
  check_rejected("c", "int x = 1\n[[int]] y;\n");
  check_rejected("java", "class A {\n  void f() {\n    g(1, 2[[;]]\n  }\n}\n");
  check_rejected("python", "def f(x)\n    [[return]] x\n");
  check_rejected("go", "package main\n\nfunc main() {\n\tx := []int{1, 2[[)]]\n}\n");
  check_rejected("rust", "fn main() {\n    let x [[5]];\n}\n");
  check_rejected("typescript", "const a: { b: number [[)]] = 1;\n");
}

TEST_CASE("an unclosed bracket fails at the end of the text") {
  std::string text = "int f(void) {\n  return 1;\n";
  StackOutcome outcome = read("c", text);
  CHECK(outcome.end == StackOutcome::End::rejected);
  CHECK(outcome.token == ByteRange{static_cast<uint32_t>(text.size()), static_cast<uint32_t>(text.size())});
}

TEST_CASE("a reading goes on over another text from any mark") {
  std::string text = "def f(a, b):\n    return a + b\n\ndef g():\n    return f(1, 2)\n";
  ParseStack stack(*find_language("python", ""));
  stack.set_text(text);
  StackTrace trace;
  StackFrontier frontier = stack.start();
  REQUIRE(stack.run(frontier, UINT32_MAX, generous, &trace).end == StackOutcome::End::accepted);

  auto call = static_cast<uint32_t>(text.find("f(1"));
  std::string longer = text;
  longer.insert(call, "not ");
  stack.set_text(longer);
  StackFrontier resumed = trace.frontier(trace.last_before(call - 2));
  CHECK(stack.run(resumed, UINT32_MAX, generous).end == StackOutcome::End::accepted);

  std::string wrong = text;
  wrong.insert(call, ") ");
  stack.set_text(wrong);
  resumed = trace.frontier(trace.last_before(call - 2));
  StackOutcome outcome = stack.run(resumed, UINT32_MAX, generous);
  CHECK(outcome.end == StackOutcome::End::rejected);
  CHECK(outcome.token.begin == call);
}

TEST_CASE("what may follow holds what does follow") {
  ParseStack stack(*find_language("c", ""));
  std::string_view text = "int x = f(1);\n";
  stack.set_text(text);
  StackFrontier frontier = stack.start();
  REQUIRE(stack.run(frontier, static_cast<uint32_t>(text.find(';')), generous).end == StackOutcome::End::stopped);
  CHECK_FALSE(stack.lookaheads(frontier).empty());
  StackFrontier start = stack.start();
  CHECK(stack.lookaheads(start) != stack.lookaheads(frontier));
}

TEST_CASE("nested ambiguities do not multiply the readings") {
  std::string text = "f(";
  for (int i = 0; i < 200; i++) text += "{a: ";
  text += "1";
  text += std::string(200, '}') + ");\n";
  REQUIRE_FALSE(tree_of("javascript", text).has_errors());
  CHECK(read("javascript", text).end == StackOutcome::End::accepted);
}

TEST_CASE("hostile nesting ends within the simulator's bounds") {
  std::string parens(200000, '(');
  for (const char* language : {"c", "javascript", "python", "cpp", "rust"}) {
    CAPTURE(language);
    StackOutcome outcome = read(language, parens);
    CHECK(outcome.end != StackOutcome::End::accepted);
  }
}

TEST_CASE("bytes that are no UTF-8 are read like any others") {
  std::string text = "x = '\xFF\xFE'\ny = \xC3\n";
  for (const Language& language : languages()) {
    StackOutcome outcome = read(language.id, text);
    CHECK(outcome.token.end <= text.size());
  }
}

TEST_CASE("a passed deadline stops a run") {
  std::string text;
  for (int i = 0; i < 20000; i++) text += "x = x + 1\n";
  ParseStack stack(*find_language("python", ""));
  stack.set_text(text);
  StackFrontier frontier = stack.start();
  CHECK(stack.run(frontier, UINT32_MAX, Deadline(std::chrono::milliseconds(0), nullptr)).end ==
        StackOutcome::End::gave_up);
}
