/// What the tree knows about a cursor: the ground for asking the model, or for staying silent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "syntax/syntax_tree.h"

namespace lacuna::syntax {

struct CompletionContext {
  bool in_comment = false;
  bool in_string = false;
  bool inside_word = false;        ///< a word character follows the cursor
  ByteRange word;                  ///< the word being typed, up to the cursor; empty if none
  ByteRange line;                  ///< the cursor's line, without its end
  bool line_blank_before = false;  ///< only blanks before the cursor on its line
  bool line_blank_after = false;
  bool in_empty_block = false;  ///< the innermost block holds no statement yet: a block may be completed
  std::string closers_after;    ///< brackets, quotes, `;` and `,` from the cursor on, as editors insert them; no blanks
  std::string indentation;      ///< of the cursor's line, up to the cursor
  int num_errors = 0;           ///< of the whole text
};

CompletionContext completion_context(const SyntaxTree& tree, std::string_view text, uint32_t offset);

}  // namespace lacuna::syntax
