/// Whole generations of the real models with a part of the output head and with all of it. Needs the models, as
/// golden_logits_test.cpp does.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/engine/engine_runs.h"

using namespace lacuna;
using namespace lacuna::engine;

namespace {

/// Beginnings of functions and comments in this project's own sources.
std::vector<Request> requests_of(const Engine& engine, bool estimate) {
  std::vector<Request> requests;
  for (const char* path : {"/engine/local_engine.cpp", "/scripts/golden_logits.py", "/vscode-extension/src/client.ts"}) {
    std::ifstream in(std::string(LACUNA_SOURCE_DIR) + path, std::ios::binary);
    REQUIRE(in);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (size_t i = 1; i <= 4; ++i) {
      Request request;
      request.id = requests.size() + 1;
      const size_t end = text.size() * i / 5;
      request.prompt = engine.tokenizer().encode(text.substr(end - std::min<size_t>(end, 400), 400));
      request.max_tokens = 32;
      request.estimate_probabilities = estimate;
      requests.push_back(request);
    }
  }
  return requests;
}

void check_model(const std::string& model) {
  const char* folder = std::getenv("LACUNA_TEST_MODELS");
  if (!folder) {
    MESSAGE("skipped: LACUNA_TEST_MODELS is not set");
    return;
  }
  for (const std::string& isa : kernels::available_isas()) {
    if (isa == "scalar") continue;  // it has nothing but the whole head
    CAPTURE(isa);
    EngineOptions options;
    options.model_path = std::string(folder) + "/" + model + ".gguf";
    options.isa = isa;
    options.context_tokens = 1024;
    auto engine = load_engine(options);
    const Answers whole = run_together(*engine, requests_of(*engine, false));
    const Answers part = run_together(*engine, requests_of(*engine, true));
    check_same_tokens(part, whole);
    for (const auto& [id, answer] : whole) {
      for (size_t i = 0; i < answer.tokens.size(); ++i) {
        CHECK(std::abs(part.at(id).log_probabilities[i] - answer.log_probabilities[i]) < 0.05f);
      }
    }
  }
}

}  // namespace

TEST_CASE("smollm2-135m writes the same text with a part of its head") {
  check_model("smollm2-135m");
}

TEST_CASE("qwen2.5-coder-0.5b writes the same text with a part of its head") {
  check_model("qwen2.5-coder-0.5b");
}

TEST_CASE("gemma3-270m writes the same text with a part of its head") {
  check_model("gemma3-270m");
}
