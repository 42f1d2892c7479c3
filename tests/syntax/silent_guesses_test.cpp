#include <doctest/doctest.h>

#include <string>

#include "marked_text.h"
#include "syntax/repair.h"
#include "syntax/silent_errors.h"

using namespace lacuna::syntax;

namespace {

/// The tree of `text` after an error at its end was taken away.
SyntaxTree tree_that_began_with_errors(std::string_view language, std::string_view text) {
  const std::string broken = std::string(text) + "\n)]}(";
  const SyntaxTree tree = tree_of(language, broken);
  REQUIRE(tree.has_errors());
  const auto end = static_cast<uint32_t>(text.size());
  const Edit edit{end, static_cast<uint32_t>(broken.size()), end};
  auto mended = tree.reparse({&edit, 1}, broken, text);
  REQUIRE(mended.ok());
  REQUIRE_FALSE(mended->has_errors());
  return std::move(*mended);
}

/// Told, and mended, if the text began with errors; otherwise nobody is bothered.
void check_guess(std::string_view language, std::string_view slipped, std::string_view message,
                 std::string_view meant) {
  CAPTURE(slipped);
  CHECK(diagnose(tree_of(language, slipped), slipped).empty());
  const SyntaxTree tree = tree_that_began_with_errors(language, slipped);
  const std::vector<SyntaxError> errors = diagnose(tree, slipped);
  REQUIRE(errors.size() == 1);
  CHECK(errors.front().message == message);
  const std::vector<Repair> repairs = find_repairs(tree, slipped, errors.front());
  REQUIRE(repairs.size() == 1);
  CHECK(lacuna::syntax::apply(slipped, repairs.front().changes) == meant);
  CHECK(diagnose(tree_that_began_with_errors(language, meant), meant).empty());
}

void check_no_guess(std::string_view language, std::string_view text) {
  CAPTURE(text);
  CHECK(diagnose(tree_that_began_with_errors(language, text), text).empty());
}

}  // namespace

TEST_CASE("names that lost the mark between them are told if the file has them apart") {
  check_guess("go", "package a\n\nvar b = http.StatusOK\nvar c = httpStatusOK\n",
              "unexpected `httpStatusOK` instead of `http.StatusOK`",
              "package a\n\nvar b = http.StatusOK\nvar c = http.StatusOK\n");
  check_guess("javascript", "const parser = 1;\na(lint.b);\na(lintparser);\n",
              "unexpected `lintparser` instead of `lint.parser`", "const parser = 1;\na(lint.b);\na(lint.parser);\n");
  check_guess("rust", "fn f() {\n    g(Interest::WRITABLE);\n    h(InterestWRITABLE);\n}\n",
              "unexpected `InterestWRITABLE` instead of `Interest::WRITABLE`",
              "fn f() {\n    g(Interest::WRITABLE);\n    h(Interest::WRITABLE);\n}\n");
  check_no_guess("rust", "use a::Expr::Lit;\nfn f(b: ExprLit) {}\n");
  // A member has the name it was given, and a new name may be like two others.
  check_no_guess("python", "import os\na = os.path\nname = 1\nb = c.osname\n");
  check_no_guess("python", "a = test.mark\nb = mark\ntestmark = b\n");
  check_no_guess("python", "a = time.sleep\nb = time_sleep\n");
  check_no_guess("python", "a = c.time()\nb = ctime()\n");
}

TEST_CASE("no guesses are made in a long text, where much looks like a slip by chance") {
  const std::string slipped = "package a\n\nvar b = http.StatusOK\nvar c = httpStatusOK\n";
  check_no_guess("go", slipped + "// " + std::string(70'000, 'x') + "\n");
}

TEST_CASE("a misspelt word that the grammar knows is told if the file writes it elsewhere") {
  check_guess("c", "int a;\nint b;\nvoid f(void) {\n  nt c;\n}\n", "unexpected `nt` instead of `int`",
              "int a;\nint b;\nvoid f(void) {\n  int c;\n}\n");
  check_guess("python", "a = None\nb = None\nc = Noe\n", "unexpected `Noe` instead of `None`",
              "a = None\nb = None\nc = None\n");
  check_no_guess("c", "int a;\nint b;\nvoid f(int n) {\n  n = 1;\n}\n");
}

TEST_CASE("the few statements without their semicolons are told") {
  std::string good;
  for (const std::string name : {"a", "b", "c", "d", "e", "g", "h", "i"}) good += name + "();\n";
  check_guess("javascript", good + "j()\nk();\n", "missing `;`", good + "j();\nk();\n");
  check_no_guess("javascript", "'use strict'\n" + good + "j = function () {\n}\n");
  check_no_guess("javascript", good + "j()\nk()\n");
  // Two of eighteen are slips.
  const std::string slipped = good + good + "j()\nk()\n";
  CHECK(diagnose(tree_that_began_with_errors("javascript", slipped), slipped).size() == 2);
}

TEST_CASE("the only long list without a comma behind its last element is told") {
  std::string good;
  for (const std::string name : {"a", "b", "c", "d", "e"}) good += name + " = [\n    1,\n    2,\n]\n";
  check_guess("python", good + "g = [\n    1,\n    2\n]\n", "missing `,`", good + "g = [\n    1,\n    2,\n]\n");
  check_no_guess("python", good + "g = [\n    1,\n    2\n]\nh = [\n    1,\n    2\n]\n");
}

TEST_CASE("neighbours that lost the comma between them are told") {
  check_guess("python", "f(\"a\" \"b\", c)\n", "missing `,`", "f(\"a\", \"b\", c)\n");
  check_guess("python", "f(a [1], c)\n", "missing `,`", "f(a, [1], c)\n");
  check_guess("c", "void g(void) {\n  f(a &b);\n}\n", "missing `,`", "void g(void) {\n  f(a, &b);\n}\n");
  check_guess("c", "void g(void) {\n  f(name\n    \"a\");\n}\n", "missing `,`",
              "void g(void) {\n  f(name,\n    \"a\");\n}\n");
  check_guess("rust", "fn f() {\n    g!(\"a\" b);\n}\n", "missing `,`", "fn f() {\n    g!(\"a\", b);\n}\n");
  check_no_guess("c", "void g(void) {\n  f((T) &b, a & b, PRIu64 \"a\");\n}\n");
  check_no_guess("python", "f(\n    \"a\"\n    \"b\",\n    c,\n)\n");
  check_no_guess("python", "f (a (1), c)\n");  // all calls are written so
}

TEST_CASE("a line left of its docstring's quotes, and a step that no other block takes, are told") {
  check_guess("python", "def f():\n    \"\"\"A.\n\n    B\n  C\n    D\n    \"\"\"\n", "unexpected indentation",
              "def f():\n    \"\"\"A.\n\n    B\n    C\n    D\n    \"\"\"\n");
  std::string good;
  for (const std::string name : {"a", "b", "c", "d", "e", "g"}) good.append("if ").append(name).append(":\n    f()\n");
  check_guess("python", good + "if h:\n        f()\n", "unexpected indentation", good + "if h:\n    f()\n");
  check_no_guess("python", "def f():\n    \"\"\"A.\n\n  B\n  C\n    D\n    \"\"\"\n");
}
