#include "syntax/tokens.h"

#include <doctest/doctest.h>

#include "marked_text.h"
#include "samples.h"
#include "syntax/tree_sitter_internals.h"

using namespace lacuna::syntax;

TEST_CASE("tokens are in the order of the text, do not overlap, and leave out nothing but blanks") {
  for (const Sample& sample : samples()) {
    CAPTURE(sample.language);
    SyntaxTree tree = tree_of(sample.language, sample.text);
    uint32_t end = 0;
    for (const Token& token : tokens_of(tree)) {
      REQUIRE(token.range.begin >= end);
      REQUIRE(token.range.end >= token.range.begin);
      std::string between(sample.text.substr(end, token.range.begin - end));
      CHECK(between.find_first_not_of(" \t\r\n\\") == std::string::npos);
      end = token.range.end;
    }
    CHECK(sample.text.find_first_not_of(" \t\r\n", end) == std::string_view::npos);
  }
}

TEST_CASE("tokens inside an error are marked, and so are those that the parser assumed") {
  SyntaxTree tree = tree_of("c", "int f(void) { return 1 }\nint ) g;\n");
  size_t missing = 0, in_error = 0;
  for (const Token& token : tokens_of(tree)) {
    missing += token.missing;
    in_error += token.in_error;
    if (token.missing) CHECK(token.range.size() == 0);
  }
  CHECK(missing == 1);
  CHECK(in_error == 1);
}

TEST_CASE("first_token_at finds the first token that begins at or behind an offset") {
  std::vector<Token> tokens = tokens_of(tree_of("json", "[1, 22]"));
  REQUIRE(first_token_at(tokens, 0) == 0);
  CHECK(tokens[first_token_at(tokens, 4)].range == ByteRange{4, 6});
  CHECK(tokens[first_token_at(tokens, 5)].range == ByteRange{6, 7});
  CHECK(first_token_at(tokens, 100) == tokens.size());
}

TEST_CASE("the parse tables of every grammar can be read") {
  for (const Language& language : languages()) {
    CAPTURE(language.id);
    const auto* grammar = static_cast<const TSLanguage*>(language.grammar());
    CHECK(ts_language_abi_version(grammar) >= TREE_SITTER_MIN_COMPATIBLE_LANGUAGE_VERSION);
    CHECK(ts_language_abi_version(grammar) <= TREE_SITTER_LANGUAGE_VERSION);
    constexpr TSStateId start = 1;
    TSSymbol symbols[1024];
    size_t count = lacuna_ts_lookaheads(grammar, start, symbols, 1024);
    REQUIRE(count > 0);
    REQUIRE(count <= 1024);
    for (size_t i = 0; i < count; i++) {
      LacunaAction actions[8];
      CHECK(symbols[i] < lacuna_ts_token_count(grammar));
      CHECK(lacuna_ts_actions(grammar, start, symbols[i], actions, 8) > 0);
    }
    CHECK(lacuna_ts_lookaheads(grammar, 65535, symbols, 1024) == 0);
  }
}
