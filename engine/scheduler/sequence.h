/// Sequence: the tokens of one request and how far they have been computed. Plain data of the engine thread.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/cache/cache_groups.h"
#include "engine/request.h"

namespace lacuna::engine {

struct Sequence {
  RequestId id = 0;
  Priority priority = Priority::interactive;
  uint64_t arrival = 0;  ///< order of submission
  int max_tokens = 0;    ///< to generate; 0: only fill the cache

  std::vector<TokenId> tokens;  ///< the prompt, and what was generated
  int num_draft_tokens = 0;     ///< the last ones are guesses, which are there during one step only
  int num_prompt_tokens = 0;
  int num_scored_tokens = 0;    ///< the last ones of the prompt, whose probabilities are wanted
  int num_computed_tokens = 0;  ///< whose keys and values are in the cache
  int num_cached_tokens = -1;   ///< taken from the cache when it first ran; -1 before
  SequenceBlocks blocks;

  bool best_only = false;        ///< of its logits only the greatest are wanted
  std::vector<TokenId> allowed;  ///< ascending; not empty: and only of these, for the next token

  int num_tokens() const { return static_cast<int>(tokens.size()); }
  int num_generated_tokens() const { return num_tokens() - num_draft_tokens - num_prompt_tokens; }
  int num_pending_tokens() const { return num_tokens() - num_computed_tokens; }
  /// One token behind, as it is between two generated tokens.
  bool is_decoding() const { return num_pending_tokens() == 1 + num_draft_tokens && num_generated_tokens() > 0; }
  /// How much of its tokens it may take from the cache: those must be computed whose logits are wanted.
  int reuse_limit() const {
    if (num_scored_tokens > 0) return first_scoring_token();
    return max_tokens > 0 ? num_tokens() - 1 : num_tokens();
  }
  /// The position whose logits say how probable the first scored token is.
  int first_scoring_token() const { return num_prompt_tokens - num_scored_tokens - 1; }
};

}  // namespace lacuna::engine
