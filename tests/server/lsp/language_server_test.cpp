#include "server/lsp/language_server.h"

#include <doctest/doctest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "fakes.h"
#include "support/channel.h"

using namespace lacuna;
using namespace lacuna::server;
using namespace std::chrono_literals;

namespace {

constexpr const char* kUri = "file:///w/a.py";

StoredModel stored(const char* name, ModelState state) {
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
             model_loads ? model.load({.model_path = "/nowhere/none.gguf"}) : model.set_absent("no model: get one");
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

constexpr const char* kBroken = "print(1, 2\n";

int code(const Json& answer) {
  return answer.contains("error") ? answer["error"]["code"].get<int>() : 0;
}

}  // namespace

TEST_CASE("initialize answers the capabilities that the client can use") {
  Editor editor;
  const Json capabilities = editor.initialize();
  CHECK(capabilities["positionEncoding"] == "utf-16");
  CHECK(capabilities["textDocumentSync"]["change"] == 2);
  CHECK(capabilities["inlineCompletionProvider"] == true);
  CHECK_FALSE(capabilities.contains("completionProvider"));
  CHECK_FALSE(capabilities.contains("diagnosticProvider"));
  CHECK(capabilities["codeActionProvider"]["resolveProvider"] == true);
  CHECK(editor.watched == 4711);
  CHECK(editor.model_settings.has_value());
}

TEST_CASE("other clients get other capabilities") {
  Editor editor;
  const Json capabilities = editor.initialize(Json::parse(
      R"({"general": {"positionEncodings": ["utf-16", "utf-8"]}, "textDocument": {"diagnostic": {}, "completion": {}}})"));
  CHECK(capabilities["positionEncoding"] == "utf-8");
  CHECK(capabilities["completionProvider"].is_object());
  CHECK(capabilities["diagnosticProvider"]["interFileDependencies"] == false);
  CHECK_FALSE(capabilities.contains("codeActionProvider"));
}

TEST_CASE("shutdown and exit end with 0, exit alone with 1") {
  Editor editor;
  editor.initialize();
  CHECK(editor.ask("shutdown", nullptr)["result"].is_null());
  CHECK(editor.server.shut_down_requested());
  editor.notify("exit", nullptr);
  CHECK(editor.exit_code == 0);
  Editor rude;
  rude.notify("exit", nullptr);
  CHECK(rude.exit_code == 1);
}

TEST_CASE("diagnostics come at once for a document that is opened or replaced, also when there are none") {
  Editor editor;
  editor.initialize();
  editor.open(kBroken);
  REQUIRE(editor.published().size() == 1);
  const Json first = editor.published()[0];
  CHECK(first["uri"] == kUri);
  CHECK(first["version"] == 1);
  REQUIRE(first["diagnostics"].size() >= 1);
  const Json& diagnostic = first["diagnostics"][0];
  CHECK(diagnostic["severity"] == 1);
  CHECK(diagnostic["source"] == "lacuna");
  CHECK(diagnostic["code"] == "syntax-error");
  CHECK(diagnostic["range"]["start"]["line"] == 0);

  editor.replace("x = 1\n");
  REQUIRE(editor.published().size() == 2);
  CHECK(editor.published()[1]["version"] == 2);
  CHECK(editor.published()[1]["diagnostics"].empty());
}

TEST_CASE("diagnostics wait until the typing pauses") {
  Editor editor;
  editor.initialize();
  editor.open("x = 1\n");
  editor.insert(1, 0, "f");
  editor.scheduler.advance(200ms);
  editor.insert(1, 1, "(");
  editor.scheduler.advance(299ms);
  CHECK(editor.published().size() == 1);
  editor.scheduler.advance(1ms);
  REQUIRE(editor.published().size() == 2);
  CHECK(editor.published()[1]["version"] == 3);
  CHECK_FALSE(editor.published()[1]["diagnostics"].empty());
}

TEST_CASE("closing a document clears its diagnostics and stops its timer") {
  Editor editor;
  editor.initialize();
  editor.open(kBroken);
  editor.insert(0, 0, " ");
  editor.notify("textDocument/didClose", {{"textDocument", {{"uri", kUri}}}});
  editor.scheduler.advance(1s);
  REQUIRE(editor.published().size() == 2);
  CHECK(editor.published()[1]["diagnostics"].empty());
}

TEST_CASE("a client that pulls is not pushed to, and told when nothing changed") {
  Editor editor;
  editor.initialize(Json::parse(R"({"textDocument": {"diagnostic": {}}})"));
  editor.open(kBroken);
  const Json params = {{"textDocument", {{"uri", kUri}}}};
  const Json first = editor.ask("textDocument/diagnostic", params)["result"];
  CHECK(first["kind"] == "full");
  CHECK_FALSE(first["items"].empty());
  Json again = params;
  again["previousResultId"] = first["resultId"];
  const Json second = editor.ask("textDocument/diagnostic", again)["result"];
  CHECK(second == Json{{"kind", "unchanged"}, {"resultId", first["resultId"]}});

  editor.insert(2, 0, "y");
  const int waiting = editor.start("textDocument/diagnostic", again);
  editor.scheduler.advance(299ms);
  CHECK(editor.answer(waiting).is_null());
  editor.scheduler.advance(1ms);
  CHECK(editor.answer(waiting)["result"]["kind"].is_string());
  CHECK(editor.published().empty());
  CHECK(
      editor.ask("textDocument/diagnostic", {{"textDocument", {{"uri", "file:///other"}}}})["result"]["items"].empty());
}

TEST_CASE("quick-fixes are offered on the error's line, and resolved to a versioned edit that mends the text") {
  Editor editor;
  editor.initialize();
  editor.open(kBroken);
  const Json actions = editor.actions(0)["result"];
  REQUIRE_FALSE(actions.empty());
  Json action = actions[0];
  CHECK(action["kind"] == "quickfix");
  CHECK(action["diagnostics"].size() == 1);
  CHECK_FALSE(action.contains("edit"));
  const Json resolved = editor.ask("codeAction/resolve", action)["result"];
  CHECK(resolved["title"] == action["title"]);
  const Json& change = resolved["edit"]["documentChanges"][0];
  CHECK(change["textDocument"] == Json{{"uri", kUri}, {"version", 1}});
  Json edits = Json::array();
  for (const Json& edit : change["edits"]) edits.push_back({{"range", edit["range"]}, {"text", edit["newText"]}});
  REQUIRE(edits.size() == 1);
  editor.change(edits);
  editor.scheduler.advance(1s);
  CHECK(editor.published().back()["diagnostics"].empty());
  CHECK(editor.actions(0)["result"].empty());
  CHECK(code(editor.ask("codeAction/resolve", action)) == -32801);  // the text has changed
}

TEST_CASE("quick-fixes are offered nowhere else, and only where they are asked for") {
  Editor editor;
  editor.initialize();
  editor.open(std::string("x = 1\n\n\n") + kBroken);
  CHECK(editor.actions(0)["result"].empty());
  CHECK(editor.actions(3, Json::array({"refactor"}))["result"].empty());
  CHECK(editor.actions(3, Json::array({"quick"}))["result"].empty());
  CHECK_FALSE(editor.actions(3, Json::array({"quickfix"}))["result"].empty());
  CHECK(editor
            .ask("textDocument/codeAction",
                 {{"textDocument", {{"uri", "file:///other"}}},
                  {"range", {{"start", {{"line", 0}, {"character", 0}}}, {"end", {{"line", 0}, {"character", 0}}}}},
                  {"context", {{"diagnostics", Json::array()}}}})["result"]
            .empty());
}

TEST_CASE("fix all is a source action, whose edit is found when it is resolved") {
  Editor editor;
  editor.initialize();
  editor.open(kBroken);
  for (const char* only : {"source", "source.fixAll", "source.fixAll.lacuna"}) {
    const Json actions = editor.actions(0, Json::array({only}))["result"];
    REQUIRE(actions.size() == 1);
    CHECK(actions[0]["kind"] == "source.fixAll.lacuna");
    const Json resolved = editor.ask("codeAction/resolve", actions[0])["result"];
    CHECK_FALSE(resolved["edit"]["documentChanges"][0]["edits"].empty());
  }
}

TEST_CASE("a client that cannot resolve gets its edits at once, in the form it knows") {
  Editor editor;
  Json client = Editor::capabilities();
  client["textDocument"]["codeAction"].erase("resolveSupport");
  client["workspace"]["workspaceEdit"] = Json::object();
  editor.initialize(client);
  editor.open(kBroken);
  const Json actions = editor.actions(0)["result"];
  REQUIRE_FALSE(actions.empty());
  CHECK(actions[0]["edit"]["changes"][kUri].size() >= 1);
  CHECK_FALSE(actions[0].contains("data"));
  const Json all = editor.actions(0, Json::array({"source.fixAll"}))["result"];
  REQUIRE(all.size() == 1);
  CHECK(all[0]["edit"]["changes"][kUri].size() >= 1);
}

TEST_CASE("a client that knows no code actions gets commands, which ask it to make the edit") {
  Editor editor;
  Json client = Editor::capabilities();
  client["textDocument"]["codeAction"] = Json::object();
  client["workspace"]["applyEdit"] = true;
  CHECK(editor.initialize(client)["codeActionProvider"] == true);
  editor.open(kBroken);
  for (const Json& actions :
       {editor.actions(0)["result"], editor.actions(0, Json::array({"source.fixAll"}))["result"]}) {
    REQUIRE_FALSE(actions.empty());
    CHECK(actions[0]["title"].is_string());
    CHECK(actions[0]["command"] == "lacuna.applyRepair");
    CHECK_FALSE(actions[0].contains("edit"));
    const size_t asked = editor.outbox.sent("workspace/applyEdit").size();
    CHECK(code(editor.ask("workspace/executeCommand",
                          {{"command", "lacuna.applyRepair"}, {"arguments", actions[0]["arguments"]}})) == 0);
    const auto edits = editor.outbox.sent("workspace/applyEdit");
    REQUIRE(edits.size() == asked + 1);
    const Json& change = edits.back()["params"]["edit"]["documentChanges"][0];
    CHECK(change["textDocument"]["uri"] == kUri);
    CHECK(change["textDocument"]["version"].is_number());
    CHECK_FALSE(change["edits"].empty());
  }
  const Json first = editor.actions(0)["result"][0];
  CHECK(code(editor.ask("workspace/executeCommand", {{"command", "lacuna.applyRepair"}})) == -32602);
  editor.replace(std::string(kBroken) + "\n");
  CHECK(code(editor.ask("workspace/executeCommand",
                        {{"command", "lacuna.applyRepair"}, {"arguments", first["arguments"]}})) == -32801);
}

TEST_CASE("a client that knows neither code actions nor edits by command is offered nothing") {
  Editor editor;
  Json client = Editor::capabilities();
  client["textDocument"]["codeAction"] = Json::object();
  client["workspace"].erase("applyEdit");
  CHECK_FALSE(editor.initialize(client).contains("codeActionProvider"));
  editor.open(kBroken);
  CHECK(editor.actions(0)["result"].empty());
}

TEST_CASE("resolving what was not offered is refused") {
  Editor editor;
  editor.initialize();
  editor.open(kBroken);
  Json action = editor.actions(0)["result"][0];
  CHECK(code(editor.ask("codeAction/resolve", {{"title", "x"}})) == -32602);
  CHECK(code(editor.ask("codeAction/resolve", {{"title", "x"}, {"data", 5}})) == -32602);
  for (const int64_t wrong : {int64_t{-2}, int64_t{99}, std::numeric_limits<int64_t>::max()}) {
    Json bad = action;
    bad["data"]["repair"] = wrong;
    CHECK(code(editor.ask("codeAction/resolve", bad)) == -32602);
    bad = action;
    bad["data"]["error"] = wrong;
    CHECK(code(editor.ask("codeAction/resolve", bad)) == -32602);
    bad = action;
    bad["data"]["revision"] = wrong;
    CHECK(code(editor.ask("codeAction/resolve", bad)) == -32801);
  }
}

TEST_CASE("a search whose text changes meanwhile is answered as outdated, a cancelled one as cancelled") {
  Editor editor;
  editor.initialize();
  editor.open(kBroken);
  const Json at = {{"line", 0}, {"character", 0}};
  const Json params = {{"textDocument", {{"uri", kUri}}},
                       {"range", {{"start", at}, {"end", at}}},
                       {"context", {{"diagnostics", Json::array()}}}};
  const int cancelled = editor.start("textDocument/codeAction", params);
  editor.notify("$/cancelRequest", {{"id", cancelled}});
  CHECK(code(editor.answer(cancelled)) == -32800);
  const int outdated = editor.start("textDocument/codeAction", params);
  editor.replace(std::string(kBroken) + "\n");
  CHECK(code(editor.answer(outdated)) == -32801);
}

TEST_CASE("without a model, completions are empty with a reason, and the user is told once how to get one") {
  Editor editor;
  editor.initialize();
  editor.open("\nx = 1\n");
  for (const bool invoked : {false, true}) {
    CHECK(editor.complete(invoked)["result"] == Json{{"items", Json::array()}});
  }
  const auto shown = editor.outbox.sent("window/showMessage");
  REQUIRE(shown.size() == 1);
  CHECK(shown[0]["params"]["message"] == "Lacuna has no ghost text: no model: get one");
  const Json why = editor.ask("workspace/executeCommand", {{"command", "lacuna.whyNoSuggestion"}})["result"];
  CHECK(why["reason"] == "no model: get one");
  const Json status = editor.ask("workspace/executeCommand", {{"command", "lacuna.status"}})["result"];
  CHECK(status["model"]["state"] == "absent");
  CHECK(status["lastSilence"] == "no model: get one");
  CHECK(status["completions"]["requests"] == 2);
  CHECK(status["message"].is_string());
}

TEST_CASE("while the model loads, a list is answered at once, and ghost text waits for the outcome") {
  Editor editor;
  editor.model_loads = true;
  editor.initialize();
  editor.open("\nx = 1\n");
  REQUIRE(editor.model.state() == ModelHost::State::loading);
  CHECK(editor.ask("textDocument/completion", Editor::completion_params(false))["result"]["items"].empty());
  const int typed = editor.start("textDocument/inlineCompletion", Editor::completion_params(false));
  editor.scheduler.advance(2s);
  CHECK(editor.answer(typed).is_null());
  editor.scheduler.advance(1s);
  CHECK(editor.answer(typed)["result"]["items"].empty());
  const int waiting = editor.start("textDocument/inlineCompletion", Editor::completion_params(true));
  editor.scheduler.advance(59s);
  CHECK(editor.answer(waiting).is_null());
  editor.finish_loading();
  CHECK(editor.answer(waiting)["result"]["items"].empty());
  CHECK(editor.outbox.sent("window/showMessage").size() == 1);  // the file does not exist
}

TEST_CASE("a request that waits for the model ends by patience, by cancellation, or by a newer one") {
  Editor editor;
  editor.model_loads = true;
  editor.initialize();
  editor.open("\nx = 1\n");
  const int impatient = editor.start("textDocument/inlineCompletion", Editor::completion_params(true));
  editor.scheduler.advance(60s);
  CHECK(editor.answer(impatient)["result"]["items"].empty());
  const int cancelled = editor.start("textDocument/inlineCompletion", Editor::completion_params(true));
  editor.notify("$/cancelRequest", {{"id", cancelled}});
  CHECK(code(editor.answer(cancelled)) == -32800);
  const int older = editor.start("textDocument/inlineCompletion", Editor::completion_params(true));
  editor.start("textDocument/inlineCompletion", Editor::completion_params(true));
  CHECK(code(editor.answer(older)) == -32801);
  const int closed = editor.next_id - 1;
  editor.notify("textDocument/didClose", {{"textDocument", {{"uri", kUri}}}});
  CHECK(code(editor.answer(closed)) == -32801);
  CHECK(editor.scheduler.num_timers() == 0);
}

TEST_CASE("pausing silences completions until resumed or until its time is over") {
  Editor editor;
  editor.initialize();
  editor.open("\nx = 1\n");
  const auto silence = [&] {
    editor.complete();
    return editor.ask("workspace/executeCommand", {{"command", "lacuna.status"}})["result"]["lastSilence"];
  };
  editor.ask("workspace/executeCommand", {{"command", "lacuna.pause"}});
  CHECK(silence() == "completions are paused");
  editor.ask("workspace/executeCommand", {{"command", "lacuna.resume"}});
  CHECK(silence() == "no model: get one");
  editor.ask("workspace/executeCommand", {{"command", "lacuna.pause"}, {"arguments", {10}}});
  editor.scheduler.advance(599s);
  CHECK(silence() == "completions are paused");
  editor.scheduler.advance(1s);
  CHECK(silence() == "no model: get one");
  CHECK(code(editor.ask("workspace/executeCommand", {{"command", "rm"}})) == -32602);
}

TEST_CASE("one language can be paused by itself, by any name that editors have for it") {
  Editor editor;
  editor.initialize();
  editor.open("\nx = 1\n");
  const auto run = [&](const char* command, const Json& argument) {
    return editor.ask("workspace/executeCommand", {{"command", command}, {"arguments", Json::array({argument})}});
  };
  const auto silence = [&] {
    editor.complete();
    return run("lacuna.status", nullptr)["result"]["lastSilence"];
  };
  run("lacuna.pause", {{"language", "cpp"}});
  CHECK(silence() == "no model: get one");
  run("lacuna.pause", {{"language", "python"}, {"minutes", 5}});
  CHECK(silence() == "completions are paused in Python");
  CHECK(run("lacuna.status", nullptr)["result"]["pausedLanguages"].size() == 2);
  CHECK(run("lacuna.status", nullptr)["result"]["paused"] == false);
  run("lacuna.resume", {{"language", "cpp"}});
  CHECK(silence() == "completions are paused in Python");
  editor.scheduler.advance(5min);
  CHECK(silence() == "no model: get one");
  CHECK(code(run("lacuna.pause", {{"language", "klingon"}})) == -32602);
  CHECK(code(run("lacuna.pause", {{"minutes", "ten"}})) == -32602);
}

TEST_CASE("another model is chosen by a name that is on this machine, and by nothing else") {
  Editor editor;
  editor.initialize();
  const auto use = [&](const Json& name) {
    return editor.ask("workspace/executeCommand", {{"command", "lacuna.useModel"}, {"arguments", Json::array({name})}});
  };
  const Json models = editor.ask("workspace/executeCommand", {{"command", "lacuna.models"}})["result"];
  REQUIRE(models["models"].size() == 2);
  CHECK(models["models"][0]["state"] == "present");
  CHECK(use("away").contains("error"));
  CHECK(use("/tmp/other.gguf").contains("error"));
  CHECK(code(use(7)) == -32602);
  CHECK(editor.model_settings->model.empty());
  CHECK(use("here")["result"]["message"] == "Loading here.");
  CHECK(editor.model_settings->model == "here");
}

TEST_CASE("in safe mode no model is loaded until one is chosen") {
  Editor editor;
  editor.initialize(Editor::capabilities(), {{"safeMode", true}});
  CHECK(editor.model_settings->safe_mode);
  editor.ask("workspace/executeCommand", {{"command", "lacuna.useModel"}, {"arguments", {"here"}}});
  CHECK_FALSE(editor.model_settings->safe_mode);
}

TEST_CASE("a client that wants the status is told of its changes, gathered, and others are not") {
  Editor quiet;
  quiet.initialize();
  quiet.open("\nx = 1\n");
  quiet.complete();
  quiet.scheduler.advance(1s);
  CHECK(quiet.outbox.sent("lacuna/status").empty());

  Editor editor;
  editor.initialize(Editor::capabilities(), {{"statusNotifications", true}});
  editor.scheduler.advance(1s);
  REQUIRE(editor.outbox.sent("lacuna/status").size() == 1);
  CHECK(editor.outbox.sent("lacuna/status")[0]["params"]["state"] == "absent");
  CHECK(quiet.outbox.sent("window/showMessage").size() == 1);
  CHECK(editor.outbox.sent("window/showMessage").empty());  // it shows that by itself
  editor.open("\nx = 1\n");
  editor.complete();
  editor.complete();
  editor.ask("workspace/executeCommand", {{"command", "lacuna.pause"}});
  editor.scheduler.advance(1s);
  REQUIRE(editor.outbox.sent("lacuna/status").size() == 2);
  const Json last = editor.outbox.sent("lacuna/status")[1]["params"];
  CHECK(last["paused"] == true);
  CHECK(last["lastSilence"] == "no model: get one");
}

TEST_CASE("errors are fixed before a save by hand, if the user wants that") {
  const auto save = [](Editor& editor, int reason) {
    return editor.ask("textDocument/willSaveWaitUntil",
                      {{"textDocument", {{"uri", kUri}}}, {"reason", reason}})["result"];
  };
  Json client = Editor::capabilities();
  client["textDocument"]["synchronization"]["willSaveWaitUntil"] = true;
  Editor without;
  CHECK(without.initialize(client)["textDocumentSync"]["willSaveWaitUntil"] == true);
  without.open(kBroken);
  CHECK(save(without, 1).empty());
  Editor with;
  with.initialize(client, {{"repair", {{"fixAllOnSave", true}}}});
  with.open(kBroken);
  CHECK(save(with, 2).empty());  // by itself, after a delay
  const Json edits = save(with, 1);
  REQUIRE_FALSE(edits.empty());
  CHECK(edits[0]["newText"].is_string());
  with.replace("x = 1\n");
  CHECK(save(with, 1).empty());
}

TEST_CASE("what the editor tells of completions is counted") {
  Editor editor;
  editor.initialize();
  CHECK(editor.ask("workspace/executeCommand", {{"command", "lacuna.didAccept"}, {"arguments", {1}}})["result"]
            .is_null());
  editor.notify("textDocument/didShowCompletion", {{"item", Json::object()}});
  editor.notify("textDocument/didPartiallyAcceptCompletion", {{"item", Json::object()}, {"acceptedLength", 3}});
  const Json counts = editor.ask("workspace/executeCommand", {{"command", "lacuna.status"}})["result"]["completions"];
  CHECK(counts["accepted"] == 1);
  CHECK(counts["shown"] == 1);
  CHECK(counts["partiallyAccepted"] == 1);
}

TEST_CASE("settings come from the options and the configuration, and a workspace chooses no model") {
  Editor editor;
  Json client = Editor::capabilities();
  client["workspace"]["configuration"] = true;
  client["workspace"]["didChangeConfiguration"]["dynamicRegistration"] = true;
  editor.initialize(client, {{"model", "mine"}, {"completion", {{"maxLines", "many"}}}});
  CHECK(editor.model_settings->model == "mine");
  CHECK(editor.outbox.sent("window/showMessage")[0]["params"]["message"].get<std::string>().find(
            "completion.maxLines") != std::string::npos);
  CHECK(editor.outbox.sent("client/registerCapability").size() == 1);
  editor.open(kBroken);
  CHECK_FALSE(editor.published().back()["diagnostics"].empty());

  const Json asked = editor.outbox.sent("workspace/configuration").at(0);
  CHECK(asked["params"]["items"][0]["section"] == "lacuna");
  const Json off = {{"diagnostics", {{"enabled", false}}}, {"model", "evil"}};
  editor.server.receive({{"jsonrpc", "2.0"}, {"id", asked["id"]}, {"result", Json::array({off})}});
  editor.scheduler.settle();
  CHECK(editor.published().back()["diagnostics"].empty());
  CHECK(editor.model_settings->model == "mine");

  editor.notify("workspace/didChangeConfiguration", {{"settings", nullptr}});
  CHECK(editor.outbox.sent("workspace/configuration").size() == 2);
}

TEST_CASE("a client without workspace/configuration pushes its settings") {
  Editor editor;
  editor.initialize();
  editor.open(kBroken);
  for (const Json& pushed :
       {Json{{"lacuna", {{"diagnostics", {{"enabled", false}}}}}}, Json{{"diagnostics", {{"enabled", false}}}}}) {
    editor.notify("workspace/didChangeConfiguration", {{"settings", Json::object()}});
    editor.scheduler.settle();
    CHECK_FALSE(editor.published().back()["diagnostics"].empty());
    editor.notify("workspace/didChangeConfiguration", {{"settings", pushed}});
    editor.scheduler.settle();
    CHECK(editor.published().back()["diagnostics"].empty());
  }
}

TEST_CASE("loading is shown as progress once the client has made room for it, up to its end") {
  Editor editor;
  editor.model_loads = true;
  Json client = Editor::capabilities();
  client["window"]["workDoneProgress"] = true;
  editor.initialize(client);
  const auto created = editor.outbox.sent("window/workDoneProgress/create");
  REQUIRE(created.size() == 1);
  CHECK(editor.outbox.sent("$/progress").empty());
  editor.server.receive({{"jsonrpc", "2.0"}, {"id", created[0]["id"]}, {"result", nullptr}});
  editor.finish_loading();
  const auto progress = editor.outbox.sent("$/progress");
  REQUIRE(progress.size() >= 2);
  for (const Json& message : progress) CHECK(message["params"]["token"] == created[0]["params"]["token"]);
  CHECK(progress.front()["params"]["value"]["kind"] == "begin");
  CHECK(progress.back()["params"]["value"]["kind"] == "end");
}

TEST_CASE("a model that is loaded before the client has made room for the progress ends it all the same") {
  Editor editor;
  editor.model_loads = true;
  Json client = Editor::capabilities();
  client["window"]["workDoneProgress"] = true;
  editor.initialize(client);
  const Json created = editor.outbox.sent("window/workDoneProgress/create").at(0);
  editor.finish_loading();
  CHECK(editor.outbox.sent("$/progress").empty());
  editor.server.receive({{"jsonrpc", "2.0"}, {"id", created["id"]}, {"result", nullptr}});
  const auto progress = editor.outbox.sent("$/progress");
  REQUIRE(progress.size() == 2);
  for (const Json& message : progress) CHECK(message["params"]["token"] == created["params"]["token"]);
  CHECK(progress[0]["params"]["value"]["kind"] == "begin");
  CHECK(progress[1]["params"]["value"]["kind"] == "end");
}

TEST_CASE("a client that refuses the progress gets none") {
  Editor editor;
  editor.model_loads = true;
  Json client = Editor::capabilities();
  client["window"]["workDoneProgress"] = true;
  editor.initialize(client);
  const Json id = editor.outbox.sent("window/workDoneProgress/create").at(0)["id"];
  editor.server.receive({{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", -32603}, {"message", "no"}}}});
  editor.finish_loading();
  CHECK(editor.outbox.sent("$/progress").empty());
}

TEST_CASE("a client that pulls is asked to pull again when the settings change") {
  Editor editor;
  editor.initialize(
      Json::parse(R"({"textDocument": {"diagnostic": {}}, "workspace": {"diagnostics": {"refreshSupport": true}}})"));
  editor.notify("workspace/didChangeConfiguration",
                {{"settings", {{"lacuna", {{"diagnostics", {{"enabled", false}}}}}}}});
  const auto refreshes = editor.outbox.sent("workspace/diagnostic/refresh");
  REQUIRE(refreshes.size() == 1);
  CHECK_FALSE(refreshes[0].contains("params"));
}
