#include "server/repair/error_repairs.h"

#include <algorithm>
#include <utility>

namespace lacuna::server {

namespace {

constexpr size_t kMostListed = 3;   // of the found ones
constexpr size_t kMostRepairs = 6;  // found: more than are listed, so that the model has a choice
constexpr std::chrono::milliseconds kHoleBudget{100};

}  // namespace

ErrorRepairs ErrorRepairs::of(const syntax::SyntaxTree& tree, std::string_view text, const syntax::SyntaxError& error,
                              const RepairSearchOptions& options) {
  auto found = syntax::find_repairs(tree, text, error,
                                    {.budget = options.budget, .cancel = options.cancel, .max_repairs = kMostRepairs});
  std::optional<std::vector<syntax::Hole>> holes;
  if (options.holes) holes = syntax::find_holes(tree, text, error, {.budget = kHoleBudget, .cancel = options.cancel});
  return {std::move(found), std::move(holes)};
}

ErrorRepairs::ErrorRepairs(std::vector<syntax::Repair> repairs, std::optional<std::vector<syntax::Hole>> holes)
    : found_(std::move(repairs)), holes_(std::move(holes)), order_(order_repairs(found_, {})) {}

void ErrorRepairs::take(RepairAdvice advice) {
  advised_ = true;
  order_ = order_repairs(found_, advice);
  written_ = std::move(advice.written);
}

const syntax::Repair* ErrorRepairs::find(size_t number) const {
  if (number < found_.size()) return &found_[number];
  const size_t written = number - found_.size();
  return written < written_.size() ? &written_[written] : nullptr;
}

std::vector<ListedRepair> ErrorRepairs::listed() const {
  std::vector<ListedRepair> result;
  size_t num_found = 0;
  for (const size_t number : order_.order) {
    const bool by_model = number >= found_.size();
    if (!by_model && ++num_found > kMostListed) continue;
    result.push_back({number, result.empty() && order_.preferred, by_model});
  }
  return result;
}

}  // namespace lacuna::server
