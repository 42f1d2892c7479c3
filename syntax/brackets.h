/// Which brackets of a broken text lack their partner, judged by kind first and by indentation where kinds leave a
/// choice.
///
/// The parser's own opinion is of little use here: it tells where the text stopped making sense, which for a lost `}`
/// is the end of the file. People indent before they balance. So a closer that starts its line pairs with the opener
/// that ends a line of the same indentation; what is left open in between is what somebody forgot, and a closer in the
/// middle of a line that had taken that opener was one too many.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "syntax/tokens.h"

namespace lacuna::syntax {

struct LoneBracket {
  ByteRange range;     ///< the bracket, with what makes one token with it: `${`
  char kind;           ///< one of ()[]{}
  bool opener;         ///< its closer is lost; otherwise it closes nothing
  uint32_t end;        ///< of an opener: where it was given up, a foreign closer or the end of the text
  char wanted = '\0';  ///< of a closer that stands in for one of another kind: that kind
  std::optional<ByteRange> wrong_opener;  ///< and the opener that it ends so
};

/// In the order of the text. `tokens` are the tree's; brackets in strings and comments do not count.
std::vector<LoneBracket> lone_brackets(const SyntaxTree& tree, std::string_view text, const std::vector<Token>& tokens);

/// The offset before which the closer of a lone opener is missed: the first later line that is indented no deeper than
/// the opener's own line, or where the opener was given up.
uint32_t missed_at(std::string_view text, const LoneBracket& opener);

/// The closer of an opener, the opener of a closer, 0 of anything else.
char partner_of(char bracket);

inline bool is_opener(char c) {
  return c == '(' || c == '[' || c == '{';
}
inline bool is_closer(char c) {
  return c == ')' || c == ']' || c == '}';
}

}  // namespace lacuna::syntax
