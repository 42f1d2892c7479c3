#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "editor.h"

using namespace lacuna;
using namespace lacuna::server;
using namespace lacuna::server::test;
using namespace std::chrono_literals;

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
