#include "syntax/lexemes.h"

#include <doctest/doctest.h>

#include <string>

#include "syntax/text_lines.h"

using namespace lacuna::syntax;

namespace {

std::vector<Lexeme> scan(std::string_view language, std::string_view text) {
  return lexemes_of(text, lexeme_rules(*find_language(language, "")), 0, static_cast<uint32_t>(text.size()));
}

/// The lexemes of `text`, joined by a blank.
std::string words(std::string_view language, std::string_view text) {
  std::string all;
  for (const Lexeme& each : scan(language, text)) {
    if (!all.empty()) all += ' ';
    all += slice(text, each.range);
  }
  return all;
}

}  // namespace

TEST_CASE("words, numbers and marks are told apart by the marks of the language") {
  CHECK(words("cpp", "a->b::c <<= 1'000.5+x;") == "a -> b :: c <<= 1'000.5 + x ;");
  CHECK(words("go", "x:=<-ch") == "x := <- ch");
  CHECK(words("python", "a**=2 # b") == "a **= 2 # b");
}

TEST_CASE("strings end on their line, closed or not") {
  std::vector<Lexeme> lexemes = scan("java", "f(\"a\\\"b\", \"c);\ng();\n");
  REQUIRE(lexemes.size() == 9);
  CHECK(lexemes[2].kind == Lexeme::Kind::string);
  CHECK_FALSE(lexemes[2].unclosed);
  CHECK(lexemes[4].unclosed);
  CHECK(lexemes[5].first_on_line);
}

TEST_CASE("each language has its own strings") {
  CHECK(words("python", "x = '''a\n'b''' + \"c\"") == "x = '''a\n'b''' + \"c\"");
  CHECK(words("javascript", "`a\n${b}` + /['\"]/g.test(c) / 2") == "`a\n${b}` + /['\"]/g . test ( c ) / 2");
  CHECK(words("rust", "fn f<'a>(c: char) { 'x'; r#\"a\"b\"#; }") ==
        "fn f < ' a > ( c : char ) { 'x' ; r#\"a\"b\"# ; }");
  CHECK(words("cpp", "R\"x(a)\" \")x\" b") == "R\"x(a)\" \")x\" b");
}

TEST_CASE("a quote behind a backslash does not end a string of three quotes, but in C#, where it does") {
  CHECK(scan("python", "\"\"\"a \\\"\"\" b \\\\\"\"\" c").size() == 2);
  CHECK(scan("java", "\"\"\"\na \\\"\"\" b\n\"\"\" c").size() == 2);
  CHECK(scan("csharp", "\"\"\"a \\\"\"\" b").size() == 2);
}

TEST_CASE("comments are lexemes that lines do not end with") {
  std::vector<Lexeme> lexemes = scan("c", "  a; // b\n/* c\n d */ e\n");
  REQUIRE(lexemes.size() == 5);
  CHECK(lexemes[1].last_on_line);
  CHECK(lexemes[2].kind == Lexeme::Kind::comment);
  CHECK_FALSE(lexemes[2].last_on_line);
  CHECK(lexemes[0].indent == 2);
  CHECK(lexemes[4].line == 2);
}

TEST_CASE("lexemes cover every byte that is not blank, whatever the text") {
  std::string text("\xFF'\"`/*\0#\\\n)}x", 13);
  for (const Language& language : languages()) {
    uint32_t at = 0;
    for (const Lexeme& each : scan(language.id, text)) {
      for (; at < each.range.begin; at++) CHECK(is_space(text[at]));
      CHECK(each.range.end > each.range.begin);
      at = each.range.end;
    }
    CHECK(at <= text.size());
  }
}

TEST_CASE("a lexeme is found by an offset in it or before it") {
  std::vector<Lexeme> lexemes = scan("c", "ab  cd");
  CHECK(lexeme_at(lexemes, 0) == 0);
  CHECK(lexeme_at(lexemes, 1) == 0);
  CHECK(lexeme_at(lexemes, 2) == 1);
  CHECK(lexeme_at(lexemes, 6) == 2);
}
