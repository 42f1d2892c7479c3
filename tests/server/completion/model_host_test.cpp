#include "server/model_host.h"

#include <doctest/doctest.h>

#include "support/channel.h"

using namespace lacuna;
using namespace lacuna::server;

namespace {

/// A loop for one test: functions posted from any thread run when the test turns it.
struct Loop {
  std::shared_ptr<Channel<std::function<void()>>> channel = std::make_shared<Channel<std::function<void()>>>();
  Post post() const {
    return [target = channel](std::function<void()> function) { target->push(std::move(function)); };
  }
  template <class Condition>
  void run_until(Condition condition) {
    while (!condition()) {
      auto function = channel->pop();
      REQUIRE(function);
      (*function)();
    }
  }
};

engine::EngineOptions options_for(const std::string& path) {
  engine::EngineOptions options;
  options.model_path = path;
  options.num_threads = 1;
  return options;
}

}  // namespace

TEST_CASE("a host without a model refuses requests, later, with its reason") {
  Loop loop;
  ModelHost host(loop.post());
  host.set_absent("no model: run `lacuna model pull`");
  CHECK(host.state() == ModelHost::State::absent);
  CHECK(host.tokenizer() == nullptr);
  CHECK(host.context_tokens() == 0);
  std::vector<engine::Update> updates;
  const auto id = host.submit({}, [&](const engine::Update& update) { updates.push_back(update); });
  CHECK(updates.empty());
  loop.run_until([&] { return !updates.empty(); });
  CHECK(updates.size() == 1);
  CHECK(updates[0].id == id);
  CHECK(updates[0].finished);
  CHECK(updates[0].reason == engine::FinishReason::failed);
  CHECK(updates[0].error.code == ErrorCode::unavailable);
  CHECK(updates[0].error.message == "no model: run `lacuna model pull`");
}

TEST_CASE("a model that cannot be loaded is told with its name and the error") {
  Loop loop;
  ModelHost host(loop.post());
  int changes = 0;
  host.on_change([&] { ++changes; });
  host.load(options_for("/nowhere/some-model.gguf"));
  CHECK(host.state() == ModelHost::State::loading);
  CHECK(host.reason() == "loading some-model (0 %)");
  loop.run_until([&] { return host.state() != ModelHost::State::loading; });
  CHECK(host.state() == ModelHost::State::failed);
  CHECK(host.reason().find("some-model") != std::string::npos);
  CHECK(host.loaded() == nullptr);
  CHECK(changes >= 2);
}

TEST_CASE("replacing a model that is loading forgets the older one") {
  Loop loop;
  ModelHost host(loop.post());
  host.load(options_for("/nowhere/first.gguf"));
  host.load(options_for("/nowhere/second.gguf"));
  loop.run_until([&] { return host.state() == ModelHost::State::failed; });
  CHECK(host.reason().find("second") != std::string::npos);
  host.set_absent("gone");
  CHECK(host.reason() == "gone");
}

TEST_CASE("nothing arrives after the host's end") {
  Loop loop;
  int changes = 0;
  int updates = 0;
  {
    ModelHost host(loop.post());
    host.on_change([&] { ++changes; });
    host.load(options_for("/nowhere/model.gguf"));
    host.submit({}, [&](const engine::Update&) { ++updates; });
    changes = 0;
  }
  while (auto function = loop.channel->try_pop()) (*function)();
  CHECK(changes == 0);
  CHECK(updates == 0);
}
