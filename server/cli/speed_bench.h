/// SpeedBench: tokens a second of reading in and of writing, as llama-bench measures them.
#pragma once

#include <chrono>
#include <random>
#include <vector>

#include "engine/engine.h"
#include "support/result.h"

namespace lacuna::server {

/// Tokens a second; one entry a repetition.
struct Speeds {
  std::vector<double> prefill;
  std::vector<double> decode;
};

/// What is measured: a prompt of random tokens into an empty cache with the logits of its last position, and the
/// writing of tokens behind a prompt.
struct SpeedTest {
  int prompt_tokens = 512;
  int generated_tokens = 64;
  bool decode_behind_prompt = false;  ///< the writing comes behind that prompt; else behind one token
};

class SpeedBench {
 public:
  explicit SpeedBench(engine::Engine& engine) : engine_(engine) {}

  /// Measures both once and adds them to `speeds`. Errors: those of Engine::submit(), and of a request that failed.
  Result<void> measure(const SpeedTest& test, Speeds& speeds);

 private:
  using Clock = std::chrono::steady_clock;

  /// When the tokens of one request came.
  struct Run {
    Clock::time_point start;
    Clock::time_point first_token;
    Clock::time_point last_token;
    int tokens = 0;
  };
  Result<Run> generate(std::vector<engine::TokenId> prompt, int max_tokens);
  std::vector<engine::TokenId> random_prompt(int length);

  engine::Engine& engine_;
  std::mt19937 random_{20240607};  // the same prompts in every run
  engine::RequestId next_id_ = 1;
};

}  // namespace lacuna::server
