/// The last word on a repair: tree-sitter's own parse of the text with it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "syntax/deadline.h"
#include "syntax/repair.h"

namespace lacuna::syntax {

/// Checks changes of one text. The tree, the text and the deadline must outlive it.
class RepairVerifier {
 public:
  RepairVerifier(const SyntaxTree& tree, std::string_view text, const Deadline& deadline);

  /// The errors that remain, if the changes lower the error cost and add no error. Each call is a reparse.
  std::optional<int> remaining_errors(const std::vector<TextChange>& changes) const;

 private:
  const SyntaxTree& tree_;
  std::string_view text_;
  const Deadline& deadline_;
  uint32_t cost_;
  int num_errors_;
};

}  // namespace lacuna::syntax
