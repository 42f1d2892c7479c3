/// The next part of a suggestion: how much of it one key takes over, when the user does not want all of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "syntax/syntax_tree.h"

namespace lacuna::syntax {

enum class PartUnit {
  word,  ///< blanks, then a run of word characters or of other characters
  line,  ///< up to the end of the line, or of the next one that is not blank
  node,  ///< blanks, then the largest node of the tree that begins there and is not all of the rest
};

/// "word", "line", "node"; nothing for other names.
std::optional<PartUnit> part_unit(std::string_view name);

/// Where the part that begins at `rest.begin` ends, in bytes of `text`; in (rest.begin, rest.end] unless the rest is
/// empty. `tree` is of `text`, which has the suggestion inserted at `rest`, and may be null: a node is then a word.
/// `started` says that a part of the suggestion was taken before: the last operand is then a node of its own.
uint32_t next_part_end(const SyntaxTree* tree, std::string_view text, ByteRange rest, PartUnit unit, bool started);

}  // namespace lacuna::syntax
