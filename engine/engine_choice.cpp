/// The part of LocalEngine that chooses tokens: guesses ahead, narrow choices, and what the constraint allows.
#include <algorithm>
#include <array>

#include "engine/local_engine.h"

namespace lacuna::engine {

// -- Speculation ------------------------------------------------------------------------------------------------------

/// Guesses are for one who waits alone: beside others a batch is longer anyway.
void LocalEngine::add_drafts() {
  drafted_ = nullptr;
  if (active_.size() != 1) return;
  ActiveRequest& active = *active_.begin()->second;
  Sequence& sequence = active.sequence;
  if (!active.speculates || !sequence.is_decoding()) return;
  if (active.constraint && !active.constraint->forced(active.generated).empty()) return;
  const int most = std::min({DraftPlanner::kMost, sequence.max_tokens - sequence.num_generated_tokens() - 1,
                             parts_.context_tokens - sequence.num_tokens() - 1, parts_.scheduling.max_sequences - 1,
                             parts_.scheduling.max_batch_tokens - 1});
  if (most <= 0) return;
  if (!active.speculator) {
    std::vector<TokenId> references = past_tokens_;
    if (active.references) references.insert(references.end(), active.references->begin(), active.references->end());
    active.speculator.emplace(sequence.tokens, references, sequence.max_tokens);
  }
  const auto draft = active.speculator->propose(draft_planner_, most);
  sequence.tokens.insert(sequence.tokens.end(), draft.begin(), draft.end());
  sequence.num_draft_tokens = static_cast<int>(draft.size());
  drafted_ = &sequence;
}

void LocalEngine::drop_drafts() {
  if (!drafted_) return;
  drafted_->tokens.resize(drafted_->tokens.size() - static_cast<size_t>(drafted_->num_draft_tokens));
  drafted_->num_draft_tokens = 0;
  drafted_ = nullptr;
}

/// Where there was no room for all guesses, the step goes without any.
void LocalEngine::keep_whole_drafts(Batch& batch) {
  if (!drafted_ || drafted_->num_draft_tokens == 0) return;
  for (BatchEntry& entry : batch.entries) {
    if (entry.sequence != drafted_ || entry.wants_logits) continue;
    batch.num_tokens -= entry.num_tokens - 1;
    entry.num_tokens = 1;
    entry.wants_logits = true;
    return drop_drafts();
  }
}

/// The next token, and for each guess that was right one more. `index` is that of the first token's scores.
void LocalEngine::generate_all(const BatchEntry& entry, int& index) {
  ActiveRequest& active = active_of(entry);
  Sequence& sequence = active.sequence;
  const RequestId id = sequence.id;
  const int num_drafts = sequence.num_draft_tokens;
  std::array<TokenId, DraftPlanner::kMost> drafts{};
  std::copy_n(sequence.tokens.end() - num_drafts, num_drafts, drafts.begin());
  const int match_length = active.speculator ? active.speculator->match_length() : 0;
  if (num_drafts > 0) drop_drafts();
  active.statistics.guessed_tokens += num_drafts;
  int num_right = 0;
  for (;; ++num_right) {
    const bool last = num_right == num_drafts;
    if (num_right > 0) scheduler_.commit_draft(sequence);
    generate(active, index + num_right);
    if (!active_.contains(id) || last) break;
    if (sequence.tokens.back() != drafts[static_cast<size_t>(num_right)]) break;
    active.statistics.accepted_tokens += 1;
  }
  index += 1 + num_drafts;
  totals_.guessed_tokens += static_cast<uint64_t>(num_drafts);
  totals_.accepted_tokens += static_cast<uint64_t>(num_right);
  draft_planner_.note_guesses(match_length, num_drafts, num_right);
}

/// Answers are what later ones may repeat.
void LocalEngine::remember(const Sequence& sequence) {
  constexpr size_t kMostPast = 2048;
  const auto generated = std::span(sequence.tokens).subspan(static_cast<size_t>(sequence.num_prompt_tokens));
  if (past_tokens_.size() + generated.size() > kMostPast) {
    past_tokens_.erase(past_tokens_.begin(), past_tokens_.begin() + static_cast<ptrdiff_t>(past_tokens_.size() / 2));
  }
  if (generated.size() <= kMostPast / 2) past_tokens_.insert(past_tokens_.end(), generated.begin(), generated.end());
}

// -- Choosing ---------------------------------------------------------------------------------------------------------

bool LocalEngine::is_stop_token(const ActiveRequest& active, TokenId token) {
  return std::ranges::count(active.stop_tokens, token) > 0;
}

bool LocalEngine::accepts(ActiveRequest& active, TokenId token) const {
  if (is_stop_token(active, token)) return true;
  if (tokenizer().is_control(token)) return false;  // not text, so the constraint cannot judge it
  return active.constraint->accepts(active.generated, tokenizer().piece(token));
}

/// Where the constraint knows what must come next, few tokens are left to choose from: those and the stop tokens, which
/// no constraint refuses.
void LocalEngine::narrow_choice(ActiveRequest& active) {
  std::vector<TokenId>& allowed = active.sequence.allowed;
  allowed.clear();
  if (!active.constraint) return;
  const std::string_view forced = active.constraint->forced(active.generated);
  if (forced.empty()) return;
  if (!pieces_) pieces_.emplace(tokenizer());
  pieces_->find_beginnings(forced, kMostAllowed, allowed);
  if (allowed.size() > kMostAllowed) return allowed.clear();
  for (const TokenId token : active.stop_tokens) {
    if (token >= 0 && token < parts_.model.vocabulary_size) allowed.push_back(token);
  }
  std::ranges::sort(allowed);
  const auto repeated = std::ranges::unique(allowed);
  allowed.erase(repeated.begin(), repeated.end());
}

/// The next token of a request whose scores are the n-th.
Result<std::optional<SampledToken>> LocalEngine::choose(ActiveRequest& active, int index) {
  AcceptsToken accepts_token;
  if (active.constraint) accepts_token = [&](TokenId token) { return accepts(active, token); };
  const Scores scores = runner_.scores(index);
  if (!scores.allowed.empty()) return sampler_.sample_allowed(scores.logits, scores.allowed, accepts_token);
  if (scores.best) {
    if (const auto best = Sampler::sample_best(*scores.best, accepts_token)) return best;
  }
  return sampler_.sample(runner_.logits(index), active.sampling, active.sequence.tokens, accepts_token);
}

}  // namespace lacuna::engine
