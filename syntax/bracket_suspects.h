/// Brackets of a broken text that may be the ones without a partner, judged by kind and by indentation.
///
/// A lost `}` shows only at the end of the file, because every later one closes the wrong opener. People indent before
/// they balance: a closer that starts its line belongs to the opener whose line is indented alike, and whatever is
/// still open in between is suspect. The suspicion is generous, since each one is tried on the parser.
#pragma once

#include <string_view>
#include <vector>

#include "syntax/lexemes.h"

namespace lacuna::syntax {

struct OpenBracket {
  size_t opener;  ///< lexeme
  size_t limit;   ///< the closer is missed before this lexeme; the number of lexemes: before the end
};

struct BracketSuspects {
  std::vector<OpenBracket> unclosed;
  std::vector<size_t> extra_closers;  ///< lexemes; or their opener is missing
};

/// Of the lexemes before `end`.
BracketSuspects bracket_suspects(std::string_view text, const std::vector<Lexeme>& lexemes, size_t end);

/// The openers before `end` that nothing closes if only kinds count, innermost last.
std::vector<size_t> open_brackets(std::string_view text, const std::vector<Lexeme>& lexemes, size_t end);

/// How badly brackets and indentation agree: closers that start a line indented unlike their opener's line, pairs of
/// different kinds, and brackets without a partner.
struct BracketDisorder {
  int misindented = 0;
  int mismatched = 0;
  int lone = 0;
};
BracketDisorder bracket_disorder(std::string_view text, const std::vector<Lexeme>& lexemes);

char closer_of(char opener);
bool is_opening(std::string_view text, const Lexeme& lexeme);
bool is_closing(std::string_view text, const Lexeme& lexeme);

}  // namespace lacuna::syntax
