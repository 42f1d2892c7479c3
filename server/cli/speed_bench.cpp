#include "server/cli/speed_bench.h"

#include <optional>
#include <utility>

#include "support/check.h"

namespace lacuna::server {
namespace {

double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

std::vector<engine::TokenId> SpeedBench::random_prompt(int length) {
  std::uniform_int_distribution<engine::TokenId> any(0, engine_.tokenizer().size() - 1);
  std::vector<engine::TokenId> prompt;
  while (static_cast<int>(prompt.size()) < length) {
    const engine::TokenId token = any(random_);
    if (!engine_.tokenizer().is_control(token)) prompt.push_back(token);
  }
  return prompt;
}

Result<SpeedBench::Run> SpeedBench::generate(std::vector<engine::TokenId> prompt, int max_tokens) {
  engine_.clear_cache();
  Run run;
  std::optional<Error> failure;
  engine::Request request;
  request.id = next_id_++;
  request.prompt = std::move(prompt);
  request.max_tokens = max_tokens;
  request.estimate_probabilities = true;  // as a completion while typing
  request.speculate = false;              // random texts are no place for guesses, nor has the peer any
  request.ignore_end_tokens = true;  // random tokens may make a model end its text at once
  run.start = Clock::now();
  LACUNA_RETURN_IF_ERROR(engine_.submit(std::move(request), [&](const engine::Update& update) {
    if (update.token >= 0) {
      run.last_token = Clock::now();
      if (run.tokens++ == 0) run.first_token = run.last_token;
    }
    if (update.finished && update.reason == engine::FinishReason::failed) failure = update.error;
  }));
  while (engine_.has_work()) engine_.step();
  if (failure) return *failure;
  LACUNA_CHECK(run.tokens == max_tokens);
  return run;
}

Result<void> SpeedBench::measure(const SpeedTest& test, Speeds& speeds) {
  const auto add_prefill = [&](const Run& run) {
    speeds.prefill.push_back(test.prompt_tokens / seconds(run.first_token - run.start));
  };
  if (!test.decode_behind_prompt) {
    LACUNA_ASSIGN_OR_RETURN(const Run reading, generate(random_prompt(test.prompt_tokens), 1));
    add_prefill(reading);
  }
  const int behind = test.decode_behind_prompt ? test.prompt_tokens : 1;
  LACUNA_ASSIGN_OR_RETURN(const Run writing, generate(random_prompt(behind), test.generated_tokens + 1));
  if (test.decode_behind_prompt) add_prefill(writing);
  speeds.decode.push_back(test.generated_tokens / seconds(writing.last_token - writing.first_token));
  return {};
}

}  // namespace lacuna::server
