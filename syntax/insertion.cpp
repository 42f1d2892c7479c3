#include "syntax/insertion.h"

#include <string>

namespace lacuna::syntax {

Insertion::Insertion(const SyntaxTree& tree, std::string_view text, uint32_t offset, std::chrono::milliseconds budget)
    : tree_(tree),
      text_(text),
      offset_(offset),
      errors_before_(tree.num_errors()),
      deadline_(std::chrono::steady_clock::now() + budget) {
  LACUNA_CHECK(offset <= text.size());
}

int Insertion::errors_with(std::string_view inserted, uint32_t replaced) const {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
  if (left.count() <= 0) return unknown;
  std::string changed;
  changed.reserve(text_.size() + inserted.size());
  changed.append(text_.substr(0, offset_)).append(inserted).append(text_.substr(offset_ + replaced));
  const Edit edit{offset_, offset_ + replaced, offset_ + static_cast<uint32_t>(inserted.size())};
  auto tree = tree_.reparse({&edit, 1}, text_, changed, {.budget = left});
  return tree ? tree->num_errors() : unknown;
}

}  // namespace lacuna::syntax
