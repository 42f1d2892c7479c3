#include "engine/cache/cache_groups.h"

#include <algorithm>

#include "support/check.h"

namespace lacuna::engine {

CacheGroups::CacheGroups(std::span<const WindowGroup> groups, const CacheIdentity& identity) {
  LACUNA_CHECK(!groups.empty());
  for (const WindowGroup& group : groups) {
    CacheIdentity own = identity;
    own.window_group = static_cast<uint32_t>(groups_.size());
    groups_.emplace_back(group.num_blocks, own, group.window);
  }
}

int CacheGroups::reuse(SequenceBlocks& blocks, std::span<const TokenId> tokens, int limit) {
  LACUNA_CHECK(limit >= 0 && static_cast<size_t>(limit) <= tokens.size());
  prepare(blocks);
  std::vector<const KvCache*> groups;
  std::vector<std::vector<int>> known;
  for (const KvCache& group : groups_) {
    groups.push_back(&group);
    known.push_back(group.known_tokens(tokens.first(static_cast<size_t>(limit))));
  }
  for (const bool whole_blocks : {false, true}) {
    const int num_tokens = longest_known_prefix(groups, known, whole_blocks);
    bool taken = true;
    for (size_t g = 0; taken && g < groups_.size(); ++g) {
      taken = groups_[g].take(blocks.groups[g], tokens, num_tokens, known[g]);
    }
    if (taken) return num_tokens;
    release(blocks);
    prepare(blocks);
  }
  return 0;
}

bool CacheGroups::reserve(SequenceBlocks& blocks, int num_tokens) {
  prepare(blocks);
  for (size_t g = 0; g < groups_.size(); ++g) {
    if (!groups_[g].can_reserve(blocks.groups[g], num_tokens)) return false;
  }
  for (size_t g = 0; g < groups_.size(); ++g) LACUNA_CHECK(groups_[g].reserve(blocks.groups[g], num_tokens));
  return true;
}

int CacheGroups::reservable_tokens(const SequenceBlocks& blocks) const {
  LACUNA_CHECK(blocks.groups.size() == groups_.size());
  int least = groups_.front().reservable_tokens(blocks.groups.front());
  for (size_t g = 1; g < groups_.size(); ++g) {
    least = std::min(least, groups_[g].reservable_tokens(blocks.groups[g]));
  }
  return least;
}

void CacheGroups::commit(SequenceBlocks& blocks, std::span<const TokenId> tokens, int num_computed) {
  for (size_t g = 0; g < groups_.size(); ++g) groups_[g].commit(blocks.groups[g], tokens, num_computed);
}

void CacheGroups::release(SequenceBlocks& blocks) {
  for (size_t g = 0; g < blocks.groups.size(); ++g) groups_[g].release(blocks.groups[g]);
  blocks.groups.clear();
}

void CacheGroups::make_room_for_tables(SequenceBlocks& blocks, int num_tokens) const {
  for (BlockTable& table : blocks.groups) {
    table.blocks.reserve(static_cast<size_t>(blocks_for(num_tokens)));
    table.hashes.reserve(static_cast<size_t>(blocks_for(num_tokens)));
  }
}

GroupCopies CacheGroups::take_copies() {
  GroupCopies copies;
  if (std::ranges::none_of(groups_, &KvCache::has_copies)) return copies;
  for (KvCache& group : groups_) copies.push_back(group.take_copies());
  return copies;
}

void CacheGroups::clear() {
  for (KvCache& group : groups_) group.clear();
}

bool CacheGroups::has_room_for(int num_tokens, int step_tokens) const {
  return std::ranges::all_of(groups_, [&](const KvCache& group) {
    return group.most_blocks(num_tokens, step_tokens) <= group.num_available();
  });
}

int CacheGroups::num_blocks() const {
  int sum = 0;
  for (const KvCache& group : groups_) sum += group.num_blocks();
  return sum;
}

int CacheGroups::num_available() const {
  int sum = 0;
  for (const KvCache& group : groups_) sum += group.num_available();
  return sum;
}

void CacheGroups::check_integrity(std::span<const SequenceBlocks* const> sequences) const {
  for (size_t g = 0; g < groups_.size(); ++g) {
    std::vector<const BlockTable*> tables;
    for (const SequenceBlocks* blocks : sequences) {
      if (blocks->groups.empty()) continue;
      tables.push_back(&blocks->groups[g]);
      LACUNA_CHECK(tables.back()->num_committed_tokens == blocks->num_committed_tokens());
    }
    groups_[g].check_integrity(tables);
  }
}

}  // namespace lacuna::engine
