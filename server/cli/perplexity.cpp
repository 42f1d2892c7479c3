/// Perplexity is exp of the mean negative log-probability of each token after the first of its window, natural
/// logarithm.
#include "server/cli/perplexity.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "engine/engine.h"
#include "server/cli/exit_code.h"
#include "server/cli/input.h"
#include "server/cli/json_output.h"
#include "server/cli/load_engine.h"

namespace lacuna::server {
namespace {

constexpr size_t kMaxTextBytes = size_t{64} << 20;

struct Score {
  double negative_log_probability = 0;  ///< summed
  int64_t tokens = 0;
};

/// -log softmax(logits)[token], summed in double: half a million small terms lose too much in float.
double surprise(std::span<const float> logits, engine::TokenId token) {
  const float highest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - static_cast<double>(highest));
  return std::log(sum) + static_cast<double>(highest) - static_cast<double>(logits[static_cast<size_t>(token)]);
}

Result<Score> score_windows(engine::Engine& engine, std::span<const engine::TokenId> tokens, size_t window,
                            const Console& console) {
  Score total;
  ProgressLine line(console);
  for (size_t begin = 0; begin + 1 < tokens.size(); begin += window) {
    const auto part = tokens.subspan(begin, std::min(window, tokens.size() - begin));
    const auto on_logits = [&](int position, std::span<const float> logits) {
      const auto next = static_cast<size_t>(position) + 1;
      if (next >= part.size()) return;
      total.negative_log_probability += surprise(logits, part[next]);
      ++total.tokens;
    };
    LACUNA_RETURN_IF_ERROR(engine.score(part, on_logits));
    line.show({fmt::format("{} of {} tokens", begin + part.size(), tokens.size()), 0, 0});
  }
  return total;
}

}  // namespace

int run_perplexity(const PerplexityOptions& options, const CommonOptions& common, const Environment& environment,
                   const Console& console) {
  const Result<std::string> text = read_input(options.file, kMaxTextBytes);
  if (!text.ok()) return fail(console, text.error());
  const Result<LoadedEngine> loaded = load_engine(common, options.context_tokens, environment);
  if (!loaded.ok()) return fail(console, loaded.error());
  engine::Engine& engine = *loaded->engine;
  const std::vector<engine::TokenId> tokens = engine.tokenizer().encode(*text);
  const auto window = static_cast<size_t>(std::min(options.context_tokens, engine.model().context_length));
  const Result<Score> score = score_windows(engine, tokens, window, console);
  if (!score.ok()) return fail(console, score.error());
  if (score->tokens == 0)
    return fail(console, {ErrorCode::invalid_argument, "the text is too short: two tokens are needed"});
  const double mean = score->negative_log_probability / static_cast<double>(score->tokens);
  if (common.json) {
    print_json(console,
               {{"perplexity", std::exp(mean)},
                {"mean_negative_log_probability", mean},
                {"tokens", score->tokens},
                {"bits_per_byte", score->negative_log_probability / std::log(2.0) / static_cast<double>(text->size())},
                {"context", window},
                {"model", engine.model().name},
                {"isa", engine.model().isa}});
  } else {
    console.print("perplexity {:.4f} over {} tokens, windows of {}\n", std::exp(mean), score->tokens, window);
  }
  return kExitOk;
}

}  // namespace lacuna::server
