#include "syntax/repair.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

#include "marked_text.h"
#include "samples.h"

using namespace lacuna::syntax;

namespace {

/// Room enough for a sanitizer's slowness: the results must not hang on the clock.
const RepairOptions generous{std::chrono::milliseconds(60000), nullptr, 3};

std::vector<Repair> repairs_of(std::string_view language, std::string_view text) {
  SyntaxTree tree = tree_of(language, text);
  std::vector<SyntaxError> errors = diagnose(tree, text);
  REQUIRE_FALSE(errors.empty());
  return find_repairs(tree, text, errors.front(), generous);
}

/// The first repair of `broken` gives `wanted`.
void check_repair(std::string_view language, std::string_view broken, std::string_view wanted) {
  CAPTURE(language);
  CAPTURE(broken);
  std::vector<Repair> repairs = repairs_of(language, broken);
  REQUIRE_FALSE(repairs.empty());
  CHECK(lacuna::syntax::apply(broken, repairs.front().changes) == wanted);
  CHECK(repairs.front().remaining_errors == 0);
}

void check_title(std::string_view language, std::string_view broken, std::string_view title) {
  CAPTURE(broken);
  std::vector<Repair> repairs = repairs_of(language, broken);
  REQUIRE_FALSE(repairs.empty());
  CHECK(repairs.front().title == title);
}

/// What find_repairs promises of every repair.
void check_promises(const SyntaxTree& tree, std::string_view text, const std::vector<Repair>& repairs,
                    size_t max_repairs) {
  CHECK(repairs.size() <= max_repairs);
  std::vector<std::string> results;
  for (const Repair& repair : repairs) {
    REQUIRE_FALSE(repair.changes.empty());
    CHECK_FALSE(repair.title.empty());
    CHECK(std::count_if(repairs.begin(), repairs.end(), [&](const Repair& r) { return r.title == repair.title; }) == 1);
    CHECK((!repair.preferred || &repair == &repairs.front()));
    uint32_t last = 0;
    for (const TextChange& change : repair.changes) {
      REQUIRE(change.range.begin >= last);
      REQUIRE(change.range.end >= change.range.begin);
      REQUIRE(change.range.end <= text.size());
      last = change.range.end;
    }
    std::string repaired = lacuna::syntax::apply(text, repair.changes);
    CHECK(std::find(results.begin(), results.end(), repaired) == results.end());
    auto after = SyntaxTree::parse(tree.language(), repaired, {std::chrono::milliseconds(60000), nullptr});
    REQUIRE(after.ok());
    CHECK(after->error_cost() < tree.error_cost());
    CHECK(after->num_errors() <= tree.num_errors());
    CHECK(after->num_errors() == repair.remaining_errors);
    results.push_back(std::move(repaired));
  }
}

}  // namespace

TEST_CASE("where a name is missing no word of the language is put in its place, unless nothing else mends") {
  for (const Repair& repair : repairs_of("python", "print(add(1, b=))\n")) {
    CAPTURE(repair.title);
    CHECK(repair.title.find("Insert") == std::string::npos);  // `exec`, `print`, which are names today
  }
  for (const Repair& repair : repairs_of("c", "void f(void) {\n  int x = ;\n}\n")) {
    CAPTURE(repair.title);
    CHECK(repair.title.find("NULL") == std::string::npos);
  }
  // A word that is no name is needed all the same.
  check_repair("rust", "fn f(v: &[u8]) {\n    for x v {\n        g(x);\n    }\n}\n",
               "fn f(v: &[u8]) {\n    for x in v {\n        g(x);\n    }\n}\n");
}

TEST_CASE("clean texts have no repairs") {
  for (const Sample& sample : samples()) {
    CAPTURE(sample.language);
    SyntaxTree tree = tree_of(sample.language, sample.text);
    CHECK(find_repairs(tree, sample.text, SyntaxError{{0, 1}, "", {}}, generous).empty());
    CHECK(fix_all(tree, sample.text, generous).changes.empty());
  }
}

TEST_CASE("a lost closer on its line comes back where its expression ends") {
  check_repair("c", "void f(int a) {\n  g(a, 1);\n  h(a, 2;\n}\n", "void f(int a) {\n  g(a, 1);\n  h(a, 2);\n}\n");
  check_repair("python", "def f(a):\n    g(a, 1)\n    h(a, 2\n    return a\n",
               "def f(a):\n    g(a, 1)\n    h(a, 2)\n    return a\n");
  check_repair("javascript", "const a = [1, 2];\nconst b = [3, 4;\n", "const a = [1, 2];\nconst b = [3, 4];\n");
  check_repair("rust", "fn f() {\n    g(1);\n    if h(2 {\n        g(3);\n    }\n}\n",
               "fn f() {\n    g(1);\n    if h(2) {\n        g(3);\n    }\n}\n");
  check_repair("go", "package a\n\nfunc f() {\n\tg(1)\n\th([]int{1, 2)\n}\n",
               "package a\n\nfunc f() {\n\tg(1)\n\th([]int{1, 2})\n}\n");
}

TEST_CASE("a lost closing brace is found by indentation, far from where the parser fails") {
  check_repair("java",
               "class A {\n    void f() {\n        if (x) {\n            g();\n        \n        h();\n    }\n\n    "
               "void k() {\n        g();\n    }\n}\n",
               "class A {\n    void f() {\n        if (x) {\n            g();\n        }\n        h();\n    }\n\n    "
               "void k() {\n        g();\n    }\n}\n");
  check_repair("c", "int f(void) {\n  return 1;\n\nint g(void) {\n  return 2;\n}\n",
               "int f(void) {\n  return 1;\n}\nint g(void) {\n  return 2;\n}\n");
}

TEST_CASE("a lost opener that joined two words is put between them") {
  check_repair("python", "def f(name):\n    print(name)\n    printname)\n",
               "def f(name):\n    print(name)\n    print(name)\n");
  check_repair("typescript", "const value = get(key);\nset(key);\nsetkey);\n",
               "const value = get(key);\nset(key);\nset(key);\n");
  check_repair("cpp", "int f(int x) {\n  if (x) return g(x);\n  ifx) return x;\n  return 0;\n}\n",
               "int f(int x) {\n  if (x) return g(x);\n  if(x) return x;\n  return 0;\n}\n");
  check_repair("rust", "fn f(a: Result<net::A>) {}\nfn g() -> Resultnet::A> {}\n",
               "fn f(a: Result<net::A>) {}\nfn g() -> Result<net::A> {}\n");
}

TEST_CASE("a lost opening brace comes back at the end of its line") {
  check_repair("go", "package a\n\nfunc f() {\n\tg()\n}\n\nfunc h() \n\tg()\n}\n",
               "package a\n\nfunc f() {\n\tg()\n}\n\nfunc h() {\n\tg()\n}\n");
}

TEST_CASE("a doubled or stray closer goes away") {
  check_repair("c", "void f(int a) {\n  g(a));\n}\n", "void f(int a) {\n  g(a);\n}\n");
  check_repair("python", "x = [1, 2]\ny = [3, 4]]\n", "x = [1, 2]\ny = [3, 4]\n");
  check_repair("javascript", "function f() {\n  if (a) {\n    g()\n  }}\n  h()\n}\n",
               "function f() {\n  if (a) {\n    g()\n  }\n  h()\n}\n");
}

TEST_CASE("a closer of the wrong kind is exchanged") {
  check_repair("rust", "fn f() {\n    let a = g(1];\n}\n", "fn f() {\n    let a = g(1);\n}\n");
  check_repair("typescript", "const a = f({b: 1});\nconst c = f({d: 2}];\n",
               "const a = f({b: 1});\nconst c = f({d: 2});\n");
}

TEST_CASE("lost separators come back") {
  check_repair("java", "class A {\n    int a = 1;\n    int b = 2\n    int c = 3;\n}\n",
               "class A {\n    int a = 1;\n    int b = 2;\n    int c = 3;\n}\n");
  check_repair("python", "def f(a):\n    return a\n\ndef g(b)\n    return b\n",
               "def f(a):\n    return a\n\ndef g(b):\n    return b\n");
  check_repair("python", "x = {\n    'a': 1,\n    'b': 2\n    'c': 3,\n}\n",
               "x = {\n    'a': 1,\n    'b': 2,\n    'c': 3,\n}\n");
  check_repair("cpp", "int f(int a, int b);\nint g(int a int b);\n", "int f(int a, int b);\nint g(int a, int b);\n");
}

TEST_CASE("a lost quote comes back on the side where it is missing") {
  check_repair("java", "class A {\n    String a = \"x\";\n    String b = \"y;\n}\n",
               "class A {\n    String a = \"x\";\n    String b = \"y\";\n}\n");
  check_repair("python", "print(\"a\")\nprint(b\")\n", "print(\"a\")\nprint(\"b\")\n");
  check_repair("javascript", "f('a', 'b');\nf('a, 'b');\n", "f('a', 'b');\nf('a', 'b');\n");
  check_repair("python", "print(a + ' - ' + b)\nprint(time.strftime('%H') +  - ' + b)\n",
               "print(a + ' - ' + b)\nprint(time.strftime('%H') + ' - ' + b)\n");
}

TEST_CASE("a misspelt keyword is corrected") {
  check_repair("python", "def f(x):\n    if x:\n        retrun 1\n    return 2\n",
               "def f(x):\n    if x:\n        return 1\n    return 2\n");
  check_repair("rust", "fn f() {\n    lt x = 1;\n    let y = 2;\n}\n", "fn f() {\n    let x = 1;\n    let y = 2;\n}\n");
  check_repair("go", "packge main\n\nfunc main() {\n}\n", "package main\n\nfunc main() {\n}\n");
}

TEST_CASE("a lost operator comes back between the blanks that it leaves") {
  check_repair("c", "void f(int x) {\n  int a = x + 1;\n  int b  x + 2;\n}\n",
               "void f(int x) {\n  int a = x + 1;\n  int b = x + 2;\n}\n");
}

TEST_CASE("a repair is no better for taking a line away with an error that the grammar lets pass") {
  const std::string broken =
      "fn f(r: R) {\n    loop {\n        match r {\n            Okn) if n > 0 => contiune,\n"
      "            Ok(n) => g(n),\n            Err(e) => continue,\n        }\n    }\n}\n";
  const std::vector<Repair> repairs = repairs_of("rust", broken);
  REQUIRE_FALSE(repairs.empty());
  CHECK(lacuna::syntax::apply(broken, repairs.front().changes).find("Ok(n) if n > 0 => contiune") != std::string::npos);
}

TEST_CASE("marks of a merge go away") {
  std::vector<Repair> repairs =
      repairs_of("c", "int a;\n<<<<<<< HEAD\nint b;\n=======\nint c;\n>>>>>>> other\nint d;\n");
  REQUIRE_FALSE(repairs.empty());
  CHECK(repairs.front().remaining_errors == 0);
}

TEST_CASE("titles say the edit, and the line where it is elsewhere") {
  check_title("c", "void f(int a) {\n  g(1;\n}\n", "Insert `)` after `1`");
  check_title("python", "def f(x):\n    retrun x\n    return x\n", "Change `retrun` to `return`");
  check_title("c", "void f(int a) {\n  g(a));\n}\n", "Remove `)`");
}

TEST_CASE("each of several errors can be repaired without the others") {
  std::string_view text = "int a = 1\nint b = 2;\nvoid f(void) {\n  g(1, 2;\n  h(3);\n}\nint c = 3;\n";
  SyntaxTree tree = tree_of("c", text);
  std::vector<SyntaxError> errors = diagnose(tree, text);
  REQUIRE(errors.size() == 2);
  std::vector<Repair> first = find_repairs(tree, text, errors[0], generous);
  std::vector<Repair> second = find_repairs(tree, text, errors[1], generous);
  REQUIRE_FALSE(first.empty());
  REQUIRE_FALSE(second.empty());
  CHECK(first.front().changes.front().text == ";");
  CHECK(second.front().changes.front().text == ")");
  CHECK(second.front().changes.front().range.begin == text.find("2;\n  h") + 1);
}

TEST_CASE("all errors are fixed as one edit of the text") {
  std::string_view text = "int a = 1\nint b = 2;\nvoid f(void) {\n  g(1, 2;\n  h(3);\n}\nint c = 3;\n";
  SyntaxTree tree = tree_of("c", text);
  Repair all = fix_all(tree, text, generous);
  CHECK(all.changes.size() == 2);
  CHECK(all.remaining_errors == 0);
  CHECK(lacuna::syntax::apply(text, all.changes) ==
        "int a = 1;\nint b = 2;\nvoid f(void) {\n  g(1, 2);\n  h(3);\n}\nint c = 3;\n");
}

TEST_CASE("alternatives that would read alike name their columns") {
  std::vector<Repair> repairs = repairs_of("typescript", "const p = match(route.parts, parts;\n");
  REQUIRE(repairs.size() > 1);
  CHECK(repairs[0].title == "Insert `)` after `parts` (column 35)");
}

TEST_CASE("fixing all never throws most of a text away") {
  std::string text;
  for (int i = 0; i < 200; i++) text += "the quick } brown ) fox ] jumps;; over ] the ) lazy } dog =\n";
  for (std::string_view language : {"c", "python", "json", "go"}) {
    Repair all = fix_all(tree_of(language, text), text, generous);
    CAPTURE(language);
    CHECK(lacuna::syntax::apply(text, all.changes).size() >= text.size() * 4 / 5);
  }
}

TEST_CASE("repairs of random damage keep their promises in every language") {
  std::mt19937 random(7);
  for (const Sample& sample : samples()) {
    for (int round = 0; round < 12; round++) {
      std::string text(sample.text);
      for (int edits = round % 3; edits >= 0; edits--) {
        size_t at = random() % text.size();
        if (random() % 2 == 0) {
          text.erase(at, 1 + random() % 3);
        } else {
          text.insert(at, 1, "()[]{};,\"'.:"[random() % 12]);
        }
      }
      SyntaxTree tree = tree_of(sample.language, text);
      std::vector<SyntaxError> errors = diagnose(tree, text);
      CAPTURE(sample.language);
      CAPTURE(text);
      for (size_t i = 0; i < std::min<size_t>(errors.size(), 2); i++) {
        check_promises(tree, text, find_repairs(tree, text, errors[i], generous), 3);
      }
    }
  }
}

TEST_CASE("as many alternatives are given as are asked for") {
  std::string_view text = "void f(int a) {\n  g(a, 1;\n}\n";
  SyntaxTree tree = tree_of("c", text);
  std::vector<SyntaxError> errors = diagnose(tree, text);
  REQUIRE_FALSE(errors.empty());
  for (size_t max : {0, 1, 2, 5}) {
    std::vector<Repair> repairs =
        find_repairs(tree, text, errors.front(), {std::chrono::milliseconds(60000), nullptr, max});
    CHECK(repairs.size() <= max);
    check_promises(tree, text, repairs, max);
  }
}

TEST_CASE("hostile texts are answered within bounds") {
  std::vector<std::string> texts = {std::string(200000, '('), std::string(100000, '{') + std::string(99999, '}'),
                                    "int a = " + std::string(1000000, '1') + " 2;\n", "x = '\xFF\xFE' \xC3(\n",
                                    std::string("\0\0(\0", 4)};
  std::string lines;
  for (int i = 0; i < 400000; i++) lines += "int variable = 1;\n";
  texts.push_back(lines + "int b = ;\n");
  for (const std::string& text : texts) {
    for (const char* language : {"c", "javascript", "python"}) {
      auto tree = SyntaxTree::parse(*find_language(language, ""), text, {std::chrono::milliseconds(2000), nullptr});
      if (!tree.ok() || !tree->has_errors()) continue;
      std::vector<SyntaxError> errors = diagnose(*tree, text, 1);
      REQUIRE_FALSE(errors.empty());
      check_promises(*tree, text, find_repairs(*tree, text, errors.front()), 3);
    }
  }
}

TEST_CASE("a cancelled search ends without repairs or with what it has") {
  std::atomic<bool> cancel{true};
  std::string_view text = "int a = (1;\n";
  SyntaxTree tree = tree_of("c", text);
  std::vector<SyntaxError> errors = diagnose(tree, text);
  REQUIRE_FALSE(errors.empty());
  check_promises(tree, text, find_repairs(tree, text, errors.front(), {std::chrono::milliseconds(500), &cancel, 3}), 3);
}

TEST_CASE("a search says whether its clock took part in the result") {
  std::string_view text = "void f(int a) {\n  g(a, 1;\n}\n";
  SyntaxTree tree = tree_of("c", text);
  bool ran_out = false;
  RepairOptions options = generous;
  options.ran_out = &ran_out;
  CHECK_FALSE(find_repairs(tree, text, diagnose(tree, text).front(), options).empty());
  CHECK_FALSE(fix_all(tree, text, options).changes.empty());
  CHECK_FALSE(ran_out);
  options.budget = std::chrono::milliseconds(0);
  find_repairs(tree, text, diagnose(tree, text).front(), options);
  CHECK(ran_out);
  ran_out = false;
  fix_all(tree, text, options);
  CHECK(ran_out);
}
