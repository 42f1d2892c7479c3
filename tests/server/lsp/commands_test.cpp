#include <doctest/doctest.h>

#include "editor.h"

using namespace lacuna;
using namespace lacuna::server;
using namespace lacuna::server::test;
using namespace std::chrono_literals;

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
