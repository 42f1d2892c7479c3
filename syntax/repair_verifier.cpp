#include "syntax/repair_verifier.h"

#include <algorithm>
#include <string>

#include "syntax/mended_text.h"
#include "syntax/silent_errors.h"

namespace lacuna::syntax {
namespace {

constexpr size_t most_told = 100;
constexpr size_t longest_searched = size_t{1} << 16;  // for silent errors: of a longer text that takes too long

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
  const bool search = new_text.size() <= longest_searched;
  const size_t silent = search ? silent_errors(*tree, new_text, most_told).size() : 0;
  return Verdict{remaining, silent};
}

}  // namespace lacuna::syntax
