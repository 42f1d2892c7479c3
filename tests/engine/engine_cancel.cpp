/// engine_cancel: how long cancelled work goes on, for docs/performance.md; no test by itself.
///
///   engine_cancel MODEL ISA THREADS ROUNDS
///
/// Each round cancels a prompt of 2000 tokens at some moment of its first second, and a decoding request after a few
/// tokens. What counts is the time from cancel() to the request's last update, which the engine's thread sends when it
/// has stopped.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "engine/engine.h"

namespace {

using namespace lacuna;
using namespace lacuna::engine;
using Clock = std::chrono::steady_clock;

double cancel_ms(EngineThread& engine, Request request, std::chrono::microseconds delay, int after_tokens) {
  std::promise<void> ready;
  std::promise<Clock::time_point> ended;
  int tokens = 0;
  const RequestId id = request.id;
  engine.submit(std::move(request), [&](const Update& update) {
    if (update.token >= 0 && ++tokens == after_tokens) ready.set_value();
    if (update.finished) ended.set_value(Clock::now());
  });
  if (after_tokens > 0) ready.get_future().wait();
  std::this_thread::sleep_for(delay);
  const auto start = Clock::now();
  engine.cancel(id);
  return std::chrono::duration<double, std::milli>(ended.get_future().get() - start).count();
}

void print(const char* what, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  const auto at = [&](double share) { return times[static_cast<size_t>(share * static_cast<double>(times.size() - 1))]; };
  std::printf("%s: p50 %.2f ms, p95 %.2f ms, at most %.2f ms of %zu\n", what, at(0.5), at(0.95), times.back(),
              times.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: engine_cancel MODEL ISA THREADS ROUNDS\n");
    return 2;
  }
  EngineOptions options;
  options.model_path = argv[1];
  options.isa = argv[2];
  options.num_threads = std::atoi(argv[3]);
  std::promise<Result<EngineThread::Loaded>> loading;
  EngineThread engine(options, [&](const Result<EngineThread::Loaded>& result) { loading.set_value(result); });
  const auto loaded = loading.get_future().get();
  if (!loaded.ok()) {
    std::fprintf(stderr, "engine_cancel: %s\n", loaded.error().message.c_str());
    return 1;
  }
  std::mt19937 random(1);
  std::vector<double> prefill, decode;
  for (RequestId round = 1; round <= static_cast<RequestId>(std::atoi(argv[4])); ++round) {
    Request prompt;
    prompt.id = 2 * round;
    for (int i = 0; i < 2000; ++i) prompt.prompt.push_back(static_cast<TokenId>(100 + random() % 10000));
    Request text;
    text.id = 2 * round + 1;
    text.prompt.assign(prompt.prompt.begin(), prompt.prompt.begin() + 8);
    text.max_tokens = 1000;
    prefill.push_back(cancel_ms(engine, std::move(prompt), std::chrono::microseconds(random() % 1000000), 0));
    decode.push_back(cancel_ms(engine, std::move(text), std::chrono::microseconds(random() % 50000), 3));
  }
  std::printf("%s, %s, %d threads\n", loaded->model.name.c_str(), loaded->model.isa.c_str(), loaded->model.num_threads);
  print("prefill", prefill);
  print("decode", decode);
  return 0;
}
