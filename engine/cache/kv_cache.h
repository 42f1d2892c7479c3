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
/// sliding windows are one group. A group with a window would release the blocks in front of it and put -1 in the
/// table.
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
  std::vector<int32_t> blocks;    ///< of tokens [16 i, 16 i + 16)
  std::vector<BlockHash> hashes;  ///< of the full blocks that are committed
  int num_committed_tokens = 0;   ///< whose keys and values are there
};

class KvCache {
 public:
  KvCache(int num_blocks, const CacheIdentity& identity);

  /// Fills an empty table with what is known of the first `limit` tokens. Returns how many tokens that is. A pending
  /// copy may come of it: see take_copies().
  int reuse(BlockTable& table, std::span<const TokenId> tokens, int limit);
  /// Room for `num_tokens` tokens in all. False, and nothing changed, if there are not enough blocks.
  bool reserve(BlockTable& table, int num_tokens);
  /// The tokens that `table` has room for without taking more than the available blocks.
  int reservable_tokens(const BlockTable& table) const;
  /// The keys and values of the first `num_computed` of `tokens` are there: others may reuse them from now on.
  void commit(BlockTable& table, std::span<const TokenId> tokens, int num_computed);
  /// Gives the blocks back; what is committed stays cached.
  void release(BlockTable& table);

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
  void copy_partial_block(BlockTable& table, std::span<const TokenId> rest);
  void drop_copies_into(const BlockTable& table);
  void release_block(int32_t block) { pool_.release(block, index_.contains(block)); }

  BlockPool pool_;
  PrefixIndex index_;
  BlockHash root_;
  std::vector<kernels::BlockCopy> copies_;  // their sources are held until they are taken
};

constexpr int blocks_for(int num_tokens) {
  return (num_tokens + kernels::kBlockTokens - 1) / kernels::kBlockTokens;
}

}  // namespace lacuna::engine
