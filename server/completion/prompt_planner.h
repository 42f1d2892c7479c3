/// PromptPlanner: which prompt a query gets, so that little of it has to be computed.
///
/// A document keeps a few anchors. A query takes the newest that fits. Where none does, who asked gets the whole
/// window; who only types gets the largest window that can be computed soon, in view of what the engine has computed
/// before, and the whole one later, in idle time. Loop thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/completion/anchor.h"

namespace lacuna::server {

/// Prompts that the engine has computed lately: how much of another one it will take from its cache. A guess, as the
/// engine may have dropped some; wrong guesses cost time only.
class ComputedPrompts {
 public:
  void add(std::vector<engine::TokenId> tokens);
  /// Tokens of `prompt` that none of them begins with.
  size_t num_unknown(const std::vector<engine::TokenId>& prompt) const;

 private:
  std::deque<std::vector<engine::TokenId>> prompts_;  // newest first
};

struct PromptQuery {
  std::string_view text;
  std::string_view path;
  uint32_t cursor = 0;
  bool invoked = false;
  bool heal = true;       ///< leave the word or the blanks before the cursor to the model, which must write them again
  PromptBudget budget{};  ///< of the whole window
  size_t max_tokens = 2048;  ///< a prompt with more is divided anew
};

class PromptPlanner {
 public:
  /// `computed` is shared by all documents and outlives the planner.
  explicit PromptPlanner(ComputedPrompts& computed) : computed_(&computed) {}

  Prompt plan(const engine::Tokenizer& tokenizer, const PromptQuery& query);

  /// What to compute while nobody waits: the whole window near this cursor. Nothing if a fresh enough anchor has it.
  std::optional<std::vector<engine::TokenId>> begin_growth(const engine::Tokenizer& tokenizer,
                                                           const PromptQuery& query);
  /// It was computed: queries take it from now on, where it fits.
  void end_growth();

 private:
  struct Kept {
    Anchor anchor;
    bool whole;  ///< shows the whole window
  };
  const Kept* find(const PromptQuery& query, bool whole_only, uint32_t& begin) const;
  TextEncoders& encoders_of(const engine::Tokenizer& tokenizer);
  const Kept& divide(TextEncoders& encoders, const PromptQuery& query, uint32_t begin);
  void keep(Kept kept);

  ComputedPrompts* computed_;
  std::optional<TextEncoders> encoders_;
  std::deque<Kept> kept_;  // newest first
  std::optional<Kept> growing_;
};

}  // namespace lacuna::server
