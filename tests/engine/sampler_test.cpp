#include "engine/runner/sampler.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <set>

using namespace lacuna;
using namespace lacuna::engine;

namespace {

// Probabilities 0.4, 0.1, 0.3, 0.15, 0.05 of tokens 0 to 4.
const std::vector<double> kProbabilities = {0.4, 0.1, 0.3, 0.15, 0.05};

std::vector<float> logits_of(const std::vector<double>& probabilities) {
  std::vector<float> logits;
  for (double p : probabilities) logits.push_back(static_cast<float>(std::log(p) + 3));  // any constant does
  return logits;
}

/// How often each token is drawn, over seeds.
std::vector<double> frequencies(const SamplingParameters& parameters, const AcceptsToken& accepts = {}) {
  constexpr int kDraws = 40000;
  const auto logits = logits_of(kProbabilities);
  Sampler sampler(static_cast<int>(logits.size()));
  std::vector<double> counts(logits.size(), 0);
  const std::vector<TokenId> history = {0, 1};
  for (int seed = 0; seed < kDraws; ++seed) {
    SamplingParameters seeded = parameters;
    seeded.seed = static_cast<uint64_t>(seed);
    const auto sampled = sampler.sample(logits, seeded, history, accepts);
    REQUIRE(sampled.ok());
    REQUIRE(sampled->has_value());
    counts[static_cast<size_t>((*sampled)->token)] += 1.0 / kDraws;
  }
  return counts;
}

/// Within 5 standard deviations of 40,000 draws, and never what has probability 0.
void check_frequencies(const std::vector<double>& got, const std::vector<double>& expected) {
  for (size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(got[i] - expected[i]) <= 1e-9 + 5 * std::sqrt(expected[i] * (1 - expected[i]) / 40000));
  }
}

TokenId greedy(const std::vector<float>& logits, const SamplingParameters& parameters = {},
               const std::vector<TokenId>& history = {}, const AcceptsToken& accepts = {}) {
  Sampler sampler(static_cast<int>(logits.size()));
  const auto sampled = sampler.sample(logits, parameters, history, accepts);
  REQUIRE(sampled.ok());
  return *sampled ? (*sampled)->token : -1;
}

}  // namespace

TEST_CASE("greedy takes the most probable token, the lowest id of equals") {
  CHECK(greedy({1, 5, 3}) == 1);
  CHECK(greedy({5, 1, 5}) == 0);
  CHECK(greedy({-3, -1, -2}) == 1);
  CHECK(greedy({-std::numeric_limits<float>::infinity(), -100}) == 1);
}

TEST_CASE("temperature 1 draws from the distribution itself") {
  check_frequencies(frequencies({.temperature = 1}), kProbabilities);
}

TEST_CASE("a temperature flattens or sharpens the distribution") {
  for (float temperature : {0.5f, 2.0f}) {
    std::vector<double> expected;
    double total = 0;
    for (double p : kProbabilities) total += std::pow(p, 1 / temperature);
    for (double p : kProbabilities) expected.push_back(std::pow(p, 1 / temperature) / total);
    check_frequencies(frequencies({.temperature = temperature}), expected);
  }
}

TEST_CASE("top-k keeps the k most probable tokens") {
  check_frequencies(frequencies({.temperature = 1, .top_k = 2}), {4.0 / 7, 0, 3.0 / 7, 0, 0});
  check_frequencies(frequencies({.temperature = 1, .top_k = 1}), {1, 0, 0, 0, 0});
  check_frequencies(frequencies({.temperature = 1, .top_k = 50}), kProbabilities);
}

TEST_CASE("top-p keeps the fewest tokens that reach the probability") {
  check_frequencies(frequencies({.temperature = 1, .top_p = 0.6f}), {4.0 / 7, 0, 3.0 / 7, 0, 0});
  check_frequencies(frequencies({.temperature = 1, .top_p = 0.8f}), {8.0 / 17, 0, 6.0 / 17, 3.0 / 17, 0});
  check_frequencies(frequencies({.temperature = 1, .top_p = 0.01f}), {1, 0, 0, 0, 0});
}

TEST_CASE("top-p counts within what top-k left") {
  // Of 4/7 and 3/7 the first alone reaches 0.5, though it has only 0.4 of the whole.
  check_frequencies(frequencies({.temperature = 1, .top_k = 2, .top_p = 0.5f}), {1, 0, 0, 0, 0});
}

TEST_CASE("min-p keeps tokens by their ratio to the most probable one") {
  check_frequencies(frequencies({.temperature = 1, .min_p = 0.3f}), {8.0 / 17, 0, 6.0 / 17, 3.0 / 17, 0});
  check_frequencies(frequencies({.temperature = 1, .top_k = 3, .min_p = 0.5f}), {4.0 / 7, 0, 3.0 / 7, 0, 0});
  check_frequencies(frequencies({.temperature = 1, .min_p = 1}), {1, 0, 0, 0, 0});
}

TEST_CASE("refused tokens are skipped and the others keep their proportions") {
  const AcceptsToken not_first = [](TokenId token) { return token != 0; };
  CHECK(greedy(logits_of(kProbabilities), {}, {}, not_first) == 2);
  check_frequencies(frequencies({.temperature = 1}, not_first), {0, 1.0 / 6, 0.5, 0.25, 1.0 / 12});
}

TEST_CASE("where the filters leave only refused tokens the next most probable one is taken") {
  const AcceptsToken only_last = [](TokenId token) { return token == 4; };
  check_frequencies(frequencies({.temperature = 1, .top_k = 2}, only_last), {0, 0, 0, 0, 1});
}

TEST_CASE("tokens are offered by descending probability, and each once") {
  const auto logits = logits_of(kProbabilities);
  std::vector<TokenId> offered;
  const AcceptsToken none = [&](TokenId token) {
    offered.push_back(token);
    return false;
  };
  CHECK(greedy(logits, {}, {}, none) == -1);
  CHECK(offered == std::vector<TokenId>{0, 2, 3, 1, 4});

  offered.clear();
  Sampler sampler(5);
  const auto sampled = sampler.sample(logits, {.temperature = 1, .top_k = 3}, {}, none);
  REQUIRE(sampled.ok());
  CHECK_FALSE(sampled->has_value());
  CHECK(std::set<TokenId>(offered.begin(), offered.end()).size() == 5);
  CHECK(offered.size() == 5);
}

TEST_CASE("a constraint that accepts nothing is asked a bounded number of times") {
  const std::vector<float> logits(5000, 0.0f);
  for (float temperature : {0.0f, 1.0f}) {
    int asked = 0;
    const AcceptsToken none = [&](TokenId) {
      ++asked;
      return false;
    };
    CHECK(greedy(logits, {.temperature = temperature}, {}, none) == -1);
    CHECK(asked == Sampler::kMaxOffers);
  }
}

TEST_CASE("the repetition penalty weakens the tokens of the window, whatever their sign, and once") {
  const SamplingParameters penalty = {.repetition_penalty = 2, .repetition_window = 2};
  CHECK(greedy({4, 3, 1}, penalty, {0}) == 1);
  CHECK(greedy({4, 3, 1}, penalty, {0, 1, 2}) == 0);  // 0 has left the window: 4, 1.5, 0.5
  CHECK(greedy({4, 1.5f, 1}, penalty, {0, 0}) == 0);  // 2, 1.5, 1: not penalised twice
  CHECK(greedy({-1, -1.5f, -3}, penalty, {0}) == 1);  // -2, -1.5, -3
}

TEST_CASE("the log-probability is that of the unmodified distribution") {
  const auto logits = logits_of(kProbabilities);
  Sampler sampler(5);
  const std::vector<TokenId> history = {0};
  for (const SamplingParameters& parameters :
       {SamplingParameters{}, SamplingParameters{.temperature = 2, .top_k = 3, .repetition_penalty = 3}}) {
    const auto sampled = sampler.sample(logits, parameters, history);
    REQUIRE(sampled.ok());
    const auto token = static_cast<size_t>((*sampled)->token);
    CHECK((*sampled)->log_probability == doctest::Approx(std::log(kProbabilities[token])).epsilon(1e-5));
  }
}

TEST_CASE("draws depend on the seed and the position and on nothing else") {
  const auto logits = logits_of({0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1});
  const auto draw = [&](uint64_t seed, size_t position) {
    Sampler sampler(10);
    return (*sampler.sample(logits, {.temperature = 1, .seed = seed}, std::vector<TokenId>(position, 0)))->token;
  };
  std::set<TokenId> by_seed, by_position;
  for (uint64_t i = 0; i < 100; ++i) {
    CHECK(draw(i, 3) == draw(i, 3));
    by_seed.insert(draw(i, 3));
    by_position.insert(draw(3, i));
  }
  CHECK(by_seed.size() == 10);
  CHECK(by_position.size() == 10);
}

TEST_CASE("logits that are no numbers are an error") {
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Sampler sampler(3);
    const auto sampled = sampler.sample(std::vector<float>{1, bad, 2}, {}, {});
    REQUIRE_FALSE(sampled.ok());
    CHECK(sampled.error().code == ErrorCode::corrupt);
  }
  const float nothing = -std::numeric_limits<float>::infinity();
  Sampler sampler(2);
  CHECK_FALSE(sampler.sample(std::vector<float>{nothing, nothing}, {}, {}).ok());
}
