#include <doctest/doctest.h>

#include "editor.h"

using namespace lacuna;
using namespace lacuna::server;
using namespace lacuna::server::test;
using namespace std::chrono_literals;

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
