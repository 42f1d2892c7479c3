/// engine_speculation: what guessing tokens wins and costs, for docs/performance.md; no test by itself.
///
///   engine_speculation MODEL ISA THREADS FILE PLACES
///
/// At so many places of the file, spread evenly, 40 tokens are written behind the 512 before the place, greedily and as
/// typing asks for them: with guesses first, as an answer that was given before would be guessed from, and then without.
/// A place's ratio is that of the times from the first token to the last.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace {

using namespace lacuna;
using namespace lacuna::engine;

constexpr size_t kPromptTokens = 512;
constexpr int kTokens = 40;

struct Run {
  double decode_ms = 0;
  int guessed = 0;
  int accepted = 0;
  std::vector<TokenId> tokens;
};

/// max_tokens 0: only computes the prompt.
Run run(Engine& engine, std::vector<TokenId> prompt, int max_tokens, bool speculate) {
  static RequestId last_id = 0;
  Request request{.id = ++last_id, .prompt = std::move(prompt), .max_tokens = max_tokens, .ignore_end_tokens = true};
  request.estimate_probabilities = true;
  request.speculate = speculate;
  Run result;
  const auto accepted = engine.submit(std::move(request), [&](const Update& update) {
    if (update.token >= 0) result.tokens.push_back(update.token);
    if (!update.finished) return;
    result.decode_ms = update.statistics.decode_ms;
    result.guessed = update.statistics.guessed_tokens;
    result.accepted = update.statistics.accepted_tokens;
  });
  if (!accepted.ok()) {
    std::fprintf(stderr, "engine_speculation: %s\n", accepted.error().message.c_str());
    std::exit(1);
  }
  while (engine.has_work()) engine.step();
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: engine_speculation MODEL ISA THREADS FILE PLACES\n");
    return 2;
  }
  EngineOptions options;
  options.model_path = argv[1];
  options.isa = argv[2];
  options.num_threads = std::atoi(argv[3]);
  const auto loaded = Engine::load(options);
  if (!loaded.ok()) {
    std::fprintf(stderr, "engine_speculation: %s\n", loaded.error().message.c_str());
    return 1;
  }
  Engine& engine = **loaded;
  std::ifstream file(argv[4], std::ios::binary);
  const std::vector<TokenId> tokens =
      engine.tokenizer().encode(std::string(std::istreambuf_iterator<char>(file), {}));
  const auto num_places = static_cast<size_t>(std::max(1, std::atoi(argv[5])));
  if (tokens.size() < kPromptTokens + num_places) {
    std::fprintf(stderr, "engine_speculation: %s has only %zu tokens\n", argv[4], tokens.size());
    return 1;
  }
  std::vector<double> ratios;
  double plain_ms = 0, guessing_ms = 0;
  int guessed = 0, accepted = 0;
  for (size_t place = 0; place < num_places; ++place) {
    const auto end = tokens.begin() + static_cast<ptrdiff_t>(kPromptTokens + place * (tokens.size() - kPromptTokens) / num_places);
    const std::vector<TokenId> prompt(end - static_cast<ptrdiff_t>(kPromptTokens), end);
    run(engine, prompt, 0, false);
    const Run guessing = run(engine, prompt, kTokens, true);
    const Run plain = run(engine, prompt, kTokens, false);
    if (guessing.tokens != plain.tokens) {
      std::fprintf(stderr, "engine_speculation: other tokens with guesses at place %zu\n", place);
      return 1;
    }
    ratios.push_back(plain.decode_ms / guessing.decode_ms);
    plain_ms += plain.decode_ms;
    guessing_ms += guessing.decode_ms;
    guessed += guessing.guessed;
    accepted += guessing.accepted;
  }
  std::sort(ratios.begin(), ratios.end());
  const auto at = [&](double share) { return ratios[static_cast<size_t>(share * static_cast<double>(ratios.size() - 1))]; };
  std::printf("%s, %s, %d threads, %zu places: %.2f times as fast in all; by place: least %.2f, p10 %.2f, p50 %.2f, p90 %.2f\n",
              engine.model().name.c_str(), engine.model().isa.c_str(), engine.model().num_threads, ratios.size(),
              plain_ms / guessing_ms, ratios.front(), at(0.1), at(0.5), at(0.9));
  std::printf("%d tokens guessed, %d of them right\n", guessed, accepted);
  return 0;
}
