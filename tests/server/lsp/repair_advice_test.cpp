// When quick-fixes ask the model, and when they do not.

#include <doctest/doctest.h>

#include <string>

#include "../completion/fake_model.h"
#include "fakes.h"
#include "server/lsp/repair_actions.h"

using namespace lacuna;
using namespace lacuna::server;
using namespace std::chrono_literals;

namespace {

constexpr const char* kUri = "file:///w/a.c";
const std::string kGood = "int f(void) {\n  int x = 1;\n  return x;\n}\n";
const std::string kHole = "int f(void) {\n  int x = ;\n  return x;\n}\n";

/// The server's quick-fixes with a model that a test speaks for.
struct Editor {
  ManualScheduler scheduler;
  KeptOutbox outbox;
  test::ScriptedSource model;
  Session session;
  Dispatcher dispatcher{outbox, [](int) {}};
  DocumentStore documents{scheduler};
  SyntaxAnalysis analysis{scheduler, documents};
  RepairActions repairs{scheduler, documents, analysis, dispatcher, session, model};
  int next_id = 1;

  Editor() {
    session.client.code_actions = true;
    session.client.code_action_literals = true;
    session.client.resolve_edits = true;
    session.client.preferred_actions = true;
    session.client.action_tags = true;
    documents.set_observer(
        {.opened = [](const SnapshotPointer&) {},
         .changed = [this](const SnapshotPointer& snapshot, const Edits&) { repairs.changed(snapshot->uri); },
         .closed =
             [this](const std::string& uri) {
               repairs.closed(uri);
               analysis.forget(uri);
             }});
    dispatcher.on_initialize([](const Json&, Reply reply) { reply.result(Json::object()); });
    ask("initialize", Json::object());
  }
  Json ask(const char* method, Json params) {
    dispatcher.receive({{"jsonrpc", "2.0"}, {"id", next_id}, {"method", method}, {"params", std::move(params)}});
    scheduler.settle();
    const auto answers = outbox.answers(next_id++);
    REQUIRE(answers.size() == 1);
    return answers[0];
  }
  void open(const std::string& text) {
    documents.open({.uri = kUri, .language_id = "c", .version = 1, .text = text});
    scheduler.settle();
  }
  void replace(const std::string& text, int64_t version) {
    DidChangeParams params;
    params.text_document = {.uri = kUri, .version = version};
    params.changes = {{.range = std::nullopt, .text = text}};
    documents.change(params);
    scheduler.settle();
  }
  Json fixes(uint32_t line = 1) {
    const Json at = {{"line", line}, {"character", 10}};
    return ask("textDocument/codeAction",
               {{"textDocument", {{"uri", kUri}}},
                {"range", {{"start", at}, {"end", at}}},
                {"context", {{"diagnostics", Json::array()}, {"only", {"quickfix"}}}}})["result"];
  }
  /// Ends all that the model was asked, a text with `written` and a comparison with equal scores, until nothing new
  /// comes.
  void let_model_answer(const std::string& written) {
    for (engine::RequestId id = num_answered + 1; id <= model.last_id; num_answered = id++) {
      if (model.request(id).max_tokens > 0) {
        model.write(id, written);
        model.end(id);
      } else {
        engine::Update update;
        update.id = id;
        update.finished = true;
        update.prompt_log_probabilities.assign(1, -1.0f);
        model.answer(update);
      }
      scheduler.settle();
    }
  }
  static const Json* by_model(const Json& fixes) {
    for (const Json& fix : fixes) {
      if (fix.contains("tags") && fix["tags"] == Json::array({1})) return &fix;
    }
    return nullptr;
  }
  engine::RequestId num_answered = 0;
};

}  // namespace

TEST_CASE("the fixes of an error come at once; the model's come with the next list") {
  Editor editor;
  editor.open(kHole);
  const Json first = editor.fixes();
  REQUIRE_FALSE(first.empty());
  CHECK(Editor::by_model(first) == nullptr);
  CHECK(editor.model.last_id == 1);
  CHECK(editor.fixes() == first);  // still at it, and not asked twice
  CHECK(editor.model.last_id == 1);
  editor.let_model_answer("42");
  const Json second = editor.fixes();
  const Json* written = Editor::by_model(second);
  REQUIRE(written != nullptr);
  CHECK((*written)["title"].get<std::string>().find("written by the model") != std::string::npos);
  CHECK_FALSE(written->contains("isPreferred"));
  CHECK(second.size() == first.size() + 1);
  const Json edit = editor.ask("codeAction/resolve", *written)["result"]["edit"];
  CHECK(edit.dump().find("\"newText\":\"42\"") != std::string::npos);
  // What was offered before keeps its meaning.
  for (const Json& old : first) {
    const Json resolved = editor.ask("codeAction/resolve", old)["result"];
    CHECK(resolved["title"] == old["title"]);
    CHECK(resolved["edit"].dump().find("\"newText\":\"42\"") == std::string::npos);
  }
  const auto asked = editor.model.last_id;
  editor.fixes();
  CHECK(editor.model.last_id == asked);
}

TEST_CASE("who rests after a change finds the model's advice in the first list") {
  Editor editor;
  editor.open(kGood);
  editor.replace(kHole, 2);
  editor.scheduler.advance(900ms);
  CHECK(editor.model.last_id == 0);
  editor.replace(kHole + "\n", 3);
  editor.scheduler.advance(900ms);
  CHECK(editor.model.last_id == 0);
  editor.scheduler.advance(200ms);
  REQUIRE(editor.model.last_id == 1);
  editor.let_model_answer("42");
  CHECK(Editor::by_model(editor.fixes()) != nullptr);
}

TEST_CASE("a change and a close take the question back") {
  Editor editor;
  editor.open(kHole);
  editor.fixes();
  REQUIRE(editor.model.last_id == 1);
  editor.replace(kHole + "\n", 2);
  CHECK(editor.model.cancelled == std::vector<engine::RequestId>{1});
  editor.model.end(1, engine::FinishReason::cancelled);
  editor.fixes();
  REQUIRE(editor.model.last_id == 2);
  editor.documents.close(kUri);
  CHECK(editor.model.cancelled == std::vector<engine::RequestId>{1, 2});
  editor.scheduler.advance(10s);
  CHECK(editor.model.last_id == 2);
}

TEST_CASE("the model is not asked about text that is as it was opened until somebody asks, nor about whole texts") {
  Editor editor;
  editor.open(kHole);
  editor.scheduler.advance(10s);
  CHECK(editor.model.last_id == 0);
  editor.replace(kGood, 2);
  editor.scheduler.advance(10s);
  CHECK(editor.model.last_id == 0);
}

TEST_CASE("the model is left alone where the user wants that, and where there is none") {
  Editor editor;
  editor.session.settings.repair_with_model = false;
  editor.open(kHole);
  editor.replace(kHole + "\n", 2);
  editor.scheduler.advance(10s);
  CHECK_FALSE(editor.fixes().empty());
  CHECK(editor.model.last_id == 0);

  editor.session.settings.repair_with_model = true;
  editor.model.silence = "no model";
  CHECK_FALSE(editor.fixes().empty());
  CHECK(editor.model.last_id == 0);
  editor.model.silence.clear();  // one has come meanwhile
  CHECK_FALSE(editor.fixes().empty());
  CHECK(editor.model.last_id == 1);
  editor.let_model_answer("42");
  CHECK(Editor::by_model(editor.fixes()) != nullptr);
}

TEST_CASE("clients without tags get none, and the title all the same") {
  Editor editor;
  editor.session.client.action_tags = false;
  editor.open(kHole);
  editor.fixes();
  editor.let_model_answer("42");
  const std::string fixes = editor.fixes().dump();
  CHECK(fixes.find("written by the model") != std::string::npos);
  CHECK(fixes.find("tags") == std::string::npos);
}
