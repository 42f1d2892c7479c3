/// An editor and the whole server in one thread, for tests: no clock, no descriptor, and a model only where a test
/// wants to see one load.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fakes.h"
#include "server/lsp/language_server.h"
#include "support/channel.h"

namespace lacuna::server::test {

inline constexpr const char* kUri = "file:///w/a.py";

inline StoredModel stored(const char* name, ModelState state) {
  StoredModel model;
  model.record.name = name;
  model.state = state;
  return model;
}

/// An editor and the server in one thread. The model is absent unless a test says otherwise.
struct Editor {
  ManualScheduler scheduler;
  KeptOutbox outbox;
  Channel<std::function<void()>> from_engine;  ///< what the engine's thread posts, run when a test says so
  ModelHost model{[this](std::function<void()> task) { from_engine.push(std::move(task)); }};
  std::optional<int> exit_code;
  std::optional<int64_t> watched;
  std::optional<Settings> model_settings;
  bool model_loads = false;
  int next_id = 1;
  int64_t version = 1;
  LanguageServer server{
      scheduler,
      outbox,
      model,
      {.load_model =
           [this](const Settings& settings) {
             model_settings = settings;
             if (!model_loads) return model.set_absent("no model: get one");
             engine::EngineOptions nowhere;
             nowhere.model_path = "/nowhere/none.gguf";
             model.load(nowhere);
           },
       .watch = [this](int64_t id) { watched = id; },
       .exit = [this](int code) { exit_code = code; },
       .figures = [] { return StatusReport::Figures{}; },
       .models =
           [] {
             return std::vector<StoredModel>{stored("here", ModelState::present), stored("away", ModelState::absent)};
           }}};

  /// Waits until the model's loading has come to its end.
  void finish_loading() {
    while (model.state() == ModelHost::State::loading) (*from_engine.pop())();
    scheduler.settle();
  }

  static Json capabilities() {
    return Json::parse(R"({
      "general": {"positionEncodings": ["utf-16"]},
      "workspace": {"workspaceEdit": {"documentChanges": true}},
      "textDocument": {
        "inlineCompletion": {},
        "publishDiagnostics": {"relatedInformation": true},
        "codeAction": {"isPreferredSupport": true, "resolveSupport": {"properties": ["edit"]},
                       "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}}}})");
  }

  Json initialize(const Json& client = capabilities(), const Json& options = nullptr) {
    const Json answer =
        ask("initialize", {{"processId", 4711}, {"capabilities", client}, {"initializationOptions", options}});
    notify("initialized", Json::object());
    return answer["result"]["capabilities"];
  }

  void notify(const char* method, Json params) {
    server.receive({{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}});
  }
  int start(const char* method, Json params) {
    server.receive({{"jsonrpc", "2.0"}, {"id", next_id}, {"method", method}, {"params", std::move(params)}});
    return next_id++;
  }
  /// Sends a request and lets everything but the clock run. Null if it is not answered yet.
  Json ask(const char* method, Json params) {
    const int id = start(method, std::move(params));
    scheduler.settle();
    return answer(id);
  }
  Json answer(int id) const {
    const auto answers = outbox.answers(id);
    REQUIRE(answers.size() <= 1);
    return answers.empty() ? Json() : answers[0];
  }

  void open(const std::string& text, const char* uri = kUri) {
    notify("textDocument/didOpen",
           {{"textDocument", {{"uri", uri}, {"languageId", "python"}, {"version", 1}, {"text", text}}}});
    scheduler.settle();
  }
  void replace(const std::string& text) { change(Json::array({{{"text", text}}})); }
  void insert(uint32_t line, uint32_t character, const std::string& text) {
    const Json at = {{"line", line}, {"character", character}};
    change(Json::array({{{"range", {{"start", at}, {"end", at}}}, {"text", text}}}));
  }
  void change(Json changes) {
    notify("textDocument/didChange",
           {{"textDocument", {{"uri", kUri}, {"version", ++version}}}, {"contentChanges", std::move(changes)}});
    scheduler.settle();
  }
  std::vector<Json> published() const {
    std::vector<Json> all;
    for (const Json& message : outbox.sent("textDocument/publishDiagnostics")) all.push_back(message["params"]);
    return all;
  }
  Json actions(uint32_t line, const Json& only = nullptr) {
    const Json at = {{"line", line}, {"character", 0}};
    Json context = {{"diagnostics", Json::array()}};
    if (!only.is_null()) context["only"] = only;
    return ask("textDocument/codeAction",
               {{"textDocument", {{"uri", kUri}}}, {"range", {{"start", at}, {"end", at}}}, {"context", context}});
  }
  static Json completion_params(bool invoked) {
    return {{"textDocument", {{"uri", kUri}}},
            {"position", {{"line", 0}, {"character", 0}}},
            {"context", {{"triggerKind", invoked ? 1 : 2}}}};
  }
  Json complete(bool invoked = false) { return ask("textDocument/inlineCompletion", completion_params(invoked)); }
};

inline constexpr const char* kBroken = "print(1, 2\n";

inline int code(const Json& answer) {
  return answer.contains("error") ? answer["error"]["code"].get<int>() : 0;
}

}  // namespace lacuna::server::test
