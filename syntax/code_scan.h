/// A lexical look at code that no tree covers: half a line, or text that a model has just written.
///
/// It knows quotes, comments and brackets of the languages in the table and nothing else. That is enough to tell
/// whether a line is finished, and it needs neither a parse nor well-formed text. Pure; linear.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "syntax/language.h"
#include "syntax/text_kind.h"

namespace lacuna::syntax {

struct CodeScan {
  struct LineEnd {
    uint32_t offset;  ///< of the "\n", or the text's size for the last line
    int depth;        ///< brackets open there
    TextKind kind;    ///< string: a long string goes on in the next line
  };
  std::vector<LineEnd> line_ends;      ///< at least one
  std::vector<uint32_t> lone_closers;  ///< closers of brackets that were opened before the text
  std::vector<uint32_t> token_ends;    ///< where words and marks end in code; strings count as one token
  std::vector<char> open;              ///< the brackets open at the end
  TextKind kind = TextKind::code;      ///< at the end of the text
};

CodeScan scan_code(const Language& language, std::string_view text);

}  // namespace lacuna::syntax
