#include "engine/cache/prefix_index.h"

#include <algorithm>

#include "support/check.h"

namespace lacuna::engine {

using kernels::kBlockTokens;

PrefixIndex::PrefixIndex(int num_blocks) : entries_(static_cast<size_t>(num_blocks)) {}

bool PrefixIndex::insert(int32_t block, BlockHash parent, std::span<const TokenId> tokens) {
  LACUNA_CHECK(!tokens.empty() && tokens.size() <= size_t{kBlockTokens});
  forget(block);
  if (tokens.size() == size_t{kBlockTokens} && find_full(parent, tokens)) return false;
  Entry& added = entry(block);
  added.parent = parent;
  added.num_tokens = static_cast<int>(tokens.size());
  std::ranges::copy(tokens, added.tokens.begin());
  children_[parent].push_back(block);
  return true;
}

void PrefixIndex::forget(int32_t block) {
  Entry& known = entry(block);
  if (known.num_tokens == 0) return;
  auto siblings = children_.find(known.parent);
  LACUNA_CHECK(siblings != children_.end());
  std::erase(siblings->second, block);
  if (siblings->second.empty()) children_.erase(siblings);
  known.num_tokens = 0;
}

std::optional<int32_t> PrefixIndex::find_full(BlockHash parent, std::span<const TokenId> tokens) const {
  const Match match = find_longest(parent, tokens.first(std::min(tokens.size(), size_t{kBlockTokens})));
  if (match.num_tokens < kBlockTokens) return std::nullopt;
  return match.block;
}

PrefixIndex::Match PrefixIndex::find_longest(BlockHash parent, std::span<const TokenId> tokens) const {
  Match best;
  const auto siblings = children_.find(parent);
  if (siblings == children_.end()) return best;
  for (int32_t block : siblings->second) {
    const auto content = entry(block).content();
    const auto [end, unused] = std::ranges::mismatch(content, tokens);
    const int common = static_cast<int>(end - content.begin());
    if (common > best.num_tokens) best = {block, common};
  }
  return best;
}

void PrefixIndex::check_integrity() const {
  size_t indexed = 0;
  for (const auto& [parent, blocks] : children_) {
    LACUNA_CHECK(!blocks.empty());
    for (int32_t block : blocks) {
      LACUNA_CHECK(entry(block).num_tokens > 0 && entry(block).parent == parent);
      LACUNA_CHECK(std::ranges::count(blocks, block) == 1);
    }
    indexed += blocks.size();
  }
  const auto known = std::ranges::count_if(entries_, [](const Entry& e) { return e.num_tokens > 0; });
  LACUNA_CHECK(static_cast<size_t>(known) == indexed);
}

}  // namespace lacuna::engine
