#include "syntax/repair_holes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "marked_text.h"
#include "samples.h"

using namespace lacuna::syntax;

namespace {

const RepairOptions generous{.budget = std::chrono::milliseconds(60000)};

struct Broken {
  MarkedText marked;  // the cursor is where something is missing
  SyntaxTree tree;
  std::vector<SyntaxError> errors;

  Broken(std::string_view language, std::string_view text)
      : marked(read_marks(text)), tree(tree_of(language, marked.text)), errors(diagnose(tree, marked.text)) {
    REQUIRE_FALSE(errors.empty());
  }
  std::vector<Hole> holes() const { return find_holes(tree, marked.text, errors.front(), generous); }
  /// The text with what `written` gives; empty: it gives nothing.
  std::string filled(std::string_view written) const {
    const auto repair = fill_hole(tree, marked.text, errors.front(), {*marked.cursor}, written, generous);
    if (!repair) return {};
    CHECK_FALSE(repair->title.empty());
    CHECK_FALSE(repair->preferred);
    return lacuna::syntax::apply(marked.text, repair->changes);
  }
};

void check_hole(std::string_view language, std::string_view text) {
  CAPTURE(language);
  CAPTURE(text);
  const Broken broken(language, text);
  const std::vector<Hole> holes = broken.holes();
  REQUIRE_FALSE(holes.empty());
  CHECK(holes.size() <= 2);
  CHECK(holes.front() == Hole{*broken.marked.cursor});
}

}  // namespace

TEST_CASE("a missing expression or name is found where it should stand") {
  check_hole("python", "print(a, b=^)\n");
  check_hole("python", "while ^:\n    pass\n");
  check_hole("python", "for x in ^:\n    print(x)\n");
  check_hole("c", "int main(void) {\n  int x = ^;\n  return x;\n}\n");
  check_hole("c", "int main(void) {\n  if (^) {\n    return 1;\n  }\n  return 0;\n}\n");
  check_hole("cpp", "void f() {\n  g(1, ^);\n}\n");
  check_hole("javascript", "const a = b + ^;\nuse(a);\n");
  check_hole("typescript", "let x: ^= 5;\n");
  check_hole("go", "package a\n\nfunc f() {\n\tg(1, 2 + ^)\n}\n");
  check_hole("rust", "fn f() {\n    let x = ^;\n    g(x);\n}\n");
  check_hole("java", "class A {\n  int f() {\n    return a * ^;\n  }\n}\n");
  check_hole("json", "{\"a\": ^, \"b\": 2}\n");
}

TEST_CASE("a line that was cut has its hole at its end") {
  const Broken broken("python", "def f(a):\n    return sum(a, ^\n\ndef g():\n    pass\n");
  const std::vector<Hole> holes = broken.holes();
  const Hole wanted{*broken.marked.cursor - 1};  // in front of the blank
  CHECK(std::find(holes.begin(), holes.end(), wanted) != holes.end());
}

TEST_CASE("errors in which nothing but a mark is missing have no hole within their line") {
  for (const char* text :
       {"int f(void) { return g(1; }\n", "int f(void) { return 1 2; }\n", "int f(void) { int a[ = 1; }\n"}) {
    CAPTURE(text);
    const Broken broken("c", text);
    CHECK(broken.holes().empty());
  }
}

TEST_CASE("an error that the grammar lets pass has its cure and no hole") {
  const std::string text = "def f(x):\n    reutrn x\n";
  const SyntaxTree tree = tree_of("python", text);
  for (const SyntaxError& error : diagnose(tree, text)) {
    if (error.cure) CHECK(find_holes(tree, text, error, generous).empty());
  }
}

TEST_CASE("what was written goes in as far as it mends, and without what is there already") {
  const Broken c("c", "int main(void) {\n  int x = ^;\n  return x;\n}\n");
  const auto with = [](std::string_view value) {
    return "int main(void) {\n  int x = " + std::string(value) + ";\n  return x;\n}\n";
  };
  CHECK(c.filled("42") == with("42"));
  CHECK(c.filled(" 42") == with("42"));
  CHECK(c.filled("42;") == with("42"));
  CHECK(c.filled("f(1, 2);\n  return 7;\n") == with("f(1, 2)"));
  CHECK(c.filled("f(1, 2) +") == with("f(1, 2)"));
  CHECK(c.filled("42 }") == with("42"));
  CHECK(c.filled("42;  // the answer") == with("42"));
  CHECK(c.filled("42  // the answer") == with("42"));
  CHECK(c.filled("") == "");
  CHECK(c.filled(" \n") == "");
  CHECK(c.filled(";") == "");
  CHECK(c.filled("// nothing") == "");
  CHECK(c.filled("\"open") == "");

  const Broken python("python", "x = sum([1, 2]^\nprint(x)\n");
  CHECK(python.filled(")") == "");  // a closer alone is no text for a model
  const Broken call("python", "print(add(1, b=^))\n");
  CHECK(call.filled("2))  # Output: 3") == "print(add(1, b=2))\n");
  CHECK(call.filled("add(2, b=3)))") == "print(add(1, b=add(2, b=3)))\n");
  CHECK(python.filled(", start=1)") == "x = sum([1, 2], start=1)\nprint(x)\n");
}

TEST_CASE("a name does not melt into the word before it") {
  const Broken broken("python", "import ^\nx = 1\n");
  const std::vector<Hole> holes = broken.holes();
  REQUIRE_FALSE(holes.empty());
}

TEST_CASE("holes of texts that are cut anywhere are within the text, and what fills them keeps the promises") {
  for (const Sample& sample : samples()) {
    CAPTURE(sample.language);
    const std::string text(sample.text.substr(0, 4000));
    for (size_t cut = 7; cut + 5 < text.size(); cut += 397) {
      const std::string broken = text.substr(0, cut) + text.substr(cut + 5);
      const SyntaxTree tree = tree_of(sample.language, broken);
      const std::vector<SyntaxError> errors = diagnose(tree, broken);
      if (!tree.has_errors() || errors.empty()) continue;
      for (const Hole& hole : find_holes(tree, broken, errors.front(), generous)) {
        REQUIRE(hole.offset <= broken.size());
        const auto repair = fill_hole(tree, broken, errors.front(), hole, "value, other)", generous);
        if (!repair) continue;
        const SyntaxTree after = tree_of(sample.language, lacuna::syntax::apply(broken, repair->changes));
        CHECK(after.error_cost() < tree.error_cost());
        CHECK(after.num_errors() <= tree.num_errors());
        CHECK(after.num_errors() == repair->remaining_errors);
      }
    }
  }
}
