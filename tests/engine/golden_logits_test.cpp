/// The engine's logits against those of the reference implementation, for the real models: golden/logits-*.txt, made by
/// scripts/golden_logits.py. Needs the models: LACUNA_TEST_MODELS is their folder.
///
/// The files hold the reference's five most probable tokens at 64 of 512 positions of real code. The scalar kernels are
/// slow, and so are checked on the beginning only.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/runner/sampler.h"
#include "kernels/backend.h"

using namespace lacuna;
using namespace lacuna::engine;

namespace {

using TopTokens = std::vector<std::pair<TokenId, double>>;  // log-probabilities, descending

struct Golden {
  std::vector<TokenId> tokens;
  std::map<int, TopTokens> top;  // by position
};

Golden read_golden(const std::string& model) {
  std::ifstream in(std::string(LACUNA_SOURCE_DIR) + "/tests/engine/golden/logits-" + model + ".txt");
  REQUIRE(in);
  Golden golden;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "tokens") {
      for (TokenId token; words >> token;) golden.tokens.push_back(token);
    } else if (kind == "top") {
      int position = 0;
      words >> position;
      char colon = 0;
      TokenId token = 0;
      for (double p = 0; words >> token >> colon >> p;) golden.top[position].emplace_back(token, p);
    }
  }
  REQUIRE(golden.tokens.size() >= 512);
  REQUIRE(golden.top.size() == 64);
  return golden;
}

struct Comparison {
  int positions = 0;
  int same_top = 0;
  double divergence = 0;  ///< mean, of the five tokens' terms of Σ p log(p/q)
};

Comparison compare(const std::string& path, const std::string& isa, const Golden& golden, size_t num_tokens) {
  EngineOptions options;
  options.model_path = path;
  options.isa = isa;
  options.context_tokens = static_cast<int>(golden.tokens.size());
  auto engine = Engine::load(options);
  if (!engine.ok()) FAIL(engine.error().message);
  Comparison result;
  const auto scored = (*engine)->score(std::span(golden.tokens).first(num_tokens), [&](int position, auto logits) {
    const auto found = golden.top.find(position);
    if (found == golden.top.end()) return;
    const TopTokens& top = found->second;
    const double normalizer = log_sum_exp(logits);
    for (const auto& [token, p] : top) {
      result.divergence += std::exp(p) * (p - (logits[static_cast<size_t>(token)] - normalizer));
    }
    result.positions += 1;
    result.same_top += arg_max(logits) == top.front().first ? 1 : 0;
  });
  REQUIRE(scored.ok());
  result.divergence /= result.positions;
  return result;
}

/// `scalar_tokens`: how many of the tokens the scalar kernels get.
void check_file(const std::string& path, const std::string& model, size_t scalar_tokens) {
  const Golden golden = read_golden(model);
  for (const std::string& isa : kernels::available_isas()) {
    CAPTURE(isa);
    const bool is_scalar = isa == "scalar";
    const size_t num_tokens = is_scalar ? scalar_tokens : golden.tokens.size();
    const Comparison result = compare(path, isa, golden, num_tokens);
    REQUIRE(result.positions == static_cast<int>(64 * num_tokens / golden.tokens.size()));
    MESSAGE(model << " " << isa << ": top-1 " << result.same_top << "/" << result.positions << ", divergence "
                  << result.divergence);
    // The scalar kernels follow the reference to the rounding of single precision. The vector kernels' error is that of
    // 8-bit activations: where two tokens are nearly as probable, one position in 64 may go either way.
    CHECK(result.same_top >= result.positions - (is_scalar ? 0 : 1));
    CHECK(std::abs(result.divergence) <= (is_scalar ? 1e-4 : 0.005));
  }
}

void check_model(const std::string& model) {
  const char* folder = std::getenv("LACUNA_TEST_MODELS");
  if (!folder) {
    MESSAGE("skipped: LACUNA_TEST_MODELS is not set");
    return;
  }
  check_file(std::string(folder) + "/" + model + ".gguf", model, 64);
}

}  // namespace

TEST_CASE("smollm2-135m gives the reference's logits") {
  check_model("smollm2-135m");
}

TEST_CASE("qwen2.5-coder-0.5b gives the reference's logits") {
  check_model("qwen2.5-coder-0.5b");
}

// 1024 positions, twice its window.
TEST_CASE("gemma3-270m gives the reference's logits") {
  check_model("gemma3-270m");
}

// Made by scripts/make_tiny_models.py: prompts of 512 tokens, windows of 16 to 40.
TEST_CASE("tiny models of every architecture give the logits of transformers, far behind their windows") {
  for (const char* name : {"mistral", "qwen2", "qwen3", "qwen3-window", "starcoder2", "gemma3"}) {
    const std::string model = std::string("tiny-") + name;
    CAPTURE(model);
    check_file(std::string(LACUNA_SOURCE_DIR) + "/tests/engine/golden/" + model + ".gguf", model, 512);
  }
}
