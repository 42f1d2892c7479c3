/// Greedy decoding that computes only a part of the output head finds the tokens of the whole head.
#include <doctest/doctest.h>

#include "tests/engine/engine_runs.h"
#include "tests/engine/letters.h"
#include "tests/engine/random_model.h"

using namespace lacuna;
using namespace lacuna::engine;
using kernels::TensorType;

namespace {

EngineOptions options_of(const std::string& path, const std::string& isa) {
  EngineOptions options;
  options.model_path = path;
  options.num_threads = 2;
  options.isa = isa;
  options.context_tokens = 256;
  options.kv_cache_bytes = 1 << 20;
  return options;
}

/// The text must begin like this. `tells`: and says so.
class Beginning : public Constraint {
 public:
  Beginning(std::string text, bool tells) : text_(std::move(text)), tells_(tells) {}
  bool accepts(std::string_view generated, std::string_view piece) override {
    if (piece.empty() || generated.size() >= text_.size()) return !piece.empty();
    const std::string_view rest = std::string_view(text_).substr(generated.size());
    return piece.starts_with(rest) || rest.starts_with(piece);
  }
  std::string_view forced(std::string_view generated) override {
    if (!tells_ || generated.size() >= text_.size()) return {};
    return std::string_view(text_).substr(generated.size());
  }
  bool complete(std::string_view generated) override { return generated.size() >= text_.size() + 4; }

 private:
  std::string text_;
  bool tells_;
};

std::vector<Request> requests_of(const Engine& engine, bool estimate) {
  const std::string text = "return the there in the red thin rethink; the inner ring is in the third tree";
  std::vector<Request> requests;
  for (size_t i = 0; i < 10; ++i) {
    Request request;
    request.id = i + 1;
    request.prompt = engine.tokenizer().encode(text.substr(i, 9 + i * 6));
    request.max_tokens = 16;
    request.estimate_probabilities = estimate;
    if (i % 3 == 1) request.constraint = std::make_shared<Letters>("aeit", 12);
    if (i % 3 == 2) request.constraint = std::make_shared<Beginning>(text.substr(i, i), estimate);
    if (i == 9) request.sampling = {.temperature = 0.9f, .seed = 4};
    requests.push_back(request);
  }
  return requests;
}

}  // namespace

TEST_CASE("requests that ask for the best tokens only get those of the whole head") {
  for (const std::string& isa : kernels::available_isas()) {
    for (const TensorType type : {TensorType::q8_0, TensorType::q6_k, TensorType::q4_0, TensorType::f16}) {
      for (uint32_t seed = 1; seed <= 4; ++seed) {
        if (isa == "scalar" && (seed != 2 || type != TensorType::q8_0)) continue;  // slow, and with one way only
        CAPTURE(isa);
        CAPTURE(kernels::type_traits(type).name);
        CAPTURE(seed);
        const int width = seed % 2 == 0 ? 256 : 768;  // with inputs in two terms, and in one
        const ModelFile file({.type = type, .tied = seed % 2 == 0, .width = width, .seed = seed});
        auto engine = load_engine(options_of(file.path(), isa));
        const Answers whole = run_alone(*engine, requests_of(*engine, false));
        const Answers alone = run_alone(*engine, requests_of(*engine, true));
        check_same_tokens(alone, whole);
        engine->clear_cache();
        check_same_tokens(run_together(*engine, requests_of(*engine, true)), whole);
        for (const auto& [id, answer] : whole) {
          if (id % 3 == 0) continue;  // forced: of the allowed tokens only
          for (size_t i = 0; i < answer.tokens.size(); ++i) {
            CHECK(std::abs(alone.at(id).log_probabilities[i] - answer.log_probabilities[i]) < 0.05f);
          }
        }
      }
    }
  }
}
