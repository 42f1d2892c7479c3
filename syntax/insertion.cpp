#include "syntax/insertion.h"

#include <string>

namespace lacuna::syntax {

Insertion::Insertion(const SyntaxTree& tree, std::string_view text, uint32_t offset, std::chrono::milliseconds budget)
    : tree_(tree),
      text_(text),
      offset_(offset),
      errors_before_(tree.num_errors()),
      left_(budget) {
  LACUNA_CHECK(offset <= text.size());
}

int Insertion::errors_with(std::string_view inserted, uint32_t replaced) {
  auto budget = std::chrono::duration_cast<std::chrono::milliseconds>(left_);
  if (budget.count() <= 0) return unknown;
  auto start = std::chrono::steady_clock::now();
  std::string changed;
  changed.reserve(text_.size() + inserted.size());
  changed.append(text_.substr(0, offset_)).append(inserted).append(text_.substr(offset_ + replaced));
  const Edit edit{offset_, offset_ + replaced, offset_ + static_cast<uint32_t>(inserted.size())};
  auto tree = tree_.reparse({&edit, 1}, text_, changed, {.budget = budget});
  left_ -= std::chrono::steady_clock::now() - start;
  return tree ? tree->num_errors() : unknown;
}

}  // namespace lacuna::syntax
