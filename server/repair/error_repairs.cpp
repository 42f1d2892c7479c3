#include "server/repair/error_repairs.h"

#include <algorithm>
#include <utility>

namespace lacuna::server {

namespace {

constexpr size_t kMostListed = 3;  // of the found ones

}  // namespace

ErrorRepairs::ErrorRepairs(std::vector<syntax::Repair> repairs, std::vector<syntax::Hole> holes)
    : found_(std::move(repairs)), holes_(std::move(holes)), order_(order_repairs(found_, {})) {}

void ErrorRepairs::take(RepairAdvice advice) {
  advised_ = true;
  order_ = order_repairs(found_, advice.log_probabilities);
  const auto known = [this](const syntax::Repair& written) {
    const auto same = [&](const syntax::Repair& repair) { return repair.changes == written.changes; };
    return std::ranges::any_of(found_, same) || std::ranges::any_of(written_, same);
  };
  for (syntax::Repair& written : advice.written) {
    if (!known(written)) written_.push_back(std::move(written));
  }
}

const syntax::Repair* ErrorRepairs::find(size_t number) const {
  if (number < found_.size()) return &found_[number];
  const size_t written = number - found_.size();
  return written < written_.size() ? &written_[written] : nullptr;
}

/// What the model wrote is second to a repair that stands out, and before repairs that do not.
std::vector<ListedRepair> ErrorRepairs::listed() const {
  std::vector<ListedRepair> result;
  for (const size_t number : std::span(order_.order).first(std::min(order_.order.size(), kMostListed)))
    result.push_back({number, false, false});
  if (!result.empty()) result.front().preferred = order_.preferred;
  std::vector<ListedRepair> written;
  for (size_t i = 0; i < written_.size(); ++i) written.push_back({found_.size() + i, false, true});
  result.insert(result.begin() + (order_.preferred ? 1 : 0), written.begin(), written.end());
  return result;
}

}  // namespace lacuna::server
