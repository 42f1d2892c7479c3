/// Runs requests through an Engine to their ends, with the books checked after every step.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <vector>

#include "engine/local_engine.h"

namespace lacuna::engine {

/// What came back for one request.
struct Answer {
  std::vector<TokenId> tokens;
  std::vector<float> log_probabilities;
  std::vector<float> prompt_log_probabilities;
  std::string text;
  int num_finished = 0;
  FinishReason reason = FinishReason::failed;
  Error error{};
  RequestStatistics statistics;
};

inline std::unique_ptr<LocalEngine> load_engine(const EngineOptions& options) {
  auto engine = LocalEngine::load(options, {}, nullptr);
  if (!engine.ok()) FAIL(engine.error().message);
  return std::move(*engine);
}

using Answers = std::map<RequestId, Answer>;

inline UpdateCallback collect(Answers& answers) {
  return [&answers](const Update& update) {
    Answer& answer = answers[update.id];
    REQUIRE(answer.num_finished == 0);
    if (update.token >= 0) {
      answer.tokens.push_back(update.token);
      answer.log_probabilities.push_back(update.log_probability);
      answer.text += update.piece;
    }
    if (!update.finished) return;
    answer.num_finished += 1;
    answer.reason = update.reason;
    answer.error = update.error;
    answer.prompt_log_probabilities = update.prompt_log_probabilities;
    answer.statistics = update.statistics;
  };
}

inline void submit(Engine& engine, const Request& request, Answers& answers) {
  const auto accepted = engine.submit(request, collect(answers));
  if (!accepted.ok()) FAIL(accepted.error().message);
}

inline void run_to_end(Engine& engine) {
  for (int step = 0; engine.has_work(); ++step) {
    REQUIRE(step < 100000);
    engine.step();
    engine.check_integrity();
  }
}

/// All at once.
inline Answers run_together(Engine& engine, const std::vector<Request>& requests) {
  Answers answers;
  for (const Request& request : requests) submit(engine, request, answers);
  run_to_end(engine);
  return answers;
}

/// A step between one and the next, each third more urgent than the ones before.
inline Answers run_overtaking(Engine& engine, const std::vector<Request>& requests) {
  Answers answers;
  for (size_t i = 0; i < requests.size(); ++i) {
    Request request = requests[i];
    request.priority = static_cast<Priority>(2 - 3 * i / requests.size());
    submit(engine, request, answers);
    engine.step();
    engine.check_integrity();
  }
  run_to_end(engine);
  return answers;
}

/// Each alone, with nothing in the cache.
inline Answers run_alone(Engine& engine, const std::vector<Request>& requests) {
  Answers answers;
  for (const Request& request : requests) {
    engine.clear_cache();
    submit(engine, request, answers);
    run_to_end(engine);
  }
  return answers;
}

inline void check_same_tokens(const Answers& got, const Answers& expected) {
  REQUIRE(got.size() == expected.size());
  for (const auto& [id, answer] : expected) {
    CAPTURE(id);
    CHECK(got.at(id).tokens == answer.tokens);
    CHECK(got.at(id).reason == answer.reason);
  }
}

}  // namespace lacuna::engine
