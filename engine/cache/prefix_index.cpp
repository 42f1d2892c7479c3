#include "engine/cache/prefix_index.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "support/check.h"

namespace lacuna::engine {

using kernels::kBlockTokens;

PrefixIndex::PrefixIndex(int num_blocks)
    : entries_(static_cast<size_t>(num_blocks)), first_(std::bit_ceil(static_cast<size_t>(num_blocks)), -1) {}

bool PrefixIndex::insert(int32_t block, BlockHash parent, std::span<const TokenId> tokens) {
  LACUNA_CHECK(!tokens.empty() && tokens.size() <= size_t{kBlockTokens});
  forget(block);
  if (tokens.size() == size_t{kBlockTokens} && find_full(parent, tokens)) return false;
  Entry& added = entry(block);
  added.parent = parent;
  added.num_tokens = static_cast<int>(tokens.size());
  std::ranges::copy(tokens, added.tokens.begin());
  added.next = std::exchange(first_[place_of(parent)], block);
  return true;
}

void PrefixIndex::forget(int32_t block) {
  Entry& known = entry(block);
  if (known.num_tokens == 0) return;
  int32_t* link = &first_[place_of(known.parent)];
  while (*link != block) {
    LACUNA_CHECK(*link >= 0);
    link = &entry(*link).next;
  }
  *link = std::exchange(known.next, -1);
  known.num_tokens = 0;
}

std::optional<int32_t> PrefixIndex::find_full(BlockHash parent, std::span<const TokenId> tokens) const {
  const Match match = find_longest(parent, tokens.first(std::min(tokens.size(), size_t{kBlockTokens})));
  if (match.num_tokens < kBlockTokens) return std::nullopt;
  return match.block;
}

PrefixIndex::Match PrefixIndex::find_longest(BlockHash parent, std::span<const TokenId> tokens) const {
  Match best;
  for (int32_t block = first_[place_of(parent)]; block >= 0; block = entry(block).next) {
    if (entry(block).parent != parent) continue;
    const auto content = entry(block).content();
    const auto [end, unused] = std::ranges::mismatch(content, tokens);
    const int common = static_cast<int>(end - content.begin());
    if (common > best.num_tokens) best = {block, common};
  }
  return best;
}

void PrefixIndex::check_integrity() const {
  size_t indexed = 0;
  for (size_t place = 0; place < first_.size(); ++place) {
    for (int32_t block = first_[place]; block >= 0; block = entry(block).next) {
      LACUNA_CHECK(entry(block).num_tokens > 0 && place_of(entry(block).parent) == place);
      LACUNA_CHECK(++indexed <= entries_.size());  // or a list has no end
    }
  }
  const auto known = std::ranges::count_if(entries_, [](const Entry& e) { return e.num_tokens > 0; });
  LACUNA_CHECK(static_cast<size_t>(known) == indexed);
}

}  // namespace lacuna::engine
