/// A completion service before a model, workers and a clock that are driven by hand.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/completion/completion_service.h"
#include "tests/server/completion/fake_model.h"

namespace lacuna::server::test {

/// A service before a scripted model. Workers run when the test says so.
struct Fixture {
  explicit Fixture(bool fill_in_middle = true) : source(fill_in_middle) {}

  /// Asks at the `^` of `marked`. Without a language the text has no tree.
  size_t ask(const std::string& marked, const std::string& language = "", bool invoked = false,
             const std::string& uri = "file:///a") {
    const size_t index = answers.size();
    answers.emplace_back();
    CompletionQuery query = query_at(marked, language, uri);
    query.invoked = invoked;
    ids.push_back(service->complete(
        std::move(query), [this, index](CompletionAnswer answer) { answers[index].push_back(std::move(answer)); }));
    return index;
  }
  void foresee(const std::string& marked, const std::string& language = "") {
    service->foresee(query_at(marked, language, "file:///a"));
  }
  static CompletionQuery query_at(const std::string& marked, const std::string& language, const std::string& uri) {
    const size_t cursor = marked.find('^');
    REQUIRE(cursor != std::string::npos);
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->uri = uri;
    snapshot->path = "a.py";
    snapshot->text = std::make_shared<const std::string>(std::string(marked).erase(cursor, 1));
    if (!language.empty()) {
      snapshot->language = syntax::find_language(language, "");
      REQUIRE(snapshot->language);
      auto tree = syntax::SyntaxTree::parse(*snapshot->language, *snapshot->text);
      REQUIRE(tree);
      snapshot->tree = std::make_shared<const syntax::SyntaxTree>(*tree);
    }
    return {snapshot, static_cast<uint32_t>(cursor)};
  }

  void run_workers() {
    while (!workers.empty()) {
      auto [work, done] = std::move(workers.front());
      workers.pop_front();
      work();
      done();
    }
  }
  /// Lets the model write `text` in answer to the newest request and end.
  void model_writes(const std::string& text) {
    source.write(source.last_id, text);
    source.end(source.last_id);
    run_workers();
  }

  const CompletionAnswer& answer(size_t index) const {
    REQUIRE(answers[index].size() == 1);  // exactly once
    return answers[index][0];
  }
  std::string text(size_t index) const {
    REQUIRE(answer(index).items.size() == 1);
    return answer(index).items[0].text;
  }
  bool open(size_t index) const { return answers[index].empty(); }

  ScriptedSource source;
  std::deque<std::pair<std::function<void()>, std::function<void()>>> workers;
  std::deque<std::vector<CompletionAnswer>> answers;
  std::vector<QueryId> ids;
  std::chrono::steady_clock::time_point now{};
  std::deque<std::function<void()>> timers;
  std::unique_ptr<CompletionService> service = std::make_unique<CompletionService>(
      source,
      [this](std::function<void()> work, std::function<void()> done) {
        workers.emplace_back(std::move(work), std::move(done));
      },
      Timing{.now = [this] { return now; },
             .after = [this](auto, std::function<void()> task) { timers.push_back(std::move(task)); }});

  /// Lets the pause after the last query pass, and what is begun then.
  void be_idle() {
    for (int round = 0; round < 3 && !timers.empty(); ++round) {
      const auto task = std::move(timers.front());
      timers.pop_front();
      task();
      run_workers();
    }
  }
};

}  // namespace lacuna::server::test
