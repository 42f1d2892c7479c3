#include "syntax/repair_verifier.h"

#include <algorithm>
#include <string>

#include "syntax/mended_text.h"
#include "syntax/silent_errors.h"

namespace lacuna::syntax {
namespace {

constexpr size_t most_told = 100;

}  // namespace

RepairVerifier::RepairVerifier(const SyntaxTree& tree, std::string_view text, const Deadline& deadline)
    : tree_(tree), text_(text), deadline_(deadline), cost_(tree.error_cost()), num_errors_(tree.num_errors()) {}

std::optional<Verdict> RepairVerifier::verdict(const std::vector<TextChange>& changes) const {
  std::string new_text = syntax::apply(text_, changes);
  ParseOptions options{std::max(deadline_.left(), std::chrono::milliseconds(1)), deadline_.cancel()};
  Result<SyntaxTree> tree = tree_.reparse(edits_of(changes), text_, new_text, options);
  if (!tree.ok() || tree->error_cost() >= cost_) return std::nullopt;
  int remaining = tree->num_errors();
  if (remaining > num_errors_) return std::nullopt;
  return Verdict{remaining, silent_errors(*tree, new_text, most_told).size()};
}

}  // namespace lacuna::syntax
