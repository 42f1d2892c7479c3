/// The last word on a repair: tree-sitter's own parse of the text with it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "syntax/deadline.h"
#include "syntax/repair.h"

namespace lacuna::syntax {

struct Verdict {
  int remaining_errors = 0;
  size_t silent_errors = 0;  ///< that the grammar lets pass, where none other remains
};

/// Checks changes of one text. The tree, the text and the deadline must outlive it.
class RepairVerifier {
 public:
  RepairVerifier(const SyntaxTree& tree, std::string_view text, const Deadline& deadline);

  /// What remains, if the changes lower the error cost and add no error. Each call is a reparse.
  std::optional<Verdict> verdict(const std::vector<TextChange>& changes) const;

 private:
  const SyntaxTree& tree_;
  std::string_view text_;
  const Deadline& deadline_;
  uint32_t cost_;
  int num_errors_;
};

}  // namespace lacuna::syntax
