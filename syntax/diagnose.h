/// Syntax errors of a tree as a person would want them told: at the true place, once each, with the opener they belong
/// to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syntax/syntax_tree.h"
#include "syntax/text_change.h"

namespace lacuna::syntax {

struct SyntaxError {
  ByteRange range;                  ///< never empty except in an empty text; within one line
  std::string message;              ///< "missing `)`", "unexpected `}`"
  std::optional<ByteRange> opener;  ///< the bracket or quote that is not closed
  std::optional<TextChange> cure;   ///< of an error that the grammar lets pass: what mends it
};

/// At most `max_errors`, in the order of the text. A tree with errors has at least one; where it has none, these are
/// the errors that the grammar lets pass (see silent_errors.h).
std::vector<SyntaxError> diagnose(const SyntaxTree& tree, std::string_view text, size_t max_errors = 100);

/// The indices of the errors whose line, or whose opener's line, `range` touches; those that the range itself touches
/// come first, each group in the order of the text. At most `max_errors`.
std::vector<size_t> errors_on_lines(const std::vector<SyntaxError>& errors, std::string_view text, ByteRange range,
                                    size_t max_errors);

}  // namespace lacuna::syntax
