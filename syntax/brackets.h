/// Which brackets of a broken text lack their partner, judged by kind first and by indentation where kinds leave a choice.
///
/// The parser's own opinion is of little use here: it tells where the text stopped making sense, which for a lost `}` is the
/// end of the file. People indent before they balance, so a closer that starts its line pairs with the opener whose line has
/// the same indentation, and what is left open in between is what somebody forgot.
#pragma once

#include <string_view>
#include <vector>

#include "syntax/tokens.h"

namespace lacuna::syntax {

struct LoneBracket {
  ByteRange range;  ///< the bracket
  bool opener;      ///< its closer is lost; otherwise it closes nothing
  uint32_t end;     ///< of an opener: where it was given up, a foreign closer or the end of the text
};

/// In the order of the text. Brackets are tokens of one character out of ()[]{}, so those in strings and comments do not count.
std::vector<LoneBracket> lone_brackets(std::string_view text, const std::vector<Token>& tokens);

/// The offset before which the closer of a lone opener is missed: for a brace the first later line that is indented no deeper
/// than the brace's own line.
uint32_t missed_at(std::string_view text, const LoneBracket& opener);

/// The closer of an opener, the opener of a closer, 0 of anything else.
char partner_of(char bracket);

inline bool is_opener(char c) { return c == '(' || c == '[' || c == '{'; }
inline bool is_closer(char c) { return c == ')' || c == ']' || c == '}'; }

}  // namespace lacuna::syntax
