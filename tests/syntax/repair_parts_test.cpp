#include <doctest/doctest.h>

#include "syntax/bracket_suspects.h"
#include "syntax/mended_text.h"
#include "syntax/repair_title.h"
#include "syntax/text_lines.h"
#include "syntax/word_distance.h"

using namespace lacuna::syntax;

namespace {

std::vector<Lexeme> scan(std::string_view text) {
  return lexemes_of(text, lexeme_rules(*find_language("c", "")), 0, static_cast<uint32_t>(text.size()));
}

TextChange change(uint32_t begin, uint32_t end, std::string text) {
  return {{begin, end}, std::move(text)};
}

}  // namespace

TEST_CASE("slips of the hand are counted, swaps as one") {
  CHECK(word_distance("return", "return", 2) == 0);
  CHECK(word_distance("retrun", "return", 2) == 1);
  CHECK(word_distance("eturn", "return", 2) == 1);
  CHECK(word_distance("rreturn", "return", 2) == 1);
  CHECK(word_distance("reXurn", "return", 2) == 1);
  CHECK(word_distance("", "if", 2) == 2);
  CHECK(word_distance("while", "if", 2) > 2);
}

TEST_CASE("an opener whose block ends by indentation is suspect, though a later closer would pair with it") {
  std::string_view text = "f() {\n  if (x) {\n    a;\n\n  b;\n}\n\ng() {\n}\n";
  std::vector<Lexeme> lexemes = scan(text);
  BracketSuspects suspects = bracket_suspects(text, lexemes, lexemes.size());
  REQUIRE(suspects.unclosed.size() == 1);
  CHECK(lexemes[suspects.unclosed[0].opener].range.begin == text.find("{\n    a"));
  CHECK(lexemes[suspects.unclosed[0].limit].range.begin == text.find("}\n\ng"));
}

TEST_CASE("a closer without an opener is suspect") {
  std::string_view text = "f(a));\n";
  BracketSuspects suspects = bracket_suspects(text, scan(text), 100);
  CHECK(suspects.unclosed.empty());
  REQUIRE(suspects.extra_closers.size() == 1);
  CHECK(suspects.extra_closers[0] == 4);
}

TEST_CASE("open brackets are those that no closer of their kind follows") {
  std::string_view text = "f(a, [b, {c}, (d";
  std::vector<size_t> open = open_brackets(text, scan(text), 100);
  REQUIRE(open.size() == 3);
  CHECK(open[0] == 1);
  CHECK(text[scan(text)[open[2]].range.begin] == '(');
}

TEST_CASE("disorder is none in a balanced and well indented text") {
  auto disorder = [](std::string_view text) { return bracket_disorder(text, scan(text)); };
  BracketDisorder none = disorder("f() {\n  g(a[1],\n    b);\n}\n");
  CHECK((none.lone == 0 && none.mismatched == 0 && none.misindented == 0));
  CHECK(disorder("f( {\n}\n").lone == 1);
  CHECK(disorder("f(a];").mismatched == 1);
  CHECK(disorder("f() {\n  if (x) {\n  b;\n}\n}\n").misindented == 1);
}

TEST_CASE("mended text finds the way back to the real one") {
  MendedText mended("abcdef");
  mended.mend({change(1, 1, "XX"), change(4, 5, "")});  // aXXbcdf
  CHECK(mended.text() == "aXXbcdf");
  CHECK(mended.real(ByteRange{6, 7}) == std::nullopt);  // it touches where e was
  CHECK(mended.real(ByteRange{0, 0}) == ByteRange{0, 0});
  CHECK(mended.real(ByteRange{4, 5}) == ByteRange{2, 3});
  CHECK(mended.real(ByteRange{2, 3}) == std::nullopt);
  std::vector<TextChange> all = mended.all_changes();
  CHECK(lacuna::syntax::apply("abcdef", all) == "aXXbcdf");
}

TEST_CASE("changes mended one after another become one set of changes") {
  std::string_view text = "int a = (1;\nint b = [2;\n";
  MendedText mended(text);
  mended.mend({change(10, 10, ")")});
  mended.mend({change(23, 23, "]")});
  CHECK(mended.text() == "int a = (1);\nint b = [2];\n");
  CHECK(mended.all_changes().size() == 2);
  CHECK(lacuna::syntax::apply(text, mended.all_changes()) == mended.text());
}

TEST_CASE("titles name the edit and its place") {
  std::string_view text = "void f(int a) {\n  retrun g(a;\n}}\n";
  auto title = [&](TextChange one, uint32_t line = 1) { return repair_title(text, {std::move(one)}, line); };
  CHECK(title(change(28, 28, ")")) == "Insert `)` after `a`");
  CHECK(title(change(28, 28, ")"), 0) == "Insert `)` after `a` on line 2");
  CHECK(title(change(18, 24, "return")) == "Change `retrun` to `return`");
  CHECK(title(change(31, 32, ""), 2) == "Remove `}`");
  CHECK(title(change(30, 33, ""), 2) == "Remove the line `}}`");
  CHECK(title(change(16, 18, "    ")) == "Indent this line");
  CHECK(title(change(16, 18, "")) == "Unindent this line");
  CHECK(title(change(21, 21, "(")) == "Change `retrun` to `ret(run`");
  CHECK(repair_title(text, {change(28, 28, ")"), change(31, 32, "")}, 1) ==
        "Insert `)` after `a`, remove `}` on line 3");
}

TEST_CASE("long texts are cut in titles, between characters") {
  std::string text(100, 'x');
  CHECK(repair_title(text, {change(0, 100, "y")}, 0) == "Change `xxxxxxxxxxxxxxxxxxxxxxxxxxxxx...` to `y`");
}
