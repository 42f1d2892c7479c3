#include "engine/tokenizer/special_tokens.h"

#include <algorithm>

namespace lacuna::engine {

void SpecialTokens::build() {
  std::sort(entries_.begin(), entries_.end());
  for (const auto& [text, token] : entries_) {
    may_begin_[static_cast<unsigned char>(text[0])] = true;
    longest_ = std::max(longest_, text.size());
  }
}

SpecialTokens::Match SpecialTokens::find(std::string_view text, size_t from) const {
  for (size_t at = from; at < text.size(); ++at) {
    if (!may_begin_[static_cast<unsigned char>(text[at])]) continue;
    if (const Match match = longest_at(text, at); match.token >= 0) return match;
  }
  return {text.size(), 0, -1};
}

// Narrows the sorted entries to those that share one more byte with the text, until none is left: logarithmic in the
// number of entries for each byte, however many begin alike.
SpecialTokens::Match SpecialTokens::longest_at(std::string_view text, size_t at) const {
  Match longest{at, 0, -1};
  auto first = entries_.begin();
  auto last = entries_.end();
  for (size_t depth = 0; first != last && at + depth < text.size(); ++depth) {
    const char wanted = text[at + depth];
    // An entry that ends here sorts before all that go on.
    const auto byte = [depth](const auto& entry) {
      return depth < entry.first.size() ? static_cast<int>(static_cast<unsigned char>(entry.first[depth])) : -1;
    };
    const int value = static_cast<unsigned char>(wanted);
    first = std::partition_point(first, last, [&](const auto& entry) { return byte(entry) < value; });
    last = std::partition_point(first, last, [&](const auto& entry) { return byte(entry) == value; });
    if (first != last && first->first.size() == depth + 1) longest = {at, depth + 1, first->second};
  }
  return longest;
}

}  // namespace lacuna::engine
