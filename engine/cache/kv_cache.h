/// KvCache: the block tables of sequences, and the reuse of what earlier sequences computed.
///
/// Keys and values live in blocks of kBlockTokens tokens. A sequence's table names its blocks in order; full blocks may
/// be shared between sequences and are never written again, the last one belongs to the sequence alone. Blocks of
/// finished sequences stay cached until they are needed for something else, those at a sequence's end going first.
///
/// A new sequence takes over the longest known prefix: whole blocks by sharing, and the beginning of one further block
/// (of a live or finished sequence) by copying it. So an edit in the middle of a block costs the tokens after the edit,
/// not the block.
///
/// One KvCache serves one window group: layers whose blocks live and die together. All layers of a model without
/// sliding windows are one group. A group with a window gives the blocks in front of it back and puts -1 in the table;
/// they stay cached until they are needed. One block more than the window is kept, so that taking back a few tokens
/// finds what it needs. CacheGroups joins the groups of a model.
///
/// The cache holds numbers only; the contents lie in the backend. Engine thread only.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/cache/block_hash.h"
#include "engine/cache/block_pool.h"
#include "engine/cache/prefix_index.h"
#include "engine/request.h"
#include "kernels/backend.h"

namespace lacuna::engine {

/// The blocks of one sequence. Written by KvCache only; empty before the first and after the last use.
struct BlockTable {
  std::vector<int32_t> blocks;    ///< of tokens [16 i, 16 i + 16); -1: given back, the window has left it behind
  std::vector<BlockHash> hashes;  ///< of the full blocks that are committed
  int num_committed_tokens = 0;   ///< whose keys and values are there, or were
  int num_dropped_blocks = 0;     ///< how many -1 there are, all in front
};

class KvCache {
 public:
  /// `window`: what a query sees, itself included, in tokens; 0: all.
  KvCache(int num_blocks, const CacheIdentity& identity, int window = 0);

  /// Fills an empty table with what is known of the first `limit` tokens. Returns how many tokens that is. A pending
  /// copy may come of it: see take_copies().
  int reuse(BlockTable& table, std::span<const TokenId> tokens, int limit);
  /// For each block of `tokens`, how many of its first tokens are known. Ends at the first gap that nothing beyond
  /// could be used behind.
  std::vector<int> known_tokens(std::span<const TokenId> tokens) const;
  /// The first block without which `num_tokens` tokens cannot be gone on from.
  int first_needed_block(int num_tokens) const;
  /// Fills an empty table with the first `num_tokens` of `tokens`, of which known_tokens() says that they are there.
  /// False, and nothing changed, if there is no block for the copy of a part of one.
  bool take(BlockTable& table, std::span<const TokenId> tokens, int num_tokens, std::span<const int> known);
  /// Room for `num_tokens` tokens in all. False, and nothing changed, if there are not enough blocks.
  bool reserve(BlockTable& table, int num_tokens);
  bool can_reserve(const BlockTable& table, int num_tokens) const;
  /// The most blocks that a sequence of `num_tokens` holds at once, computed in steps of `step_tokens`.
  int most_blocks(int num_tokens, int step_tokens) const;
  /// The tokens that `table` has room for without taking more than the available blocks.
  int reservable_tokens(const BlockTable& table) const;
  /// The keys and values of the first `num_computed` of `tokens` are there: others may reuse them from now on.
  void commit(BlockTable& table, std::span<const TokenId> tokens, int num_computed);
  /// Gives the blocks back; what is committed stays cached.
  void release(BlockTable& table);

  bool has_copies() const { return !copies_.empty(); }
  /// Copies that must be carried out, in order, before anything else is written. The caller does so at once.
  std::vector<kernels::BlockCopy> take_copies();

  /// Forgets everything that nobody holds.
  void clear();

  int num_blocks() const { return pool_.num_blocks(); }
  int num_available() const { return pool_.num_available(); }

  /// Aborts unless `tables` are exactly the tables in use and the books agree.
  void check_integrity(std::span<const BlockTable* const> tables) const;

 private:
  BlockHash prefix_hash(const BlockTable& table) const { return table.hashes.empty() ? root_ : table.hashes.back(); }
  bool copy_partial_block(BlockTable& table, std::span<const TokenId> rest);
  void refresh(int32_t block);
  int first_kept_block(int num_tokens) const;
  void drop_outside_window(BlockTable& table);
  void drop_copies_into(const BlockTable& table);
  void release_block(int32_t block) { pool_.release(block, index_.contains(block)); }

  BlockPool pool_;
  PrefixIndex index_;
  BlockHash root_;
  int window_;
  std::vector<kernels::BlockCopy> copies_;  // their sources are held until they are taken
};

/// The longest beginning of some tokens that every one of `groups` can go on from; `known`: what known_tokens() says,
/// by group. With `whole_blocks` only a number of whole blocks.
int longest_known_prefix(std::span<const KvCache* const> groups, std::span<const std::vector<int>> known,
                         bool whole_blocks);

constexpr int blocks_for(int num_tokens) {
  return (num_tokens + kernels::kBlockTokens - 1) / kernels::kBlockTokens;
}

}  // namespace lacuna::engine
