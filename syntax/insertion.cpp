#include "syntax/insertion.h"

#include <string>

#include "support/os.h"

namespace lacuna::syntax {

namespace {

/// How much longer than its share of the processor a reparse may take on a machine that is busy with other work.
constexpr int kStalls = 8;

}  // namespace

Insertion::Insertion(const SyntaxTree& tree, std::string_view text, uint32_t offset, std::chrono::milliseconds budget)
    : tree_(tree), text_(text), offset_(offset), errors_before_(tree.num_errors()), left_(budget) {
  LACUNA_CHECK(offset <= text.size());
}

int Insertion::errors_with(std::string_view inserted, uint32_t replaced) {
  auto budget = std::chrono::duration_cast<std::chrono::milliseconds>(left_);
  if (budget.count() <= 0) return unknown;
  const auto start = os::thread_cpu_time();
  std::string changed;
  changed.reserve(text_.size() + inserted.size());
  changed.append(text_.substr(0, offset_)).append(inserted).append(text_.substr(offset_ + replaced));
  const Edit edit{offset_, offset_ + replaced, offset_ + static_cast<uint32_t>(inserted.size())};
  auto tree = tree_.reparse({&edit, 1}, text_, changed, {.budget = kStalls * budget});
  left_ -= os::thread_cpu_time() - start;
  return tree ? tree->num_errors() : unknown;
}

}  // namespace lacuna::syntax
