/// Repair: small text edits that mend a syntax error, each verified by a reparse, best first.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "syntax/diagnose.h"
#include "syntax/syntax_tree.h"
#include "syntax/text_change.h"

namespace lacuna::syntax {

struct Repair {
  std::vector<TextChange> changes;  ///< in the order of the text, disjoint
  std::string title;                ///< says the edit: "Insert `)` after `x`"
  double score = 0;                 ///< higher is better; comparable within one answer only
  bool preferred = false;           ///< the first one, when it stands out
  int remaining_errors = 0;         ///< of the whole text after the repair
};

struct RepairOptions {
  std::chrono::milliseconds budget{500};
  const std::atomic<bool>* cancel = nullptr;
  size_t max_repairs = 3;
  bool* ran_out = nullptr;  ///< set to true where the budget or a cancellation cut the search short
};

/// Repairs of one error of diagnose(). Each lowers the tree's error cost and adds no new error. Never fails: a spent
/// budget gives the best so far. Pure; any thread.
std::vector<Repair> find_repairs(const SyntaxTree& tree, std::string_view text, const SyntaxError& error,
                                 const RepairOptions& options = {});

/// Applies the best repair of the first error again and again while the errors fall: the changes as one edit of `text`.
/// Empty if nothing can be mended.
Repair fix_all(const SyntaxTree& tree, std::string_view text, const RepairOptions& options = {});

/// Whether the changes add a mark to a macro of C or C++ on a line of its own (`NAMESPACE_BEGIN`, `__BEGIN_DECLS`): only
/// the preprocessor knows what such a line stands for, so that the grammar is likelier to be wrong than the file.
bool mends_macro_line(const Language& language, std::string_view text, const std::vector<TextChange>& changes);

/// `text` after `changes`.
std::string apply(std::string_view text, const std::vector<TextChange>& changes);

}  // namespace lacuna::syntax
