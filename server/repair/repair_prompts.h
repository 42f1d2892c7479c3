/// What a model reads to say which of several repairs makes the likelier text.
///
/// Pure; any thread.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "engine/request.h"
#include "engine/tokenizer/tokenizer.h"
#include "syntax/repair.h"

namespace lacuna::server {

struct ScoringPrompt {
  std::vector<engine::TokenId> tokens;
  int scored_tokens = 0;  ///< the last ones
};

/// One for each repair, in their order. All begin with the same lines of the text; behind them stand, scored, the lines
/// that some repair changes and a few after them, as the repair makes them. So the sums of their log-probabilities can
/// be compared. Empty where the repairs lie too far apart for that, or there are fewer than two.
std::vector<ScoringPrompt> scoring_prompts(const engine::Tokenizer& tokenizer, std::string_view text,
                                           std::span<const syntax::Repair> repairs);

}  // namespace lacuna::server
