#include "engine/cache/kv_cache.h"

#include <algorithm>
#include <utility>

#include "support/check.h"

namespace lacuna::engine {

using kernels::kBlockTokens;

namespace {

constexpr size_t kBlock = kBlockTokens;

}  // namespace

KvCache::KvCache(int num_blocks, const CacheIdentity& identity, int window)
    : pool_(num_blocks), index_(num_blocks), root_(root_hash(identity)), window_(window) {
  LACUNA_CHECK(window >= 0);
}

int KvCache::reuse(BlockTable& table, std::span<const TokenId> tokens, int limit) {
  LACUNA_CHECK(limit >= 0 && static_cast<size_t>(limit) <= tokens.size());
  const auto wanted = tokens.first(static_cast<size_t>(limit));
  const KvCache* groups[] = {this};
  const std::vector<int> known[] = {known_tokens(wanted)};
  for (const bool whole_blocks : {false, true}) {
    const int num_tokens = longest_known_prefix(groups, known, whole_blocks);
    if (take(table, tokens, num_tokens, known[0])) return num_tokens;
  }
  return 0;
}

std::vector<int> KvCache::known_tokens(std::span<const TokenId> tokens) const {
  std::vector<int> known;
  BlockHash parent = root_;
  for (; !tokens.empty(); tokens = tokens.subspan(std::min(tokens.size(), kBlock))) {
    const auto content = tokens.first(std::min(tokens.size(), kBlock));
    known.push_back(index_.find_longest(parent, content).num_tokens);
    if (window_ == 0 && known.back() < kBlockTokens) break;
    parent = chain_hash(parent, content);
  }
  return known;
}

int KvCache::first_needed_block(int num_tokens) const {
  return window_ == 0 ? 0 : std::max(0, num_tokens - window_ + 1) / kBlockTokens;
}

int KvCache::first_kept_block(int num_tokens) const {
  return window_ == 0 ? 0 : std::max(0, num_tokens - window_ + 1 - kBlockTokens) / kBlockTokens;
}

bool KvCache::take(BlockTable& table, std::span<const TokenId> tokens, int num_tokens, std::span<const int> known) {
  LACUNA_CHECK(table.blocks.empty());
  int first = first_needed_block(num_tokens);
  while (first > first_kept_block(num_tokens) && known[static_cast<size_t>(first) - 1] == kBlockTokens) --first;
  auto rest = tokens.first(static_cast<size_t>(num_tokens));
  const int first_refreshed = first - blocks_for(window_);
  for (int i = 0; rest.size() >= kBlock; ++i, rest = rest.subspan(kBlock)) {
    const BlockHash parent = prefix_hash(table);
    if (i < first) {
      if (i >= first_refreshed && known[static_cast<size_t>(i)] == kBlockTokens)
        refresh(*index_.find_full(parent, rest));
      table.blocks.push_back(-1);
      table.num_dropped_blocks += 1;
    } else {
      const auto block = index_.find_full(parent, rest);
      LACUNA_CHECK(block.has_value());
      pool_.retain(*block);
      table.blocks.push_back(*block);
    }
    table.hashes.push_back(chain_hash(parent, rest.first(kBlock)));
    table.num_committed_tokens += kBlockTokens;
  }
  if (rest.empty() || copy_partial_block(table, rest)) return true;
  release(table);
  return false;
}

/// Who deletes token by token needs the blocks behind the window next: they outlive what earlier requests left.
void KvCache::refresh(int32_t block) {
  pool_.retain(block);
  release_block(block);
}

bool KvCache::copy_partial_block(BlockTable& table, std::span<const TokenId> rest) {
  const auto match = index_.find_longest(prefix_hash(table), rest);
  LACUNA_CHECK(match.num_tokens == static_cast<int>(rest.size()));
  pool_.retain(match.block);
  const auto target = pool_.allocate();
  if (!target) {
    release_block(match.block);
    return false;
  }
  index_.forget(*target);
  copies_.push_back({match.block, *target});
  table.blocks.push_back(*target);
  table.num_committed_tokens += match.num_tokens;
  return true;
}

bool KvCache::can_reserve(const BlockTable& table, int num_tokens) const {
  return blocks_for(num_tokens) - static_cast<int>(table.blocks.size()) <= pool_.num_available();
}

int KvCache::most_blocks(int num_tokens, int step_tokens) const {
  // The window and the block more that is kept may begin in the middle of a block, and the step end in one.
  const int kept = blocks_for(window_) + 3 + blocks_for(step_tokens);
  return window_ == 0 ? blocks_for(num_tokens) : std::min(blocks_for(num_tokens), kept);
}

bool KvCache::reserve(BlockTable& table, int num_tokens) {
  const int missing = blocks_for(num_tokens) - static_cast<int>(table.blocks.size());
  if (!can_reserve(table, num_tokens)) return false;
  for (int i = 0; i < missing; ++i) {
    const int32_t block = *pool_.allocate();
    index_.forget(block);
    table.blocks.push_back(block);
  }
  return true;
}

int KvCache::reservable_tokens(const BlockTable& table) const {
  return (static_cast<int>(table.blocks.size()) + pool_.num_available()) * kBlockTokens;
}

void KvCache::commit(BlockTable& table, std::span<const TokenId> tokens, int num_computed) {
  LACUNA_CHECK(num_computed >= table.num_committed_tokens && static_cast<size_t>(num_computed) <= tokens.size());
  LACUNA_CHECK(static_cast<size_t>(blocks_for(num_computed)) <= table.blocks.size());
  const auto computed = tokens.first(static_cast<size_t>(num_computed));
  while (table.hashes.size() < static_cast<size_t>(blocks_for(num_computed))) {
    const size_t i = table.hashes.size();
    const auto content = computed.subspan(i * kBlock, std::min(kBlock, computed.size() - i * kBlock));
    const BlockHash parent = prefix_hash(table);
    index_.insert(table.blocks[i], parent, content);
    if (content.size() < kBlock) break;
    table.hashes.push_back(chain_hash(parent, content));
  }
  table.num_committed_tokens = num_computed;
  drop_outside_window(table);
}

void KvCache::drop_outside_window(BlockTable& table) {
  const int first_kept = first_kept_block(table.num_committed_tokens);
  for (int& i = table.num_dropped_blocks; i < first_kept; ++i) {
    release_block(std::exchange(table.blocks[static_cast<size_t>(i)], -1));
  }
}

void KvCache::release(BlockTable& table) {
  drop_copies_into(table);
  // The end first: it is the least likely to be wanted again, and worthless without what is in front of it.
  for (auto block = table.blocks.rbegin(); block != table.blocks.rend(); ++block) {
    if (*block >= 0) release_block(*block);
  }
  table = {};
}

void KvCache::drop_copies_into(const BlockTable& table) {
  std::erase_if(copies_, [&](const kernels::BlockCopy& copy) {
    if (std::ranges::count(table.blocks, copy.to) == 0) return false;
    release_block(copy.from);
    return true;
  });
}

std::vector<kernels::BlockCopy> KvCache::take_copies() {
  for (const auto& copy : copies_) release_block(copy.from);
  return std::exchange(copies_, {});
}

void KvCache::clear() {
  for (int32_t block = 0; block < pool_.num_blocks(); ++block) {
    if (!pool_.is_cached(block)) continue;
    index_.forget(block);
    pool_.drop_cached(block);
  }
}

void KvCache::check_integrity(std::span<const BlockTable* const> tables) const {
  pool_.check_integrity();
  index_.check_integrity();
  std::vector<int> holders(static_cast<size_t>(pool_.num_blocks()), 0);
  for (const BlockTable* table : tables) {
    for (size_t i = 0; i < table->blocks.size(); ++i) {
      const bool dropped = i < static_cast<size_t>(table->num_dropped_blocks);
      LACUNA_CHECK((table->blocks[i] == -1) == dropped);
      if (!dropped) holders.at(static_cast<size_t>(table->blocks[i])) += 1;
    }
    LACUNA_CHECK(table->num_dropped_blocks <= first_needed_block(table->num_committed_tokens));
    LACUNA_CHECK(table->hashes.size() == static_cast<size_t>(table->num_committed_tokens) / kBlock);
    LACUNA_CHECK(static_cast<size_t>(blocks_for(table->num_committed_tokens)) <= table->blocks.size());
    // What a sequence will write into is its own.
    for (size_t i = table->hashes.size(); i < table->blocks.size(); ++i) {
      const auto pins = std::ranges::count(copies_, table->blocks[i], &kernels::BlockCopy::from);
      LACUNA_CHECK(pool_.num_holders(table->blocks[i]) == 1 + pins);
    }
  }
  for (const auto& copy : copies_) holders.at(static_cast<size_t>(copy.from)) += 1;
  for (int32_t block = 0; block < pool_.num_blocks(); ++block) {
    LACUNA_CHECK(pool_.num_holders(block) == holders[static_cast<size_t>(block)]);
    LACUNA_CHECK(pool_.is_cached(block) == (index_.contains(block) && pool_.num_holders(block) == 0));
  }
}

int longest_known_prefix(std::span<const KvCache* const> groups, std::span<const std::vector<int>> known,
                         bool whole_blocks) {
  size_t num_blocks = SIZE_MAX;
  for (const auto& of_group : known) num_blocks = std::min(num_blocks, of_group.size());
  std::vector<int> run_begins(groups.size(), 0);  // by group: the first block of the known ones up to the current one
  int longest = 0;
  for (size_t i = 0; i < num_blocks; ++i) {
    int common = kBlockTokens;
    for (const auto& of_group : known) common = std::min(common, of_group[i]);
    if (whole_blocks && common < kBlockTokens) common = 0;
    const int end = static_cast<int>(i) * kBlockTokens + common;
    bool usable = common > 0;
    for (size_t g = 0; g < groups.size(); ++g) {
      usable = usable && run_begins[g] <= groups[g]->first_needed_block(end);
      if (known[g][i] < kBlockTokens) run_begins[g] = static_cast<int>(i) + 1;
    }
    if (usable) longest = end;
  }
  return longest;
}

}  // namespace lacuna::engine
