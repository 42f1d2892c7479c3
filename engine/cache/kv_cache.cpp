#include "engine/cache/kv_cache.h"

#include <algorithm>
#include <utility>

#include "support/check.h"

namespace lacuna::engine {

using kernels::kBlockTokens;

namespace {

constexpr size_t kBlock = kBlockTokens;

}  // namespace

KvCache::KvCache(int num_blocks, const CacheIdentity& identity)
    : pool_(num_blocks), index_(num_blocks), root_(root_hash(identity)) {}

int KvCache::reuse(BlockTable& table, std::span<const TokenId> tokens, int limit) {
  LACUNA_CHECK(table.blocks.empty() && limit >= 0 && static_cast<size_t>(limit) <= tokens.size());
  auto rest = tokens.first(static_cast<size_t>(limit));
  while (rest.size() >= kBlock) {
    const BlockHash parent = prefix_hash(table);
    const auto block = index_.find_full(parent, rest);
    if (!block) break;
    pool_.retain(*block);
    table.blocks.push_back(*block);
    table.hashes.push_back(chain_hash(parent, rest.first(kBlock)));
    table.num_committed_tokens += kBlockTokens;
    rest = rest.subspan(kBlock);
  }
  copy_partial_block(table, rest);
  return table.num_committed_tokens;
}

void KvCache::copy_partial_block(BlockTable& table, std::span<const TokenId> rest) {
  const BlockHash parent = prefix_hash(table);
  const auto match = index_.find_longest(parent, rest.first(std::min(rest.size(), kBlock)));
  if (match.num_tokens == 0) return;
  pool_.retain(match.block);
  const auto target = pool_.allocate();
  if (!target) {
    release_block(match.block);
    return;
  }
  index_.forget(*target);
  copies_.push_back({match.block, *target});
  table.blocks.push_back(*target);
  table.num_committed_tokens += match.num_tokens;
}

bool KvCache::reserve(BlockTable& table, int num_tokens) {
  const int missing = blocks_for(num_tokens) - static_cast<int>(table.blocks.size());
  if (missing > pool_.num_available()) return false;
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
}

void KvCache::release(BlockTable& table) {
  drop_copies_into(table);
  // The end first: it is the least likely to be wanted again, and worthless without what is in front of it.
  for (auto block = table.blocks.rbegin(); block != table.blocks.rend(); ++block) release_block(*block);
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
    for (int32_t block : table->blocks) holders.at(static_cast<size_t>(block)) += 1;
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

}  // namespace lacuna::engine
