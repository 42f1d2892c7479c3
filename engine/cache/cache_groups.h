/// CacheGroups: the KV caches of a model's window groups, as one.
///
/// A model whose layers alternate between a sliding window and full attention has two groups. Each has a KvCache with
/// blocks, tables and chained hashes of its own, sized by what it must keep: a window for one, the whole context for
/// the other. A prefix is reused as far as every group can go on from it. Engine thread only.
#pragma once

#include <span>
#include <vector>

#include "engine/cache/kv_cache.h"

namespace lacuna::engine {

struct WindowGroup {
  int window = 0;  ///< in tokens; 0: all is kept
  int num_blocks = 0;
};

/// The blocks of one sequence, by group. Empty before the first and after the last use.
struct SequenceBlocks {
  std::vector<BlockTable> groups;
  bool empty() const { return groups.empty() || groups.front().blocks.empty(); }
  int num_committed_tokens() const { return groups.empty() ? 0 : groups.front().num_committed_tokens; }
};

/// By group; empty if there are none.
using GroupCopies = std::vector<std::vector<kernels::BlockCopy>>;

class CacheGroups {
 public:
  /// At least one group.
  CacheGroups(std::span<const WindowGroup> groups, const CacheIdentity& identity);

  /// These are KvCache's, of all groups or of none.
  int reuse(SequenceBlocks& blocks, std::span<const TokenId> tokens, int limit);
  bool reserve(SequenceBlocks& blocks, int num_tokens);
  int reservable_tokens(const SequenceBlocks& blocks) const;
  void commit(SequenceBlocks& blocks, std::span<const TokenId> tokens, int num_computed);
  void release(SequenceBlocks& blocks);
  GroupCopies take_copies();
  void clear();

  /// The tables will not have to grow up to so many tokens. It takes no blocks.
  void make_room_for_tables(SequenceBlocks& blocks, int num_tokens) const;
  /// Are there blocks for a sequence of `num_tokens` that is computed in steps of `step_tokens`?
  bool has_room_for(int num_tokens, int step_tokens) const;
  int num_groups() const { return static_cast<int>(groups_.size()); }
  const KvCache& group(int index) const { return groups_[static_cast<size_t>(index)]; }
  int num_blocks() const;
  int num_available() const;

  /// Aborts unless `sequences` are exactly those in use and the books agree.
  void check_integrity(std::span<const SequenceBlocks* const> sequences) const;

 private:
  void prepare(SequenceBlocks& blocks) const { blocks.groups.resize(groups_.size()); }

  std::vector<KvCache> groups_;
};

}  // namespace lacuna::engine
