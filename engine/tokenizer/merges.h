/// Merges: the ranked pairs of byte-pair encoding, and the merging of one piece of text by them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/gguf/gguf_file.h"
#include "engine/request.h"
#include "engine/tokenizer/keyed_hash.h"
#include "engine/tokenizer/vocabulary.h"
#include "support/result.h"

namespace lacuna::engine {

class Merges {
 public:
  static constexpr uint64_t most_merges = 4u << 20;

  /// From `tokenizer.ggml.merges`: "LEFT RIGHT", the rank is the position. Errors: not_found, corrupt (a part or the
  /// result is no normal token, a pair is there twice).
  static Result<Merges> load(const gguf::File& file, const Vocabulary& vocabulary);

  /// Merges neighbours in `tokens` until no pair has a rank: always the pair of the lowest rank, of equal ones the
  /// leftmost. Returns the number of tokens that are left, at the front of `tokens`. O(n log n).
  size_t merge(std::span<TokenId> tokens) const;

  /// The two ways that merge() chooses from by the length; both give the same result. Public for their test.
  size_t merge_short(std::span<TokenId> tokens) const;
  size_t merge_long(std::span<TokenId> tokens) const;

 private:
  static constexpr uint32_t no_rank = UINT32_MAX;
  struct Slot {
    uint64_t pair = 0;
    uint32_t rank = no_rank;  ///< no_rank: the slot is free
    TokenId merged = -1;
  };

  class LongPiece;
  struct Merge {
    TokenId left, right, merged;
  };

  static uint64_t key(TokenId left, TokenId right) {
    return (uint64_t{static_cast<uint32_t>(left)} << 32) | static_cast<uint32_t>(right);
  }
  size_t slot_of(uint64_t pair) const;
  /// Its rank is no_rank if there is no such merge.
  const Slot& find(TokenId left, TokenId right) const { return slots_[slot_of(key(left, right))]; }
  /// Fills the slots with merges whose rank is their index. Errors: corrupt (a pair is there twice).
  Result<void> insert_all(std::span<const Merge> merges);

  std::vector<Slot> slots_;  ///< open addressing, a power of two, at most 3/4 full
  KeyedHash hash_;
};

}  // namespace lacuna::engine
