/// The leaves of a tree in the order of the text, hidden and missing ones too.
#pragma once

#include <vector>

#include "syntax/syntax_tree.h"

namespace lacuna::syntax {

struct Token {
  ByteRange range;  ///< empty for missing tokens and for most hidden ones
  uint16_t symbol;
  uint16_t state;  ///< the parse state in which it was lexed; 0: while the parser was recovering from an error
  bool visible;
  bool extra;     ///< a comment or the like
  bool missing;   ///< not in the text; the parser assumed it
  bool error;     ///< bytes that are no token
  bool in_error;  ///< below an ERROR node
};

std::vector<Token> tokens_of(const SyntaxTree& tree);

/// The index of the first token that begins at or after `offset`.
size_t first_token_at(const std::vector<Token>& tokens, uint32_t offset);

}  // namespace lacuna::syntax
