#include "syntax/code_scan.h"

#include <doctest/doctest.h>

using namespace lacuna::syntax;

namespace {

CodeScan scan(std::string_view language, std::string_view text) {
  return scan_code(*find_language(language, ""), text);
}

void check_kind(std::string_view language, std::string_view text, TextKind kind) {
  CAPTURE(language);
  CAPTURE(text);
  CHECK(scan(language, text).kind == kind);
}

}  // namespace

TEST_CASE("the end of a piece of code is code, comment or string") {
  check_kind("python", "x = 1", TextKind::code);
  check_kind("python", "x = 1  # one", TextKind::comment);
  check_kind("python", "x = '# no", TextKind::string);
  check_kind("python", "x = '''a\nb", TextKind::string);
  check_kind("python", "x = 'a\nb", TextKind::code);
  check_kind("python", "x = 'it\\'s'", TextKind::code);
  check_kind("c", "a / b // c", TextKind::comment);
  check_kind("c", "a /* b\n c", TextKind::comment);
  check_kind("c", "a /* b */ c", TextKind::code);
  check_kind("c", "c = '\"'; d", TextKind::code);
  check_kind("cpp", "n = 1'000; s", TextKind::code);
  check_kind("rust", "fn f<'a>(x: &'a str", TextKind::code);
  check_kind("rust", "let c = '('; x", TextKind::code);
  check_kind("go", "s := `raw \\", TextKind::string);
  check_kind("go", "s := `raw \\`", TextKind::code);
  check_kind("shellscript", "echo $# \"a", TextKind::string);
  check_kind("json", "{\"a\": \"it's\"", TextKind::code);
}

TEST_CASE("brackets are counted at line ends, and closers of what came before stand apart") {
  CodeScan result = scan("c", "f(a,\n  b[1]);\n} else {\n");
  REQUIRE(result.line_ends.size() == 4);
  CHECK(result.line_ends[0].depth == 1);
  CHECK(result.line_ends[1].depth == 0);
  CHECK(result.line_ends[2].depth == 1);
  REQUIRE(result.lone_closers.size() == 1);
  CHECK(result.lone_closers[0] == 14);
  CHECK(result.open == std::vector<char>{'{'});
}

TEST_CASE("tokens end behind words, marks and whole strings") {
  CHECK(scan("python", "ab.c('d e')").token_ends == std::vector<uint32_t>{2, 3, 4, 5, 10, 11});
}
