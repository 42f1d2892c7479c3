#include "syntax/silent_errors.h"

#include <doctest/doctest.h>

#include <string>

#include "marked_text.h"
#include "syntax/repair.h"

using namespace lacuna::syntax;

namespace {

/// `broken` parses, is told of with `message`, and its repair gives `wanted`.
void check_cure(std::string_view language, std::string_view broken, std::string_view message, std::string_view wanted) {
  CAPTURE(broken);
  const SyntaxTree tree = tree_of(language, broken);
  REQUIRE_FALSE(tree.has_errors());
  const std::vector<SyntaxError> errors = diagnose(tree, broken);
  REQUIRE(errors.size() == 1);
  CHECK(errors.front().message == message);
  const std::vector<Repair> repairs = find_repairs(tree, broken, errors.front());
  REQUIRE(repairs.size() == 1);
  CHECK(lacuna::syntax::apply(broken, repairs.front().changes) == wanted);
  CHECK_FALSE(repairs.front().title.empty());
  CHECK(fix_all(tree, broken).changes.size() == 1);
}

void check_silence(std::string_view language, std::string_view text) {
  CAPTURE(text);
  const SyntaxTree tree = tree_of(language, text);
  REQUIRE_FALSE(tree.has_errors());
  CHECK(diagnose(tree, text).empty());
}

}  // namespace

TEST_CASE("a misspelt keyword that reads as a name is told with the keyword") {
  check_cure("cpp", "int f(int a) {\n  reutrn a;\n}\n", "unexpected `reutrn` instead of `return`",
             "int f(int a) {\n  return a;\n}\n");
  check_cure("cpp", "namesapce a {\nint b;\n}\n", "unexpected `namesapce` instead of `namespace`",
             "namespace a {\nint b;\n}\n");
  check_cure("c", "void f(int a) {\n  witch (a) {\n    case 1:\n      break;\n  }\n}\n",
             "unexpected `witch` instead of `switch`",
             "void f(int a) {\n  switch (a) {\n    case 1:\n      break;\n  }\n}\n");
  check_cure("javascript", "for (const a of b) {\n  contnue\n}\n", "unexpected `contnue` instead of `continue`",
             "for (const a of b) {\n  continue\n}\n");
}

TEST_CASE("names that are near a keyword, but meant, are left alone") {
  check_silence("javascript", "it('works', () => {\n  run()\n})\n");      // `if`
  check_silence("rust", "fn f(g: impl Fn(u8)) {\n    g(1);\n}\n");        // `fn`
  check_silence("rust", "fn f(a: Child) {\n    a.wait();\n}\n");          // `.await`
  check_silence("cpp", "retrn a;\nretrn b;\n");                           // written twice
  check_silence("c", "struct a {\n  int online;\n};\n");                  // `inline`
  check_silence("c", "int f(void) {\n  ulong a = 1;\n  return a;\n}\n");  // `long`
  check_silence("cpp", "void f() {\n  log::warning(1);\n}\n");            // `long`
  check_silence("python", "class A:\n    ty: int\n");                     // `try`
  check_silence("javascript", "export {\n  defaults\n}\n");               // `default`
  check_silence("java", "class A {\n  Class b = Long.class;\n}\n");       // `class`, `long`
}

TEST_CASE("nothing is said about indentation where the scanner loses its way in strings") {
  // A string within an f-string, in the same quotes: the scanner takes its bracket for one of the code.
  check_silence("python", "x = f'{')'}'\nif x:\n    g(1,\n      2)\nelse:\n    g(\n        3)\n");
}

TEST_CASE("Python's indentation is checked where the grammar takes any") {
  const std::string good = "def f(a):\n    b = a\n    c = b\n    return c\n";
  check_silence("python", good);
  check_cure("python", "def f(a):\n    b = a\n        c = b\n    return c\n", "unexpected indentation", good);
  check_cure("python", "def f(a):\n    b = a\nc = b\n    return c\n", "unexpected indentation", good);
  // Between two depths, but nothing can follow a `return`.
  check_cure("python", "def f(a):\n  if a:\n    return a\n   raise a\n", "unexpected indentation",
             "def f(a):\n  if a:\n    return a\n  raise a\n");
  check_silence("python",
                "def f(a):\n    b = (a,\n            1)\n    c = \"\"\"\n  x\n      y\n\"\"\"\n"
                "    return b \\\n        + c\n");
  check_silence("python",
                "class A:\n  def f(self): return 1\n  b = {\n      1:\n          2}\n"
                "if A:\n\t# deeper\n\tpass\nelse:\n  pass\n");
}

TEST_CASE("Go's last element on a line of its own needs its comma") {
  check_cure("go", "package a\n\nvar b = C{\n\tD: 1, // one\n\tE: 2\n}\n", "missing `,`",
             "package a\n\nvar b = C{\n\tD: 1, // one\n\tE: 2,\n}\n");
  check_silence("go", "package a\n\nvar b = C{D: 1, E: 2}\n\nfunc f() {\n\tg(\n\t\t1,\n\t)\n}\n");
}

TEST_CASE("a mark that all other such places have is missed where the grammar asks for none") {
  const std::string rows = "  a: (\"1\", 2),\n  b: (\"2\", 3),\n  c: (\"3\", 4),\n  d: (\"4\", 5),\n";
  check_silence("rust", "rows! {\n" + rows + "}\n");
  check_cure("rust", "rows! {\n" + rows + "  e (\"5\", 6),\n}\n", "missing `:`",
             "rows! {\n" + rows + "  e: (\"5\", 6),\n}\n");
  std::string calls;
  for (const std::string name : {"a", "b", "c", "d"})
    calls += "void " + name + "(int x) {\n  GET(" + name + ");\n  h(x);\n}\n";
  check_cure("c", calls + "void e(int x) {\n  GET(e)\n  h(x);\n}\n", "missing `;`",
             calls + "void e(int x) {\n  GET(e);\n  h(x);\n}\n");
}

TEST_CASE("a semicolon that the language puts itself is not missed") {
  std::string calls;
  for (const std::string name : {"a", "b", "c", "d"}) calls += "  it(" + name + ");\n";
  check_silence("javascript", "function f() {\n" + calls + "  it(e)\n  g();\n}\n");
}

TEST_CASE("a text with errors of the grammar's own is told of those only") {
  const std::string text = "int f(int a) {\n  reutrn a;\n  g(;\n}\n";
  CHECK(silent_errors(tree_of("cpp", text), text, 10).empty());
}

TEST_CASE("a macro on a line of its own is the preprocessor's affair") {
  const auto doubted = [](std::string_view language, std::string_view text, std::string_view mark) {
    const auto at = static_cast<uint32_t>(text.find('\n'));
    return mends_macro_line(*find_language(language, ""), text, {{{at, at}, std::string(mark)}});
  };
  CHECK(doubted("cpp", "ABSL_NAMESPACE_BEGIN\nclass A;\n", ";"));
  CHECK(doubted("c", "  __begin_decls  \nint f(void);\n", ";"));
  CHECK_FALSE(doubted("c", "  KIND_A\n  KIND_B\n", ","));
  CHECK_FALSE(doubted("c", "return EINVAL\n}\n", ";"));
  CHECK_FALSE(doubted("c", "x = value\n}\n", ";"));
  CHECK_FALSE(doubted("rust", "STATE_NAME\n}\n", ";"));
}
