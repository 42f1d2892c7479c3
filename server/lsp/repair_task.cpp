#include "server/lsp/repair_task.h"

#include <algorithm>

namespace lacuna::server {

namespace {

constexpr size_t kManyErrors = 5;  // more than people leave behind in a file that they close
constexpr std::chrono::milliseconds kBudget{500};
constexpr std::chrono::milliseconds kDoubtBudget{250};

}  // namespace

void RepairTask::run() {
  const syntax::SyntaxTree& tree = *analysis->snapshot->tree;
  const std::string& text = *analysis->snapshot->text;
  const auto share = static_cast<int>(errors.size()) + (fix_all ? 1 : 0);
  const std::chrono::milliseconds budget = kBudget / std::max(1, share);
  for (const size_t error : errors) {
    repairs.push_back(ErrorRepairs::of(tree, text, analysis->errors[error],
                                       {.budget = budget, .cancel = &cancelled, .holes = holes}));
  }
  if (fix_all) all = syntax::fix_all(tree, text, {.budget = budget, .cancel = &cancelled});
  if (doubt) grammar_errs = !can_be_mended();
}

/// Whether repairs lead to a text without errors. With few errors, a repair that is trusted is proof enough, and so
/// is that there was no time to find out.
bool RepairTask::can_be_mended() const {
  const Snapshot& snapshot = *analysis->snapshot;
  const bool few = analysis->errors.size() <= kManyErrors;
  const auto blames_macro = [&snapshot](const syntax::Repair& repair) {
    return syntax::mends_macro_line(*snapshot.language, *snapshot.text, repair.changes);
  };
  const auto convinces = [&](const ErrorRepairs& each) {
    const syntax::Repair* first = each.find(0);
    return first != nullptr && !blames_macro(*first) && (first->remaining_errors == 0 || (few && first->preferred));
  };
  if (std::any_of(repairs.begin(), repairs.end(), convinces)) return true;
  bool ran_out = false;
  const syntax::Repair mended = syntax::fix_all(*snapshot.tree, *snapshot.text,
                                                {.budget = kDoubtBudget, .cancel = &cancelled, .ran_out = &ran_out});
  if (blames_macro(mended)) return false;
  return (few && ran_out) || (!mended.changes.empty() && mended.remaining_errors == 0);
}

}  // namespace lacuna::server
