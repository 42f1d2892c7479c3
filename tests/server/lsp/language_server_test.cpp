#include "server/lsp/language_server.h"

#include <doctest/doctest.h>

#include <string>

#include "editor.h"

using namespace lacuna;
using namespace lacuna::server;
using namespace lacuna::server::test;

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
