/// Once its prompt is computed, a request's tokens cost no allocation: what decoding needs was taken before.
#include <doctest/doctest.h>

#include "engine/local_engine.h"
#include "tests/engine/allocation_counter.h"
#include "tests/engine/letters.h"
#include "tests/engine/random_model.h"

using namespace lacuna;
using namespace lacuna::engine;

namespace {

/// Decodes one request to its end; returns its allocations behind the first few tokens, and how many steps they are.
std::pair<size_t, int> allocations_of(LocalEngine& engine, Request request) {
  constexpr int kFirstSteps = 4;  // the index of guesses and the like are made then
  int num_tokens = 0;
  bool finished = false;
  engine.clear_cache();
  const auto accepted = engine.submit(std::move(request), [&](const Update& update) {
    num_tokens += update.token >= 0 ? 1 : 0;
    finished = update.finished;
  });
  REQUIRE(accepted.ok());
  while (num_tokens < kFirstSteps && !finished) engine.step();
  size_t allocations = 0;
  int steps = 0;
  while (!finished) {
    const testing::AllocationCount count;
    engine.step();
    if (finished) break;  // ending may allocate
    allocations += count.allocations();
    steps += 1;
  }
  return {allocations, steps};
}

}  // namespace

TEST_CASE("decoding allocates nothing") {
  for (const std::string& isa : kernels::available_isas()) {
    for (const int window : {0, 24}) {
      CAPTURE(isa);
      CAPTURE(window);
      const ModelFile file({.num_layers = 3, .window = window, .seed = 2});
      EngineOptions options;
      options.model_path = file.path();
      options.num_threads = 2;
      options.isa = isa;
      options.context_tokens = 256;
      auto engine = LocalEngine::load(options, {}, nullptr);
      REQUIRE(engine.ok());
      int steps = 0;
      for (RequestId id = 1; id <= 8; ++id) {
        Request request;
        request.id = id;
        request.prompt = (*engine)->tokenizer().encode("return the ring in the third tree");
        request.max_tokens = 120;
        request.estimate_probabilities = id % 2 == 0;
        request.speculate = id % 4 < 2;
        if (id > 4) request.constraint = std::make_shared<Letters>("aeinrt");
        const auto [allocations, of_request] = allocations_of(**engine, std::move(request));
        CAPTURE(id);
        CHECK(allocations == 0);
        steps += of_request;
      }
      CHECK(steps > 100);
    }
  }
}
