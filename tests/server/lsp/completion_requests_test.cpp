#include "server/lsp/completion_requests.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "fakes.h"
#include "tests/server/completion/fake_model.h"

using namespace lacuna;
using namespace lacuna::server;
using namespace std::chrono_literals;

namespace {

constexpr const char* kUri = "file:///a.py";

/// The two completion requests over a model that says what the test tells it to.
struct Editor {
  ManualScheduler scheduler;
  KeptOutbox outbox;
  Session session;
  test::ScriptedSource source;
  ModelHost host{[](std::function<void()>) {}};
  Dispatcher dispatcher{outbox, [](int) {}};
  DocumentStore documents{scheduler};
  CompletionService service{source, [this](auto work, auto done) { scheduler.run_worker(work, done); }};
  Pauses pauses{scheduler, [] {}};
  CompletionRequests requests{scheduler, documents, dispatcher, session, host, service, pauses};
  int next_id = 1;
  engine::RequestId answered = 0;

  explicit Editor(std::string text) {
    dispatcher.on_initialize([](const Json&, Reply reply) { reply.result(Json::object()); });
    start("initialize", Json::object());
    documents.set_observer({.opened = [](const auto&) {},
                            .changed = [this](const auto& snapshot, const auto& edits) { requests.changed(*snapshot, edits); },
                            .closed = [](const auto&) {}});
    documents.open({kUri, "python", 1, std::move(text)});
    scheduler.settle();
  }

  int start(const char* method, Json params) {
    dispatcher.receive({{"jsonrpc", "2.0"}, {"id", next_id}, {"method", method}, {"params", std::move(params)}});
    scheduler.settle();
    return next_id++;
  }
  int ask(uint32_t line, uint32_t character, const Json& selected = nullptr) {
    Json context = {{"triggerKind", 2}};
    if (!selected.is_null()) context["selectedCompletionInfo"] = selected;
    return start("textDocument/inlineCompletion", params(line, character, context));
  }
  static Json params(uint32_t line, uint32_t character, Json context) {
    return {{"textDocument", {{"uri", kUri}}},
            {"position", {{"line", line}, {"character", character}}},
            {"context", std::move(context)}};
  }
  /// The model answers its newest request, if it has not yet.
  void say(const std::string& text) {
    if (std::exchange(answered, source.last_id) == source.last_id) return;
    source.write(source.last_id, text);
    source.end(source.last_id);
    scheduler.settle();
  }
  void cancel(int id) {
    dispatcher.receive({{"jsonrpc", "2.0"}, {"method", "$/cancelRequest"}, {"params", {{"id", id}}}});
    scheduler.settle();
  }
  void type(uint32_t line, uint32_t character, std::string text) {
    DidChangeParams change;
    change.text_document = {kUri, 2};
    change.changes.push_back({Range{{line, character}, {line, character}}, std::move(text)});
    documents.change(change);
    scheduler.settle();
  }
  Json answer(int id) const {
    const auto answers = outbox.answers(id);
    REQUIRE(answers.size() <= 1);
    return answers.empty() ? Json() : answers[0];
  }
};

int code(const Json& answer) {
  return answer.contains("error") ? answer["error"]["code"].get<int>() : 0;
}

Json range(uint32_t line, uint32_t begin, uint32_t end) {
  return {{"start", {{"line", line}, {"character", begin}}}, {"end", {{"line", line}, {"character", end}}}};
}

}  // namespace

TEST_CASE("an answer is a plain item with its range and a command that reports its acceptance") {
  Editor editor("def f(value):\n    return va\n");
  const int id = editor.ask(1, 13);
  CHECK(editor.answer(id).is_null());
  editor.say("lue");
  const Json items = editor.answer(id)["result"]["items"];
  REQUIRE(items.size() == 1);
  CHECK(items[0]["insertText"] == "value");
  CHECK(items[0]["range"] == range(1, 11, 13));
  CHECK(items[0]["command"]["command"] == "lacuna.didAccept");
  CHECK(editor.requests.counters().answered == 1);
}

TEST_CASE("a newer request supersedes the older one, which is answered at once") {
  Editor editor("x = \n");
  const int older = editor.ask(0, 4);
  const int newer = editor.ask(0, 4);
  CHECK(code(editor.answer(older)) == -32801);
  CHECK(editor.answer(newer).is_null());
  editor.say("1");
  CHECK(editor.answer(newer)["result"]["items"].size() == 1);
}

TEST_CASE("a cancelled request is answered as cancelled, and the engine freed") {
  Editor editor("x = \n");
  const int id = editor.ask(0, 4);
  editor.cancel(id);
  CHECK(code(editor.answer(id)) == -32800);
  CHECK(editor.source.cancelled == std::vector<engine::RequestId>{editor.source.last_id});
}

TEST_CASE("an answer for a text that has changed is not given") {
  Editor editor("x = \n");
  const int id = editor.ask(0, 4);
  editor.type(0, 4, "2");
  editor.say("1");
  CHECK(code(editor.answer(id)) == -32801);
}

TEST_CASE("a document that closes answers its request") {
  Editor editor("x = \n");
  const int id = editor.ask(0, 4);
  editor.requests.closed(kUri);
  CHECK(code(editor.answer(id)) == -32801);
}

TEST_CASE("the item of a selected entry has its range and extends its text") {
  Editor editor("print(va\n");
  const int id = editor.ask(0, 8, {{"range", range(0, 6, 8)}, {"text", "value"}});
  editor.say(" + 1)");
  const Json items = editor.answer(id)["result"]["items"];
  REQUIRE(items.size() == 1);
  CHECK(items[0]["insertText"] == "value + 1)");
  CHECK(items[0]["range"] == range(0, 6, 8));
}

TEST_CASE(
    "a selected entry whose range is reversed or elsewhere is answered with nothing or clamped, never with a crash") {
  Editor editor("print(va\n");
  const int id =
      editor.ask(0, 8,
                 {{"range", {{"start", {{"line", 5}, {"character", 9}}}, {"end", {{"line", 0}, {"character", 0}}}}},
                  {"text", "v"}});
  CHECK(editor.answer(id)["result"]["items"].empty());
}

TEST_CASE("clients without inline completion get one preselected entry in their list") {
  Editor editor("def f(value):\n    return va\n");
  const int id = editor.start("textDocument/completion", Editor::params(1, 13, Json::object()));
  editor.say("lue");
  const Json result = editor.answer(id)["result"];
  CHECK(result["isIncomplete"] == true);
  REQUIRE(result["items"].size() == 1);
  const Json& item = result["items"][0];
  CHECK(item["label"] == "value");
  CHECK(item["filterText"] == "va");
  CHECK(item["textEdit"] == Json{{"range", range(1, 11, 13)}, {"newText", "value"}});
  CHECK(item["preselect"] == true);
  CHECK(item["kind"] == 1);
}

TEST_CASE("an unknown document, a paused server and a bad request are answered") {
  Editor editor("x = \n");
  Json params = Editor::params(0, 0, {{"triggerKind", 2}});
  params["textDocument"]["uri"] = "file:///other.py";
  CHECK(editor.answer(editor.start("textDocument/inlineCompletion", params))["result"]["items"].empty());
  editor.pauses.pause(nullptr, std::nullopt);
  CHECK(editor.answer(editor.ask(0, 4))["result"]["items"].empty());
  CHECK(editor.requests.counters().last_silence == "completions are paused");
  editor.pauses.resume(nullptr);
  CHECK(code(editor.answer(editor.start("textDocument/inlineCompletion", {{"position", 5}}))) == -32602);
  for (const uint32_t far : {4u, 2147483647u, 4294967295u}) {
    const int id = editor.ask(far, far);
    editor.cancel(id);
    CHECK_FALSE(editor.answer(id).is_null());
  }
}

TEST_CASE("random storms of requests, edits and cancellations: one answer each, none for another text") {
  std::mt19937 random(8);
  Editor editor("x = value\n");
  std::vector<std::pair<int, SnapshotPointer>> asked;
  int64_t version = 1;
  for (int step = 0; step < 3000; ++step) {
    switch (random() % 5) {
      case 0: {
        DidChangeParams change;
        change.text_document = {kUri, ++version};
        change.changes.push_back(
            {Range{{0, 4}, {0, static_cast<uint32_t>(4 + random() % 3)}}, random() % 2 ? "v" : ""});
        editor.documents.change(change);
        break;
      }
      case 1:
        if (!asked.empty()) editor.cancel(asked[asked.size() - 1 - random() % std::min<size_t>(asked.size(), 3)].first);
        break;
      case 2:
        editor.say(" = 1");
        break;
      default: {
        const SnapshotPointer before = editor.documents.find(kUri);
        asked.emplace_back(editor.ask(0, 4 + static_cast<uint32_t>(random() % 6)), before);
      }
    }
  }
  editor.requests.closed(kUri);
  editor.scheduler.settle();
  for (const auto& [id, snapshot] : asked) REQUIRE(editor.outbox.answers(id).size() == 1);
  CHECK(editor.dispatcher.num_in_flight() == 0);
  CHECK(editor.scheduler.num_timers() == 0);
}

TEST_CASE("an edit supersedes a request, and cancelling it then does not stop work that the edit agrees with") {
  Editor editor("x = \n");
  const int older = editor.ask(0, 4);
  REQUIRE(editor.source.last_id == 1);
  editor.source.write(1, "value");
  editor.type(0, 4, "v");
  CHECK(code(editor.answer(older)) == -32801);
  editor.cancel(older);
  CHECK(editor.source.cancelled.empty());
  const int newer = editor.ask(0, 5);
  CHECK(editor.source.last_id == 1);
  editor.source.end(1);
  editor.scheduler.settle();
  REQUIRE(editor.answer(newer)["result"]["items"].size() == 1);
  CHECK(editor.answer(newer)["result"]["items"][0]["insertText"] == "value");
}

TEST_CASE("once a client asks while typing, work for its next request begins with the key") {
  Editor editor("x = \n");
  editor.type(0, 4, "v");
  CHECK(editor.source.last_id == 0);  // it may never ask
  editor.ask(0, 5);
  editor.say("1");
  editor.type(0, 5, "2");
  REQUIRE(editor.source.last_id == 2);
  const int next = editor.ask(0, 6);
  CHECK(editor.source.last_id == 2);
  editor.say("34");
  REQUIRE(editor.answer(next)["result"]["items"].size() == 1);
  CHECK(editor.answer(next)["result"]["items"][0]["insertText"] == "v234");
}

TEST_CASE("what was foreseen is cancelled by a change elsewhere") {
  Editor editor("x = \n");
  editor.ask(0, 4);
  editor.say("1");
  editor.type(0, 4, "2");
  REQUIRE(editor.source.last_id == 2);
  editor.type(0, 0, "y");
  CHECK(editor.source.cancelled == std::vector<engine::RequestId>{2});
}

TEST_CASE("nothing is foreseen where it would not be wanted") {
  Editor editor("x = \n");
  SUBCASE("the client rests before it asks") { editor.session.client.quirks.waits = kRested; }
  SUBCASE("completions are paused") {}
  editor.ask(0, 4);
  editor.say("1");
  if (editor.session.client.quirks.waits == 0ms) editor.pauses.pause(nullptr, std::nullopt);
  editor.type(0, 4, "2");
  CHECK(editor.source.last_id == 1);
}

TEST_CASE("nothing is foreseen for who asks by hand, or through an entry of a list") {
  Editor editor("x = v\n");
  SUBCASE("by hand") {
    editor.start("textDocument/inlineCompletion", Editor::params(0, 5, {{"triggerKind", 1}}));
    editor.say("1");
  }
  SUBCASE("through an entry") {
    editor.ask(0, 5);
    editor.say("1");
    editor.ask(0, 5, {{"range", range(0, 4, 5)}, {"text", "value"}});
    editor.say("1");
  }
  const auto before = editor.source.last_id;
  editor.type(0, 5, "2");
  CHECK(editor.source.last_id == before);
}
