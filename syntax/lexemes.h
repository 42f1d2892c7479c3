/// Lexemes: words, numbers, strings, punctuation and comments of a text, read without a grammar's state.
///
/// A broken text has no reliable tree, and after an error not even reliable tokens. This scanner knows only the outward
/// habits of a language (its comments, its quotes) and treats a string that is not closed on its line as ending there,
/// so that one lost quote spoils one line.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "syntax/language.h"
#include "syntax/syntax_tree.h"

namespace lacuna::syntax {

struct Lexeme {
  enum class Kind : uint8_t { word, number, string, mark, comment };

  ByteRange range;
  Kind kind = Kind::mark;
  bool first_on_line = false;
  bool last_on_line = false;  ///< but for comments
  bool unclosed = false;      ///< a string or comment whose end is missing
  uint32_t line = 0;
  int indent = 0;  ///< columns, of its line
};

/// How a language writes comments, strings and punctuation.
struct LexemeRules {
  std::string_view line_comment;
  std::string_view quotes;            ///< each begins a string that ends on its line
  std::string_view multiline_quotes;  ///< each begins a string that may go on over lines
  bool block_comments = true;         ///< /* */
  bool triple_quotes = false;
  bool triple_escapes = false;          ///< a backslash takes a quote's meaning there
  bool lifetimes = false;               ///< 'a is a mark and a word, not a string
  bool regex_literals = false;          ///< /x/ where an operand is due
  bool raw_strings = false;             ///< r#"x"# and R"(x)"
  bool digit_quotes = false;            ///< 1'000
  std::vector<std::string_view> marks;  ///< of two bytes and more, longest first
};

LexemeRules lexeme_rules(const Language& language);

/// The lexemes in [begin, end) of `text`, where `begin` must not lie inside of one.
std::vector<Lexeme> lexemes_of(std::string_view text, const LexemeRules& rules, uint32_t begin, uint32_t end);

/// The index of the first lexeme that ends after `offset`.
size_t lexeme_at(const std::vector<Lexeme>& lexemes, uint32_t offset);

}  // namespace lacuna::syntax
