/// Guessing tokens changes when they come, not which.
#include <doctest/doctest.h>

#include "tests/engine/engine_runs.h"
#include "tests/engine/letters.h"
#include "tests/engine/random_model.h"

using namespace lacuna;
using namespace lacuna::engine;

namespace {

std::vector<Request> requests_of(const Engine& engine, bool speculate) {
  const std::string text = "the ring in the tree; the ring in the thin tree; return the ring in the third";
  auto references = std::make_shared<const std::vector<TokenId>>(engine.tokenizer().encode(text + text));
  std::vector<Request> requests;
  for (size_t i = 0; i < 16; ++i) {
    Request request;
    request.id = i + 1;
    request.prompt = engine.tokenizer().encode(text.substr(i % 5, 12 + 4 * i));
    request.max_tokens = 5 + 4 * static_cast<int>(i % 9);
    request.speculate = speculate;
    request.estimate_probabilities = i % 2 == 0;
    if (i % 3 == 1) request.references = references;
    if (i % 4 == 2) request.constraint = std::make_shared<Letters>("aeinrt", 20);
    if (i % 7 == 3) request.stop_tokens = {request.prompt.back()};
    if (i % 8 == 5) request.sampling = {.temperature = 0.7f, .seed = i};
    requests.push_back(request);
  }
  return requests;
}

}  // namespace

TEST_CASE("answers with guesses are those without, token by token") {
  uint64_t guessed = 0, accepted = 0;
  for (const std::string& isa : kernels::available_isas()) {
    for (uint32_t seed = 1; seed <= 6; ++seed) {
      if (seed > 2 && isa != kernels::available_isas().front()) continue;  // the rest is the scheduler's matter
      CAPTURE(isa);
      CAPTURE(seed);
      RandomModel model{.tied = seed % 2 == 0, .width = seed % 3 == 0 ? 768 : 256, .seed = seed};
      if (seed == 4) model.window = 20;
      const ModelFile file(model);
      EngineOptions options;
      options.model_path = file.path();
      options.num_threads = 2;
      options.isa = isa;
      options.context_tokens = seed == 5 ? 64 : 256;  // some answers fill it
      options.kv_cache_bytes = seed == 6 ? 1 : 1 << 20;
      if (seed == 3) options.max_batch_tokens = 3;
      auto engine = load_engine(options);
      const Answers plain = run_alone(*engine, requests_of(*engine, false));
      REQUIRE(engine->statistics().guessed_tokens == 0);
      const Answers guessing = run_alone(*engine, requests_of(*engine, true));
      check_same_tokens(guessing, plain);
      for (const auto& [id, answer] : guessing) {
        CHECK(answer.text == plain.at(id).text);
        CHECK(answer.statistics.generated_tokens == plain.at(id).statistics.generated_tokens);
        CHECK(answer.statistics.accepted_tokens <= answer.statistics.guessed_tokens);
      }
      engine->clear_cache();
      check_same_tokens(run_together(*engine, requests_of(*engine, true)), plain);
      check_same_tokens(run_overtaking(*engine, requests_of(*engine, true)), plain);
      guessed += engine->statistics().guessed_tokens;
      accepted += engine->statistics().accepted_tokens;
    }
  }
  CHECK(guessed > 100);
  CHECK(accepted > 50);
}

TEST_CASE("right guesses save steps") {
  const ModelFile file({.seed = 2});
  EngineOptions options;
  options.model_path = file.path();
  options.context_tokens = 256;
  auto engine = load_engine(options);
  Request request;
  request.id = 1;
  request.prompt = engine->tokenizer().encode("the ring in the tree");
  request.max_tokens = 100;
  request.speculate = false;
  const Answer plain = run_alone(*engine, {request}).at(1);
  const uint64_t plain_steps = engine->statistics().steps;
  // The answer itself is the best reference.
  request.speculate = true;
  std::vector<TokenId> reference = request.prompt;
  reference.insert(reference.end(), plain.tokens.begin(), plain.tokens.end());
  request.references = std::make_shared<const std::vector<TokenId>>(std::move(reference));
  const Answer guessing = run_alone(*engine, {request}).at(1);
  CHECK(guessing.tokens == plain.tokens);
  REQUIRE(plain.tokens.size() > 20);
  CHECK(engine->statistics().steps - plain_steps < plain_steps);
  CHECK(guessing.statistics.accepted_tokens > 0);
}

TEST_CASE("references with tokens that the model does not have are refused") {
  const ModelFile file({.seed = 2});
  EngineOptions options;
  options.model_path = file.path();
  options.context_tokens = 256;
  auto engine = load_engine(options);
  Request request;
  request.id = 1;
  request.prompt = engine->tokenizer().encode("the ring");
  for (const TokenId token : {-1, engine->model().vocabulary_size}) {
    request.references = std::make_shared<const std::vector<TokenId>>(std::vector<TokenId>{0, token});
    const auto accepted = engine->submit(request, [](const Update&) {});
    REQUIRE_FALSE(accepted.ok());
    CHECK(accepted.error().code == ErrorCode::invalid_argument);
    CHECK(accepted.error().message.find("reference token 1") != std::string::npos);
  }
  CHECK_FALSE(engine->has_work());
}
