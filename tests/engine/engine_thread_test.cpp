/// The life of an EngineThread. Nothing here waits for a time: events are awaited through channels, which the test's
/// own time limit bounds.
#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <thread>

#include "engine/engine.h"
#include "support/channel.h"
#include "tests/engine/random_model.h"

using namespace lacuna;
using namespace lacuna::engine;

namespace {

RandomModel small_model() {
  return {.type = kernels::TensorType::q8_0,
          .num_layers = 2,
          .width = 64,
          .feed_forward = 64,
          .num_heads = 2,
          .num_kv_heads = 1};
}

EngineOptions options_for(const std::string& path) {
  EngineOptions options;
  options.model_path = path;
  options.num_threads = 2;
  options.max_batch_tokens = 16;
  return options;
}

Request request_of(RequestId id, int num_prompt_tokens, int max_tokens, Priority priority = Priority::interactive) {
  Request request;
  request.id = id;
  for (int i = 0; i < num_prompt_tokens; ++i) request.prompt.push_back(5 + (i * 7 + static_cast<int>(id)) % 200);
  request.max_tokens = max_tokens;
  request.priority = priority;
  return request;
}

/// Updates that arrive on the engine's thread, for the test's thread.
class Inbox {
 public:
  UpdateCallback callback() {
    return [this](const Update& update) { updates_.push(update); };
  }
  /// The next update that ends a request.
  Update next_finished() {
    while (true) {
      auto update = updates_.pop();
      REQUIRE(update.has_value());
      if (update->finished) return *update;
    }
  }
  /// What has arrived and ends a request, after the thread is gone.
  std::map<RequestId, int> count_finished() {
    std::map<RequestId, int> counts;
    while (auto update = updates_.try_pop()) counts[update->id] += update->finished ? 1 : 0;
    return counts;
  }

 private:
  Channel<Update> updates_;
};

}  // namespace

TEST_CASE("requests that are sent while the model loads are answered") {
  ModelFile file(small_model());
  Channel<bool> loaded;
  Inbox inbox;
  EngineThread thread(options_for(file.path()), [&](const Result<EngineThread::Loaded>& result) {
    if (result) CHECK(result->tokenizer->size() == result->model.vocabulary_size);
    loaded.push(result.ok());
  });
  thread.submit(request_of(1, 40, 3), inbox.callback());
  const Update update = inbox.next_finished();
  CHECK(update.id == 1);
  CHECK((update.reason == FinishReason::length || update.reason == FinishReason::stop_token));
  CHECK(update.statistics.prompt_tokens == 40);
  CHECK(*loaded.pop());
}

TEST_CASE("after a failed load every request is refused with the reason") {
  Channel<Error> errors;
  Inbox inbox;
  EngineThread thread(options_for("/nonexistent/model.gguf"), [&](const Result<EngineThread::Loaded>& result) {
    REQUIRE_FALSE(result.ok());
    errors.push(result.error());
  });
  CHECK(errors.pop()->code == ErrorCode::not_found);
  thread.submit(request_of(1, 4, 3), inbox.callback());
  const Update update = inbox.next_finished();
  CHECK(update.reason == FinishReason::failed);
  CHECK(update.error.code == ErrorCode::unavailable);
  CHECK(update.error.message.find("/nonexistent/model.gguf") != std::string::npos);
}

TEST_CASE("a refused request gets its one last update") {
  ModelFile file(small_model());
  Inbox inbox;
  EngineThread thread(options_for(file.path()), [](const auto&) {});
  thread.submit(request_of(1, 0, 3), inbox.callback());
  const Update update = inbox.next_finished();
  CHECK(update.reason == FinishReason::failed);
  CHECK(update.error.code == ErrorCode::invalid_argument);
}

TEST_CASE("a cancelled request ends as cancelled and later ones go on") {
  ModelFile file(small_model());
  Inbox inbox;
  EngineThread thread(options_for(file.path()), [](const auto&) {});
  thread.submit(request_of(1, 200, 200), inbox.callback());
  thread.cancel(1);
  thread.submit(request_of(2, 10, 2), inbox.callback());
  const Update first = inbox.next_finished(), second = inbox.next_finished();
  CHECK(first.id == 1);
  CHECK(first.reason == FinishReason::cancelled);
  CHECK(second.id == 2);
}

TEST_CASE("what was computed is found again until the cache is cleared") {
  ModelFile file(small_model());
  Inbox inbox;
  EngineThread thread(options_for(file.path()), [](const auto&) {});
  const auto cached_tokens = [&] {
    thread.submit(request_of(1, 40, 1), inbox.callback());
    return inbox.next_finished().statistics.cached_tokens;
  };
  CHECK(cached_tokens() == 0);
  CHECK(cached_tokens() >= 32);
  thread.clear_cache();
  CHECK(cached_tokens() == 0);
}

TEST_CASE("an interactive request overtakes a long warm-up, which ends all the same") {
  ModelFile file(small_model());
  Inbox inbox;
  EngineThread thread(options_for(file.path()), [](const auto&) {});
  thread.submit(request_of(1, 250, 0, Priority::warm_up), inbox.callback());
  thread.submit(request_of(2, 10, 2), inbox.callback());
  CHECK(inbox.next_finished().id == 2);
  const Update warmed = inbox.next_finished();
  CHECK(warmed.id == 1);
  CHECK(warmed.statistics.evaluated_tokens + warmed.statistics.cached_tokens == 250);
}

TEST_CASE("statistics can be read at any time and count at the end") {
  ModelFile file(small_model());
  Inbox inbox;
  EngineThread thread(options_for(file.path()), [](const auto&) {});
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) CHECK(thread.statistics().running <= 16);
  });
  for (RequestId id = 1; id <= 5; ++id) thread.submit(request_of(id, 30, 5), inbox.callback());
  for (int i = 0; i < 5; ++i) inbox.next_finished();
  done = true;
  reader.join();
}

TEST_CASE("ended in any state, each request has exactly one last update") {
  ModelFile file(small_model());
  for (int updates_before_end : {0, 1, 3, 10}) {
    CAPTURE(updates_before_end);
    Inbox inbox;
    Channel<Update> seen;
    {
      EngineThread thread(options_for(file.path()), [](const auto&) {});
      for (RequestId id = 1; id <= 6; ++id) {
        thread.submit(request_of(id, 60, 100), [callback = inbox.callback(), &seen](const Update& update) {
          callback(update);
          seen.push(update);
        });
      }
      for (int i = 0; i < updates_before_end; ++i) seen.pop();
    }
    const auto counts = inbox.count_finished();
    CHECK(counts.size() == 6);
    for (const auto& [id, count] : counts) CHECK(count == 1);
  }
}

TEST_CASE("requests from several threads are all answered once") {
  ModelFile file(small_model());
  Inbox inbox;
  {
    EngineThread thread(options_for(file.path()), [](const auto&) {});
    std::vector<std::thread> clients;
    for (RequestId client = 0; client < 4; ++client) {
      clients.emplace_back([&, client] {
        for (RequestId i = 0; i < 10; ++i) {
          const RequestId id = client * 100 + i;
          thread.submit(request_of(id, 20, 4), inbox.callback());
          if (i % 3 == 0) thread.cancel(id);
        }
      });
    }
    for (auto& client : clients) client.join();
    for (int i = 0; i < 40; ++i) inbox.next_finished();
  }
  CHECK(inbox.count_finished().empty());
}

TEST_CASE("loading is given up when the thread is ended") {
  ModelFile file(RandomModel{.num_layers = 8});
  for (int reports_before_end : {0, 1, 5}) {
    Channel<double> progress;
    Channel<ErrorCode> failures;
    Inbox inbox;
    {
      EngineThread thread(
          options_for(file.path()),
          [&](const Result<EngineThread::Loaded>& result) {
            if (!result) failures.push(result.error().code);
          },
          [&](double done) { progress.push(done); });
      thread.submit(request_of(1, 4, 4), inbox.callback());
      for (int i = 0; i < reports_before_end; ++i) progress.pop();
    }
    CHECK(inbox.count_finished() == std::map<RequestId, int>{{1, 1}});
    if (const auto failure = failures.try_pop()) CHECK(*failure == ErrorCode::cancelled);
  }
}
