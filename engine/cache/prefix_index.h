/// PrefixIndex: which block holds the keys and values of which tokens, behind which prefix.
///
/// The known contents form a trie: a node is a chained hash, an edge a block of up to 16 tokens. Full blocks lead on to
/// the next node. A block that is only partly filled is a leaf, and so is the match inside a block: its first tokens
/// are valid for any prompt that begins with them, and the reader copies what it needs. Tokens are compared themselves,
/// not only their hashes.
///
/// The blocks behind one prefix are a list through the entries, which begins in a table of as many places as there are
/// blocks: nothing is allocated after construction. Engine thread only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/cache/block_hash.h"
#include "kernels/backend.h"

namespace lacuna::engine {

class PrefixIndex {
 public:
  struct Match {
    int32_t block = -1;
    int num_tokens = 0;
  };

  explicit PrefixIndex(int num_blocks);

  /// Says what `block` holds now; replaces what was known of it. 1 to kBlockTokens tokens. False, and `block` is then
  /// unknown, if another block is known to hold the same full content.
  bool insert(int32_t block, BlockHash parent, std::span<const TokenId> tokens);
  void forget(int32_t block);
  bool contains(int32_t block) const { return entry(block).num_tokens > 0; }

  /// A block with exactly the first kBlockTokens of `tokens`.
  std::optional<int32_t> find_full(BlockHash parent, std::span<const TokenId> tokens) const;
  /// The block that shares the most leading tokens with `tokens`.
  Match find_longest(BlockHash parent, std::span<const TokenId> tokens) const;

  void check_integrity() const;

 private:
  struct Entry {
    BlockHash parent = 0;
    int num_tokens = 0;  ///< 0: nothing known
    int32_t next = -1;   ///< in the list of its place; -1 ends it
    std::array<TokenId, kernels::kBlockTokens> tokens{};
    std::span<const TokenId> content() const { return std::span(tokens).first(static_cast<size_t>(num_tokens)); }
  };

  const Entry& entry(int32_t block) const { return entries_.at(static_cast<size_t>(block)); }
  Entry& entry(int32_t block) { return entries_.at(static_cast<size_t>(block)); }

  size_t place_of(BlockHash parent) const { return parent & (first_.size() - 1); }

  std::vector<Entry> entries_;  // by block
  std::vector<int32_t> first_;  // by place: a power of two; prefixes that share one are told apart by their hashes
};

}  // namespace lacuna::engine
