#include "server/completion/prompt_planner.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace lacuna::server {

namespace {

constexpr size_t kMostPrompts = 8;
constexpr size_t kMostAnchors = 4;
constexpr size_t kSoon = 256;              // tokens that who only types can wait for
constexpr PromptBudget kSmall{160, 64};    // measured: 233 tokens 0.286 right lines, all 1100 tokens 0.329
constexpr int kLinesAbove = 2;             // edits there keep the text after, which is dear to compute again
constexpr size_t kLongestHealed = 48;      // bytes
constexpr size_t kFreshMiddleBytes = 600;  // a longer middle is worth a new division

PromptBudget smaller(const PromptBudget& a, const PromptBudget& b) {
  return {std::min(a.prefix_tokens, b.prefix_tokens), std::min(a.suffix_tokens, b.suffix_tokens)};
}

/// Of the word that ends at the cursor, or of the blanks before it: a model has hardly ever seen the tokens of half a
/// word followed by the other half, or a blank that is not part of the word behind it.
/// docs/completion.md has the figures.
size_t healed_bytes(const PromptQuery& query, uint32_t begin) {
  if (!query.heal) return 0;
  const auto in_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  size_t from = query.cursor;
  if (from > begin && in_word(query.text[from - 1])) {
    while (from > begin && in_word(query.text[from - 1])) --from;
  } else {
    while (from > begin && blank(query.text[from - 1])) --from;
  }
  const size_t bytes = query.cursor - from;
  return bytes <= kLongestHealed ? bytes : 0;
}

}  // namespace

void ComputedPrompts::add(std::vector<engine::TokenId> tokens) {
  prompts_.push_front(std::move(tokens));
  if (prompts_.size() > kMostPrompts) prompts_.pop_back();
}

size_t ComputedPrompts::num_unknown(const std::vector<engine::TokenId>& prompt) const {
  size_t known = 0;
  for (const auto& computed : prompts_) {
    const auto end = std::mismatch(prompt.begin(), prompt.end(), computed.begin(), computed.end()).first;
    known = std::max(known, static_cast<size_t>(end - prompt.begin()));
  }
  return prompt.size() - known;
}

const PromptPlanner::Kept* PromptPlanner::find(const PromptQuery& query, bool whole_only, uint32_t& begin) const {
  for (const Kept& kept : kept_) {
    if (whole_only && !kept.whole) continue;
    if (const auto found = kept.anchor.middle_begin(query.text, query.cursor)) {
      begin = *found;
      return &kept;
    }
  }
  return nullptr;
}

void PromptPlanner::keep(Kept kept) {
  kept_.push_front(std::move(kept));
  if (kept_.size() > kMostAnchors) kept_.pop_back();
}

/// A new division: the whole window if who asks waits for it or most of it is known, else the largest that is soon
/// computed.
const PromptPlanner::Kept& PromptPlanner::divide(TextEncoders& encoders, const PromptQuery& query, uint32_t begin) {
  const uint32_t resume = query.invoked ? query.cursor : past_closers(query.text, query.cursor);
  const PromptBudget budgets[] = {
      query.budget,
      smaller(query.budget, {query.budget.prefix_tokens, kSmall.suffix_tokens}),
      smaller(query.budget, kSmall),
  };
  for (const PromptBudget& budget : budgets) {
    Anchor anchor(encoders, query.text, query.path, begin, resume, budget);
    const bool last = &budget == std::end(budgets) - 1;
    if (!query.invoked && !last && computed_->num_unknown(anchor.frame().tokens) > kSoon) continue;
    keep({std::move(anchor), &budget == budgets});
    break;
  }
  return kept_.front();
}

/// What is kept of one model means nothing to another.
TextEncoders& PromptPlanner::encoders_of(const engine::Tokenizer& tokenizer) {
  if (!encoders_ || &encoders_->tokenizer() != &tokenizer) {
    encoders_.emplace(tokenizer);
    kept_.clear();
    growing_.reset();
  }
  return *encoders_;
}

Prompt PromptPlanner::plan(const engine::Tokenizer& tokenizer, const PromptQuery& query) {
  TextEncoders& encoders = encoders_of(tokenizer);
  uint32_t begin = 0;
  const Kept* kept = find(query, query.invoked, begin);
  if (kept) {
    const std::string_view middle = query.text.substr(begin, query.cursor - begin);
    Prompt prompt = complete_frame(encoders, kept->anchor.frame(), middle, healed_bytes(query, begin));
    if (prompt.tokens.size() <= query.max_tokens) return prompt;
  }
  // Who asks once gets the division that models are trained with; it cannot be kept.
  begin = query.invoked ? query.cursor : division_for(query.text, query.cursor, kLinesAbove);
  const PromptFrame& frame = divide(encoders, query, begin).anchor.frame();
  return complete_frame(encoders, frame, query.text.substr(begin, query.cursor - begin), healed_bytes(query, begin));
}

std::optional<std::vector<engine::TokenId>> PromptPlanner::begin_growth(const engine::Tokenizer& tokenizer,
                                                                        const PromptQuery& query) {
  TextEncoders& encoders = encoders_of(tokenizer);
  uint32_t begin = 0;
  const Kept* kept = find(query, true, begin);
  if (kept && query.cursor - begin <= kFreshMiddleBytes) return std::nullopt;
  growing_ = Kept{Anchor(encoders, query.text, query.path, division_for(query.text, query.cursor, kLinesAbove),
                         past_closers(query.text, query.cursor), query.budget),
                  true};
  return growing_->anchor.frame().tokens;
}

void PromptPlanner::end_growth() {
  if (!growing_) return;
  computed_->add(growing_->anchor.frame().tokens);
  keep(*std::exchange(growing_, std::nullopt));
}

}  // namespace lacuna::server
