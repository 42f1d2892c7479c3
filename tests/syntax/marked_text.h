/// Texts of tests with marks in them: `^` is the cursor, `[[` and `]]` enclose a range.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "syntax/syntax_tree.h"

namespace lacuna::syntax {

struct MarkedText {
  std::string text;  ///< without the marks
  std::optional<uint32_t> cursor;
  std::optional<ByteRange> range;
};

MarkedText read_marks(std::string_view marked);

/// The tree of `text`, parsed with a generous budget.
SyntaxTree tree_of(std::string_view language_id, std::string_view text);

}  // namespace lacuna::syntax
