/// Insertion: what a text would be worth with something inserted at one place, measured by incremental reparses.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "syntax/syntax_tree.h"

namespace lacuna::syntax {

/// Refers to the tree and the text it is made with; one thread.
class Insertion {
 public:
  /// All measurements together take at most about `budget` of this thread's processor time, so that a busy
  /// machine cuts nothing that an idle one would not.
  Insertion(const SyntaxTree& tree, std::string_view text, uint32_t offset, std::chrono::milliseconds budget);

  static constexpr int unknown = 1 << 30;  ///< more errors than any text has

  /// Errors of the text with `inserted` in place of the `replaced` bytes at the offset; `unknown` once the budget is
  /// spent.
  int errors_with(std::string_view inserted, uint32_t replaced = 0);
  /// Errors of the text as it is.
  int errors_before() const { return errors_before_; }

 private:
  const SyntaxTree& tree_;
  std::string_view text_;
  uint32_t offset_;
  int errors_before_;
  std::chrono::nanoseconds left_;
};

}  // namespace lacuna::syntax
