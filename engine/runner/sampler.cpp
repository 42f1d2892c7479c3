#include "engine/runner/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/cache/block_hash.h"
#include "support/check.h"

namespace lacuna::engine {

namespace {

/// In [0, 1), from the n-th draw at a position. Counter-based, so that nothing has to be remembered.
double uniform(uint64_t seed, uint64_t position, uint64_t draw) {
  const uint64_t bits = mix_bits(mix_bits(mix_bits(seed + 0x9e3779b97f4a7c15ull) ^ position) + draw);
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

/// Heap order of tokens: the most probable on top, the lowest id of equals.
struct LessProbable {
  std::span<const float> logits;
  bool operator()(TokenId a, TokenId b) const {
    const float x = logits[static_cast<size_t>(a)], y = logits[static_cast<size_t>(b)];
    return x != y ? x < y : a > b;
  }
};

bool allowed(const AcceptsToken& accepts, TokenId token) {
  return !accepts || accepts(token);
}

}  // namespace

double log_sum_exp(std::span<const float> logits) {
  float greatest = -std::numeric_limits<float>::infinity();
  for (float x : logits) greatest = std::isnan(x) ? x : std::max(greatest, x);
  if (!std::isfinite(greatest)) return std::numeric_limits<double>::quiet_NaN();
  constexpr float kNegligible = -40;  // e^-40 times any vocabulary is below the precision of a float
  double sum = 0;
  for (float x : logits) {
    if (std::isnan(x)) return std::numeric_limits<double>::quiet_NaN();
    if (x - greatest > kNegligible) sum += std::exp(x - greatest);
  }
  return greatest + std::log(sum);
}

TokenId arg_max(std::span<const float> logits) {
  return static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin());
}

Sampler::Sampler(int vocabulary_size)
    : penalized_(static_cast<size_t>(vocabulary_size)),
      order_(static_cast<size_t>(vocabulary_size)),
      weights_(static_cast<size_t>(vocabulary_size)) {}

Result<std::optional<SampledToken>> Sampler::sample(std::span<const float> logits, const SamplingParameters& parameters,
                                                    std::span<const TokenId> history, const AcceptsToken& accepts) {
  LACUNA_CHECK(logits.size() == order_.size());
  const double normalizer = log_sum_exp(logits);
  if (!std::isfinite(normalizer)) {
    return Error::format(ErrorCode::corrupt, "the model gave logits that are no finite numbers at position {}",
                         history.size());
  }
  const auto adjusted = penalize(logits, parameters, history);
  const auto token =
      parameters.temperature > 0 ? draw(adjusted, parameters, history.size(), accepts) : take_greedy(adjusted, accepts);
  if (!token) return std::optional<SampledToken>{};
  const double log_probability = logits[static_cast<size_t>(*token)] - normalizer;
  return std::optional<SampledToken>({*token, static_cast<float>(std::min(log_probability, 0.0))});
}

std::optional<SampledToken> Sampler::sample_best(const kernels::BestRows& best, const AcceptsToken& accepts) {
  for (const auto& [token, logit] : std::span(best.rows).first(static_cast<size_t>(best.count))) {
    if (allowed(accepts, token)) return SampledToken{token, std::min(logit - best.log_sum_exp, 0.0f)};
  }
  return std::nullopt;
}

Result<std::optional<SampledToken>> Sampler::sample_allowed(std::span<const float> logits,
                                                            std::span<const TokenId> allowed_tokens,
                                                            const AcceptsToken& accepts) {
  LACUNA_CHECK(logits.size() == allowed_tokens.size() && logits.size() <= order_.size());
  const double normalizer = log_sum_exp(logits);
  if (!std::isfinite(normalizer)) {
    return Error::format(ErrorCode::corrupt, "the model gave logits that are no finite numbers for {} allowed tokens",
                         logits.size());
  }
  const auto end = order_.begin() + static_cast<ptrdiff_t>(logits.size());
  std::iota(order_.begin(), end, TokenId{0});  // places in `logits`, which ascend as the tokens do
  std::make_heap(order_.begin(), end, LessProbable{logits});
  for (auto left = end; left != order_.begin();) {
    std::pop_heap(order_.begin(), left, LessProbable{logits});
    const auto place = static_cast<size_t>(*--left);
    if (!allowed(accepts, allowed_tokens[place])) continue;
    const double log_probability = static_cast<double>(logits[place]) - normalizer;
    return std::optional<SampledToken>({allowed_tokens[place], static_cast<float>(std::min(log_probability, 0.0))});
  }
  return std::optional<SampledToken>{};
}

std::span<const float> Sampler::penalize(std::span<const float> logits, const SamplingParameters& parameters,
                                         std::span<const TokenId> history) {
  const float penalty = parameters.repetition_penalty;
  const size_t window = std::min(static_cast<size_t>(std::max(parameters.repetition_window, 0)), history.size());
  if (penalty == 1 || window == 0) return logits;
  std::ranges::copy(logits, penalized_.begin());
  for (TokenId token : history.last(window)) {
    const auto i = static_cast<size_t>(token);
    penalized_[i] = logits[i] > 0 ? logits[i] / penalty : logits[i] * penalty;  // once, however often it occurred
  }
  return penalized_;
}

std::optional<TokenId> Sampler::take_greedy(std::span<const float> logits, const AcceptsToken& accepts) {
  const TokenId best = arg_max(logits);
  if (allowed(accepts, best)) return best;
  std::iota(order_.begin(), order_.end(), TokenId{0});
  std::erase(order_, best);
  const size_t num_left = order_.size();
  order_.push_back(best);
  return offer_descending(logits, num_left, kMaxOffers - 1, accepts);
}

/// Offers the first `num_left` tokens of order_, the most probable ones first.
std::optional<TokenId> Sampler::offer_descending(std::span<const float> logits, size_t num_left, int num_offers,
                                                 const AcceptsToken& accepts) {
  auto end = order_.begin() + static_cast<ptrdiff_t>(num_left);
  std::make_heap(order_.begin(), end, LessProbable{logits});
  for (; end != order_.begin() && num_offers > 0; --num_offers) {
    std::pop_heap(order_.begin(), end, LessProbable{logits});
    --end;
    if (allowed(accepts, *end)) return *end;
  }
  return std::nullopt;
}

/// Rejection without replacement: a refused token leaves the distribution, the others keep their proportions.
std::optional<TokenId> Sampler::draw(std::span<const float> logits, const SamplingParameters& parameters,
                                     uint64_t position, const AcceptsToken& accepts) {
  const size_t num_candidates = select_candidates(logits, parameters);
  const size_t first = order_.size() - num_candidates;  // candidates are at the end, most probable last
  double total = std::accumulate(weights_.begin(), weights_.begin() + static_cast<ptrdiff_t>(num_candidates), 0.0);
  int num_offers = 0;
  for (; num_offers < kMaxOffers && total > 0; ++num_offers) {
    double target = uniform(parameters.seed, position, static_cast<uint64_t>(num_offers)) * total;
    size_t chosen = order_.size();
    for (size_t i = 0; i < num_candidates; ++i) {
      if (weights_[i] == 0) continue;
      chosen = i;
      target -= weights_[i];
      if (target < 0) break;
    }
    if (chosen == order_.size()) break;
    const TokenId token = order_[order_.size() - 1 - chosen];
    if (allowed(accepts, token)) return token;
    total -= weights_[chosen];
    weights_[chosen] = 0;
  }
  return offer_descending(logits, first, kMaxOffers - num_offers, accepts);
}

/// Moves the candidates to the end of order_, the most probable last, and sets their weights, the most probable first.
/// Without top-k and top-p every token that min-p leaves is one, and nothing has to be sorted.
size_t Sampler::select_candidates(std::span<const float> logits, const SamplingParameters& parameters) {
  std::iota(order_.begin(), order_.end(), TokenId{0});
  const float greatest = *std::ranges::max_element(logits);
  const auto weight_of = [&](TokenId token) {
    return std::exp((logits[static_cast<size_t>(token)] - greatest) / parameters.temperature);
  };
  const size_t size = order_.size();
  const size_t top_k = parameters.top_k > 0 ? std::min(static_cast<size_t>(parameters.top_k), size) : size;
  if (top_k == size && parameters.top_p >= 1) {
    const auto kept = std::partition(order_.begin(), order_.end(),
                                     [&](TokenId token) { return weight_of(token) < parameters.min_p; });
    const size_t count = static_cast<size_t>(order_.end() - kept);
    for (size_t i = 0; i < count; ++i) weights_[i] = weight_of(order_[size - 1 - i]);
    return count;
  }
  double total = 0;
  if (top_k == size) {
    for (TokenId token : order_) total += weight_of(token);
  }
  const auto end_of_heap = [&](size_t count) { return order_.end() - static_cast<ptrdiff_t>(count); };
  std::make_heap(order_.begin(), order_.end(), LessProbable{logits});
  double cumulative = 0;
  size_t count = 0;
  while (count < top_k && (top_k < size || cumulative < parameters.top_p * total)) {
    std::pop_heap(order_.begin(), end_of_heap(count), LessProbable{logits});
    weights_[count] = weight_of(order_[size - 1 - count]);
    cumulative += weights_[count];
    count += 1;
  }
  return cut_tail(count, parameters, top_k == size ? total : cumulative);
}

/// How many of the first `count` weights, which descend, top-p and min-p leave; at least one.
size_t Sampler::cut_tail(size_t count, const SamplingParameters& parameters, double total) const {
  double cumulative = weights_[0];
  size_t kept = 1;
  for (; kept < count; ++kept) {
    if (cumulative >= parameters.top_p * total || weights_[kept] < parameters.min_p) break;
    cumulative += weights_[kept];
  }
  return kept;
}

}  // namespace lacuna::engine
