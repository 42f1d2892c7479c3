#include <doctest/doctest.h>

#include "editor.h"

using namespace lacuna;
using namespace lacuna::server;
using namespace lacuna::server::test;
using namespace std::chrono_literals;

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
