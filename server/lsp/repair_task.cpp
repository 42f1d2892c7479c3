#include "server/lsp/repair_task.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "syntax/repair_holes.h"

namespace lacuna::server {

namespace {

constexpr size_t kMostRepairs = 6;  // of one error: more than are listed, so that the model has a choice
constexpr size_t kManyErrors = 5;   // more than people leave behind in a file that they close
constexpr std::chrono::milliseconds kBudget{500};
constexpr std::chrono::milliseconds kHoleBudget{100};
constexpr std::chrono::milliseconds kDoubtBudget{250};

}  // namespace

void RepairTask::run() {
  const syntax::SyntaxTree& tree = *analysis->snapshot->tree;
  const std::string& text = *analysis->snapshot->text;
  const auto share = static_cast<int>(errors.size()) + (fix_all ? 1 : 0);
  const syntax::RepairOptions options{
      .budget = kBudget / std::max(1, share), .cancel = &cancelled, .max_repairs = kMostRepairs};
  for (const size_t error : errors) {
    const syntax::SyntaxError& each = analysis->errors[error];
    auto found = syntax::find_repairs(tree, text, each, options);
    std::optional<std::vector<syntax::Hole>> missing;
    if (holes) missing = syntax::find_holes(tree, text, each, {.budget = kHoleBudget, .cancel = &cancelled});
    repairs.emplace_back(std::move(found), std::move(missing));
  }
  if (fix_all) all = syntax::fix_all(tree, text, options);
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
