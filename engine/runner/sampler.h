/// Sampler: from the logits of one position to one token.
///
/// The order of things: repetition penalty (CTRL, Keskar et al. 2019: positive logits are divided by it, negative ones
/// multiplied), temperature, top-k, top-p (Holtzman et al. 2020), min-p (Nguyen et al. 2024), draw. Temperature 0 takes
/// the most probable token, the lowest id where several are equal.
///
/// Draws are a function of (seed, position) alone: what else is in the batch, or a preemption, changes nothing.
/// Holds scratch memory, no state. Engine thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "engine/request.h"
#include "kernels/backend.h"
#include "support/result.h"

namespace lacuna::engine {

struct SampledToken {
  TokenId token = -1;
  float log_probability = 0;  ///< under softmax(logits), whatever the parameters
};

/// May this token come next? Empty: any may.
using AcceptsToken = std::function<bool(TokenId)>;

class Sampler {
 public:
  /// Tokens offered to `accepts` for one position before giving up.
  static constexpr int kMaxOffers = 1024;

  explicit Sampler(int vocabulary_size);

  /// `history` are the tokens so far (its size is the position). Refused tokens are skipped: the next is drawn as if
  /// they were not there. Nothing if `accepts` refuses all that is offered. Errors: corrupt (logits that are no
  /// numbers).
  Result<std::optional<SampledToken>> sample(std::span<const float> logits, const SamplingParameters& parameters,
                                             std::span<const TokenId> history, const AcceptsToken& accepts = {});
  /// What sample() would choose greedily, of the greatest logits alone. Nothing if `accepts` refuses all of them: there
  /// may be others.
  static std::optional<SampledToken> sample_best(const kernels::BestRows& best, const AcceptsToken& accepts);
  /// The same of given tokens, which ascend; the probability is the one among them. Nothing if `accepts` refuses all.
  /// Errors: corrupt.
  Result<std::optional<SampledToken>> sample_allowed(std::span<const float> logits, std::span<const TokenId> allowed,
                                                     const AcceptsToken& accepts);

 private:
  std::span<const float> penalize(std::span<const float> logits, const SamplingParameters& parameters,
                                  std::span<const TokenId> history);
  std::optional<TokenId> take_greedy(std::span<const float> logits, const AcceptsToken& accepts);
  std::optional<TokenId> draw(std::span<const float> logits, const SamplingParameters& parameters, uint64_t position,
                              const AcceptsToken& accepts);
  size_t select_candidates(std::span<const float> logits, const SamplingParameters& parameters);
  size_t cut_tail(size_t count, const SamplingParameters& parameters, double total) const;
  std::optional<TokenId> offer_descending(std::span<const float> logits, size_t num_left, int num_offers,
                                          const AcceptsToken& accepts);

  std::vector<float> penalized_;
  std::vector<TokenId> order_;  // a permutation of the vocabulary: a heap in front, candidates at the end
  std::vector<float> weights_;  // of the candidates
};

/// log Σ exp(logits). Not finite if a logit is NaN or +∞, or if all are -∞.
double log_sum_exp(std::span<const float> logits);
/// The index of the greatest value, the first of equals.
TokenId arg_max(std::span<const float> logits);

}  // namespace lacuna::engine
