#include "server/completion/completion_service.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <deque>

#include "tests/server/completion/fake_model.h"

using namespace std::string_literals;
using namespace lacuna;
using namespace lacuna::server;
using lacuna::server::test::ScriptedSource;

namespace {

/// A service before a scripted model. Workers run when the test says so.
struct Fixture {
  explicit Fixture(bool fill_in_middle = true) : source(fill_in_middle) {}

  /// Asks at the `^` of `marked`. Without a language the text has no tree.
  size_t ask(const std::string& marked, const std::string& language = "", bool invoked = false,
             const std::string& uri = "file:///a") {
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
    const size_t index = answers.size();
    answers.emplace_back();
    ids.push_back(
        service->complete({snapshot, static_cast<uint32_t>(cursor), invoked},
                          [this, index](CompletionAnswer answer) { answers[index].push_back(std::move(answer)); }));
    return index;
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

}  // namespace

TEST_CASE("what the model writes is offered at the cursor") {
  Fixture f;
  const size_t query = f.ask("x = ^\ny\n");
  CHECK(f.open(query));
  CHECK(f.source.prompt(1) == "<|file_sep|>a.py\n<|fim_prefix|><|fim_suffix|>\ny\n<|fim_middle|>x =");
  CHECK(f.source.request(1).constraint->accepts("", " foo"));  // the blank belongs to the word that follows
  CHECK_FALSE(f.source.request(1).constraint->accepts("", "foo"));
  f.model_writes("foo(1)");
  CHECK(f.text(query) == "foo(1)");
  CHECK(f.answer(query).items[0].replace == syntax::ByteRange{4, 4});
  CHECK(f.answer(query).silence.empty());
}

TEST_CASE("an item replaces the word being typed") {
  Fixture f;
  const size_t query = f.ask("value = 1\nx = va^\n", "python");
  f.model_writes("lue + 1");
  CHECK(f.text(query) == "value + 1");
  CHECK(f.answer(query).items[0].replace == syntax::ByteRange{14, 16});
}

TEST_CASE("without a model the reason is the answer") {
  Fixture f;
  f.source.silence = "loading a-model (40 %)";
  const size_t query = f.ask("x = ^\n");
  CHECK(f.answer(query).items.empty());
  CHECK(f.answer(query).silence == "loading a-model (40 %)");
  CHECK_FALSE(f.answer(query).cancelled);
}

TEST_CASE("every empty answer has a reason") {
  SUBCASE("the model writes nothing") {
    Fixture f;
    const size_t query = f.ask("x = ^\n");
    f.model_writes("");
    CHECK_FALSE(f.answer(query).silence.empty());
  }
  SUBCASE("the model fails") {
    Fixture f;
    const size_t query = f.ask("x = ^\n");
    f.source.end(1, engine::FinishReason::failed, Error{ErrorCode::exhausted, "no blocks"});
    CHECK(f.answer(query).silence == "the model failed: no blocks");
  }
  SUBCASE("completions are off") {
    Fixture f;
    CompletionSettings settings;
    settings.enabled = false;
    f.service->set_settings(settings);
    CHECK(f.answer(f.ask("x = ^\n")).silence == "completions are off");
  }
  SUBCASE("a model without fill-in-the-middle tokens at the beginning of a file") {
    Fixture f(/*fill_in_middle=*/false);
    CHECK(f.answer(f.ask("^\n")).silence == "there is no text before the cursor");
  }
  CHECK(true);
}

TEST_CASE("restraint: inside a word, in comments and strings nothing is offered unasked") {
  for (const char* marked : {"x = fo^o\n", "# com ^\n", "x = 'str ^'\n"}) {
    CAPTURE(marked);
    Fixture f;
    CHECK_FALSE(f.answer(f.ask(marked, "python")).silence.empty());
    CHECK(f.source.last_id == 0);
    const size_t invoked = f.ask(marked, "python", /*invoked=*/true);
    CHECK(f.open(invoked));
    CHECK(f.source.last_id == 1);
  }
}

TEST_CASE("comments and strings can be allowed") {
  Fixture f;
  CompletionSettings settings;
  settings.in_comments = settings.in_strings = true;
  f.service->set_settings(settings);
  f.ask("# com ^\n", "python");
  f.ask("x = 'str ^'\n", "python");
  CHECK(f.source.last_id == 2);
}

TEST_CASE("typing what was suggested costs no model call") {
  Fixture f;
  f.ask("x = ^\n");
  f.model_writes("foo(1)");
  CHECK(f.text(f.ask("x = f^\n")) == "oo(1)");
  CHECK(f.text(f.ask("x = foo(^\n")) == "1)");
  CHECK(f.text(f.ask("x = fo^\n")) == "o(1)");
  CHECK(f.source.last_id == 1);
  f.ask("x = g^\n");
  CHECK(f.source.last_id == 2);
}

TEST_CASE("what was cut off is kept for after acceptance") {
  Fixture f;
  const size_t query = f.ask("x = ^\n");
  f.source.write(1, "foo(1)\ny = foo(2)");
  f.run_workers();
  CHECK(f.text(query) == "foo(1)");
  const size_t accepted = f.ask("x = foo(1)^\n");
  f.run_workers();
  CHECK(f.text(accepted) == "\ny = foo(2)");
  CHECK(f.source.last_id == 1);
}

TEST_CASE("the same place asked again gets the same answer, also a silent one") {
  Fixture f;
  f.ask("x = ^\n");
  f.model_writes("");
  const size_t again = f.ask("x = ^\n");
  CHECK_FALSE(f.answer(again).silence.empty());
  CHECK(f.source.last_id == 1);
}

TEST_CASE("a newer query supersedes the older one of the same document only") {
  Fixture f;
  const size_t other = f.ask("z = ^\n", "", false, "file:///other");
  const size_t older = f.ask("x = ^\n");
  const size_t newer = f.ask("y = ^\n");
  CHECK(f.answer(older).cancelled);
  CHECK(f.source.cancelled == std::vector<engine::RequestId>{2});
  CHECK(f.open(newer));
  CHECK(f.open(other));
  f.source.end(2, engine::FinishReason::cancelled);  // the engine's late word about the older one
  CHECK(f.open(newer));
  f.model_writes("1");
  CHECK(f.text(newer) == "1");
  CHECK(f.answers[older].size() == 1);
}

TEST_CASE("cancel answers at once, frees the engine, and happens once") {
  Fixture f;
  const size_t query = f.ask("x = ^\n");
  f.service->cancel(f.ids[0]);
  CHECK(f.answer(query).cancelled);
  CHECK(f.source.cancelled == std::vector<engine::RequestId>{1});
  f.service->cancel(f.ids[0]);
  f.service->cancel(12345);
  f.source.write(1, "late");
  f.source.end(1, engine::FinishReason::cancelled);
  CHECK(f.answers[query].size() == 1);
}

TEST_CASE("cancel while a worker trims") {
  Fixture f;
  const size_t query = f.ask("x = ^\n");
  f.source.write(1, "foo");
  f.source.end(1);
  REQUIRE(f.workers.size() == 1);
  f.service->cancel(f.ids[0]);
  CHECK(f.answer(query).cancelled);
  f.run_workers();
  CHECK(f.answers[query].size() == 1);
}

TEST_CASE("work in flight goes on while the person types what it predicts") {
  Fixture f;
  const size_t first = f.ask("x = ^\n");
  f.source.write(1, "foo");
  const size_t second = f.ask("x = fo^\n");
  CHECK(f.answer(first).cancelled);
  CHECK(f.source.last_id == 1);
  CHECK(f.source.cancelled.empty());
  f.model_writes("(1)");
  CHECK(f.text(second) == "o(1)");
}

TEST_CASE("work in flight is dropped once it writes something else") {
  Fixture f;
  f.ask("x = ^\n");
  const size_t second = f.ask("x = b^\n");  // nothing has arrived yet: it may still be right
  CHECK(f.source.last_id == 1);
  f.source.write(1, "foo");
  CHECK(f.source.cancelled == std::vector<engine::RequestId>{1});
  CHECK(f.source.last_id == 2);
  f.model_writes("ar");
  CHECK(f.text(second) == "ar");
}

TEST_CASE("closing a document and ending the service answer what is open") {
  Fixture f;
  const size_t closed = f.ask("x = ^\n");
  f.service->document_closed("file:///a");
  f.service->document_closed("file:///a");
  CHECK(f.answer(closed).cancelled);
  const size_t open = f.ask("x = ^\n");
  f.service.reset();
  CHECK(f.answer(open).cancelled);
  CHECK(f.source.cancelled.size() == 2);
  f.source.end(2, engine::FinishReason::cancelled);
}

TEST_CASE("a reply may ask again") {
  Fixture f;
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->uri = "file:///a";
  snapshot->text = std::make_shared<const std::string>("x = ");
  size_t third = 0;
  f.service->complete({snapshot, 4, false}, [&](const CompletionAnswer&) { third = f.ask("z = ^\n"); });
  const size_t second = f.ask("y = ^\n");
  // The first was superseded by the second, which its owner superseded by the third at once.
  CHECK(f.answer(second).cancelled);
  f.model_writes("3");
  CHECK(f.text(third) == "3");
}

TEST_CASE("who asks gets alternatives that begin where the model was least certain") {
  Fixture f;
  const size_t query = f.ask("x = ^\n", "python", /*invoked=*/true);
  f.source.write(1, "foo", -1.0f);
  f.source.write(1, ".a", -0.1f);
  f.source.write(1, ".b", -2.0f);
  f.source.end(1);
  REQUIRE(f.source.last_id == 3);
  CHECK(f.open(query));
  CHECK(f.source.prompt(2) == f.source.prompt(1) + "\0\0"s);  // the tokens that the fake writes all have id 0
  CHECK(f.source.prompt(3) == f.source.prompt(1));
  CHECK_FALSE(f.source.request(2).constraint->accepts("", ".b"));
  CHECK_FALSE(f.source.request(3).constraint->accepts("", "foo"));
  f.source.write(2, ".c", -3.0f);
  f.source.end(2);
  f.source.write(3, "bar", -4.0f);
  f.source.end(3);
  f.run_workers();
  std::vector<std::string> texts;
  for (const CompletionItem& item : f.answer(query).items) texts.push_back(item.text);
  CHECK(texts == std::vector<std::string>{"foo.a.b", "bar", "foo.a.c"});
  CHECK(f.text(f.ask("x = b^\n", "python")) == "bar");
  CHECK(f.source.last_id == 3);
}

TEST_CASE("an alternative that mends the syntax comes before the model's first choice") {
  Fixture f;
  const size_t query = f.ask("def f(^\n    pass\n", "python", /*invoked=*/true);
  f.source.write(1, "a", -1.0f);
  f.source.end(1);
  REQUIRE(f.source.last_id == 2);
  f.source.write(2, "b):", -3.0f);
  f.source.end(2);
  f.run_workers();
  REQUIRE(f.answer(query).items.size() == 2);
  CHECK(f.answer(query).items[0].text == "b):");
  CHECK(f.answer(query).items[1].text.starts_with("a"));
}

TEST_CASE("alternatives to a text without a syntax error are not waited for long") {
  Fixture f;
  const size_t query = f.ask("x = ^\n", "python", /*invoked=*/true);
  f.source.write(1, "foo", -1.0f);
  f.source.write(1, ".a", -2.0f);
  f.source.end(1);
  REQUIRE(f.source.last_id == 3);
  f.run_workers();
  f.source.write(2, ".b", -1.0f);
  f.source.end(2);
  f.source.write(3, "bar", -1.0f);
  CHECK(f.open(query));
  REQUIRE(f.timers.size() == 1);
  f.timers.front()();
  f.run_workers();
  std::vector<std::string> texts;
  for (const CompletionItem& item : f.answer(query).items) texts.push_back(item.text);
  CHECK(texts == std::vector<std::string>{"foo.a", "foo.b"});
  CHECK(f.source.cancelled == std::vector<engine::RequestId>{3});
  f.source.end(3, engine::FinishReason::cancelled);
  CHECK(f.answers[query].size() == 1);
}

TEST_CASE("alternatives to a text that leaves a syntax error are waited for: one may come before it") {
  Fixture f;
  const size_t query = f.ask("def f(^\n    pass\n", "python", /*invoked=*/true);
  f.source.write(1, "a", -1.0f);
  f.source.end(1);
  f.run_workers();
  CHECK(f.timers.empty());
  CHECK(f.open(query));
}

TEST_CASE("after dismissals only what the model is sure of is offered unasked") {
  Fixture f;
  const auto dismiss = [&](const std::string& name) {
    CHECK(f.text(f.ask(name + " = ^\n")) == "foo");
    f.now += std::chrono::seconds(1);
    f.ask(name + " = bar^\n");
    f.model_writes("");
  };
  for (const char* name : {"a", "b", "c"}) {
    const size_t before = f.source.last_id;
    const size_t query = f.ask(std::string(name) + " = ^\n");
    REQUIRE(f.source.last_id == before + 1);
    f.model_writes("foo");
    CHECK(f.text(query) == "foo");
    dismiss(name);
  }
  const size_t unsure = f.ask("d = ^\n");
  f.source.write(f.source.last_id, "foo", -1.0f);
  f.now += std::chrono::seconds(1);
  f.source.write(f.source.last_id, "(1", -1.0f);
  f.run_workers();
  CHECK(f.open(unsure));  // not judged by half of it
  f.source.end(f.source.last_id);
  f.run_workers();
  CHECK(f.answer(unsure).items.empty());
  CHECK(f.answer(unsure).silence.find("not sure") != std::string::npos);
  const size_t sure = f.ask("e = ^\n");
  f.source.write(f.source.last_id, "foo", -0.1f);
  f.source.end(f.source.last_id);
  f.run_workers();
  CHECK(f.text(sure) == "foo");
  const size_t asked = f.ask("d = ^\n", "", /*invoked=*/true);
  f.model_writes("foo(1");
  CHECK(f.text(asked) == "foo(1");
}

TEST_CASE("who only types gets one item without alternatives") {
  Fixture f;
  const size_t query = f.ask("x = ^\n", "python");
  f.source.write(1, "foo", -3.0f);
  f.source.end(1);
  f.run_workers();
  CHECK(f.source.last_id == 1);
  CHECK(f.text(query) == "foo");
}

TEST_CASE("who asks where typing has shown a suggestion gets alternatives to it") {
  Fixture f;
  const size_t typing = f.ask("x = ^\n", "python");
  f.source.write(1, "foo", -1.0f);
  f.source.end(1);
  f.run_workers();
  REQUIRE(f.text(typing) == "foo");
  const engine::RequestId first = f.source.last_id + 1;
  const size_t query = f.ask("x = ^\n", "python", /*invoked=*/true);
  f.source.write(first, "foo", -1.0f);
  f.source.end(first);
  REQUIRE(f.source.last_id == first + 1);
  f.source.write(first + 1, "bar", -3.0f);
  f.source.end(first + 1);
  f.run_workers();
  REQUIRE(f.answer(query).items.size() == 2);
  CHECK(f.answer(query).items[0].text == "foo");
  CHECK(f.answer(query).items[1].text == "bar");
}

TEST_CASE("who asks within what the model is writing gets alternatives from there on") {
  Fixture f;
  f.ask("x = ^\n", "python");
  f.source.write(1, "foo", -1.0f);
  const size_t query = f.ask("x = f^\n", "python", /*invoked=*/true);
  CHECK(f.source.cancelled == std::vector<engine::RequestId>{1});
  REQUIRE(f.source.last_id == 2);
  f.source.write(2, "oo", -1.0f);
  f.source.end(2);
  REQUIRE(f.source.last_id == 3);
  f.source.write(3, "un", -2.0f);
  f.source.end(3);
  f.run_workers();
  REQUIRE(f.answer(query).items.size() == 2);
  CHECK(f.answer(query).items[1].text == "fun");
}

TEST_CASE("an alternative that begins in a healed word writes the word again, one that begins behind it does not") {
  Fixture f;
  const size_t typing = f.ask("x = ^\n", "python");
  f.model_writes("foo");
  REQUIRE(f.text(typing) == "foo");
  const size_t query = f.ask("x = ab^\n", "python", /*invoked=*/true);
  const engine::RequestId first = f.source.last_id;
  f.source.write(first, "c", -1.0f);  // "abc": the fake repeats what is forced
  f.source.write(first, "(1)", -2.0f);
  f.source.end(first);
  REQUIRE(f.source.last_id == first + 2);
  const auto& behind = *f.source.request(first + 1).constraint;
  const auto& within = *f.source.request(first + 2).constraint;
  CHECK(const_cast<engine::Constraint&>(behind).forced("").empty());
  CHECK(const_cast<engine::Constraint&>(within).forced("") == "ab");
  f.source.write(first + 1, "[0]", -1.0f);
  f.source.end(first + 1);
  f.source.write(first + 2, "d", -1.0f);
  f.source.end(first + 2);
  f.run_workers();
  std::vector<std::string> texts;
  for (const CompletionItem& item : f.answer(query).items) texts.push_back(item.text);
  std::sort(texts.begin(), texts.end());
  CHECK(texts == std::vector<std::string>{"abc(1)", "abc[0]", "abd"});
}

TEST_CASE("alternatives that fail are left out, and cancelling stops them all") {
  Fixture f;
  const size_t query = f.ask("x = ^\n", "python", /*invoked=*/true);
  f.source.write(1, "foo", -1.0f);
  f.source.end(1);
  f.source.end(2, engine::FinishReason::failed, Error{ErrorCode::exhausted, "no blocks"});
  f.run_workers();
  CHECK(f.text(query) == "foo");
  const size_t second = f.ask("y = ^\n", "python", /*invoked=*/true);
  f.source.write(3, "foo", -1.0f);
  f.source.end(3);
  CHECK(f.source.last_id == 4);
  f.service->cancel(f.ids[1]);
  CHECK(f.answer(second).cancelled);
  CHECK(f.source.cancelled == std::vector<engine::RequestId>{4});
  f.source.end(4, engine::FinishReason::cancelled);
  CHECK(f.answers[second].size() == 1);
}

TEST_CASE("an opened document is warmed up in slices until somebody asks") {
  Fixture f;
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->uri = "file:///a";
  snapshot->path = "a.py";
  snapshot->text = std::make_shared<const std::string>(std::string(300, 'x'));
  f.service->document_opened(snapshot);
  REQUIRE(f.source.last_id == 1);
  CHECK(f.source.request(1).max_tokens == 0);
  CHECK(f.source.request(1).priority == engine::Priority::warm_up);
  CHECK(f.source.request(1).prompt.size() == 128);
  f.source.end(1, engine::FinishReason::length);
  REQUIRE(f.source.last_id == 2);
  CHECK(f.source.request(2).prompt.size() == 256);
  f.ask("x = ^\n");
  CHECK(f.source.cancelled == std::vector<engine::RequestId>{2});
  f.source.end(2, engine::FinishReason::cancelled);
  CHECK(f.source.last_id == 3);  // the query's own
  CHECK(f.source.prompt(2).starts_with("<|file_sep|>a.py\n<|fim_prefix|>xxx"));
}

TEST_CASE("a warm-up ends with its text, and is not begun for long texts") {
  Fixture f;
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->uri = "file:///a";
  snapshot->text = std::make_shared<const std::string>(std::string(10, 'x'));
  f.service->document_opened(snapshot);
  f.source.end(1, engine::FinishReason::length);
  CHECK(f.source.last_id == 1);
  snapshot = std::make_shared<Snapshot>(*snapshot);
  snapshot->text = std::make_shared<const std::string>(std::string(100000, 'x'));
  f.service->document_opened(snapshot);
  CHECK(f.source.last_id == 1);
  f.source.silence = "no model";
  f.service->document_opened(snapshot);
  CHECK(f.source.last_id == 1);
}

TEST_CASE("a document of Windows gets its own line ends") {
  Fixture f;
  const size_t query = f.ask("if x:^\r\ny\r\n", "python");
  f.source.write(1, "\n    return 1");
  f.source.end(1);
  f.run_workers();
  CHECK(f.text(query).find('\n') != std::string::npos);
  CHECK(f.text(query).find("\r\n") + 1 == f.text(query).find('\n'));
}

TEST_CASE("control tokens never reach a completion") {
  Fixture f;
  const size_t query = f.ask("x = ^\n");
  f.source.write(1, "foo");
  f.source.write_token(1, *f.source.tokenizer()->find("<|im_start|>"));
  f.run_workers();
  CHECK(f.text(query) == "foo");
  CHECK(f.source.cancelled == std::vector<engine::RequestId>{1});
}

TEST_CASE("a text that the length limit cut off is used by whole lines") {
  Fixture f;
  CompletionSettings settings;
  settings.max_lines = 9;
  f.service->set_settings(settings);
  const size_t query = f.ask("def f():\n    ^\n", "python");
  f.source.write(1, "x = 1\n    y = x.unfini");
  if (f.open(query) && f.workers.empty()) f.source.end(1, engine::FinishReason::length);
  f.run_workers();
  CHECK(f.text(query).find("unfini") == std::string::npos);
}

TEST_CASE("the prompt and the answer fit the model's context") {
  Fixture f;
  f.source.context = 300;
  std::string text;
  for (int i = 0; i < 500; ++i) text += "value = compute()\n";
  f.ask(text + "^" + text);
  CHECK(f.source.prompt(1).size() > 100);
  const test::SpellingTokenizer tokenizer;
  CHECK(tokenizer.encode(f.source.prompt(1), true).size() + 96 <= 300);
}

TEST_CASE("who only types gets what is written after a while, and the rest as it comes") {
  Fixture f;
  const size_t query = f.ask("x = ^\n");
  f.source.write(1, "foo");
  f.run_workers();
  CHECK(f.open(query));
  f.now += std::chrono::milliseconds(150);
  f.source.write(1, "(a");
  f.run_workers();
  CHECK(f.text(query) == "foo(a");
  CHECK(f.answer(query).partial);
  CHECK(f.source.cancelled.empty());
  f.source.write(1, ", b");
  const size_t typed = f.ask("x = f^\n");
  f.run_workers();
  CHECK(f.text(typed) == "oo(a, b");
  CHECK(f.answer(typed).source == AnswerSource::running_work);
  f.source.write(1, ")\n");
  const size_t last = f.ask("x = foo(^\n");
  CHECK(f.open(last));
  f.run_workers();
  CHECK(f.text(last) == "a, b)");
  CHECK(f.answer(last).source == AnswerSource::typed_through);
  CHECK(f.source.last_id == 1);
}

TEST_CASE("who asked waits for the whole text however long it takes") {
  Fixture f;
  const size_t query = f.ask("x = ^\n", "", /*invoked=*/true);
  f.source.write(1, "foo");
  f.now += std::chrono::seconds(10);
  f.source.write(1, "(1)");
  f.run_workers();
  CHECK(f.open(query));
}

TEST_CASE("a keystroke appends to the prompt, and so do further lines and edits of them") {
  Fixture f;
  const std::string after = "\nlast\n";
  f.ask("a\nb\nx = ^" + after);
  const std::string first = f.source.prompt(1);
  CHECK(first.ends_with("<|fim_suffix|>" + after + "<|fim_middle|>a\nb\nx ="));
  const std::string head = first.substr(0, first.size() - std::string("a\nb\nx =").size());
  f.model_writes("1");
  f.ask("a\nb\nx = 2 + ^" + after);
  CHECK(f.source.prompt(2) == head + "a\nb\nx = 2 +");
  f.model_writes("1");
  f.ask("a\nc\nx = 2\ny = (^)" + after);  // a line above was edited, and the editor inserted a closer
  CHECK(f.source.prompt(3) == head + "a\nc\nx = 2\ny = (");
  f.model_writes("1");
  f.ask("a\nc\nx = 2\n^\nother\n");  // what comes after has changed: a new division
  CHECK(f.source.prompt(4).find("other") != std::string::npos);
}

TEST_CASE("a model that will not write the word before the cursor again is asked without healing") {
  Fixture f;
  const size_t query = f.ask("x = va^\n");
  CHECK(f.source.prompt(1).ends_with("<|fim_middle|>x = "));
  f.source.end(1, engine::FinishReason::constraint);
  REQUIRE(f.source.last_id == 2);
  CHECK(f.source.prompt(2).ends_with("<|fim_middle|>x = va"));
  f.model_writes("lue");
  CHECK(f.text(query) == "lue");
}

TEST_CASE("a closer that is typed over keeps the suggestion") {
  Fixture f;
  f.ask("foo(^)\n", "javascript");
  f.source.write(1, "a, b);\n");
  f.run_workers();
  const size_t inside = f.ask("foo(a^)\n", "javascript");
  CHECK(f.answer(inside).items.at(0).replace.end == 6);  // the closer is replaced
  const size_t beyond = f.ask("foo(a, b)^\n", "javascript");
  REQUIRE(f.answer(beyond).items.size() == 1);
  CHECK(f.text(beyond) == ";");
  CHECK(f.answer(beyond).items[0].replace == syntax::ByteRange{9, 9});
  CHECK(f.source.last_id == 1);
}

TEST_CASE("while a suggestion is shown the next one is computed, and accepting finds it") {
  Fixture f;
  f.ask("x = ^\n", "python");
  f.source.write(1, "foo(1)\n");
  f.run_workers();
  REQUIRE(f.source.last_id == 1);
  f.be_idle();
  REQUIRE(f.source.last_id == 2);
  CHECK(f.source.request(2).priority == engine::Priority::next);
  CHECK(f.source.prompt(2).ends_with("x = foo(1)"));
  f.source.write(2, "\ny = foo(2)");
  SUBCASE("while it is written") {
    const size_t accepted = f.ask("x = foo(1)^\n", "python");
    CHECK(f.source.cancelled.empty());
    f.source.end(2);
    f.run_workers();
    CHECK(f.text(accepted) == "\ny = foo(2)");
  }
  SUBCASE("after it was written") {
    f.source.end(2);
    const size_t accepted = f.ask("x = foo(1)^\n", "python");
    f.run_workers();
    CHECK(f.text(accepted) == "\ny = foo(2)");
    CHECK(f.answer(accepted).source == AnswerSource::typed_through);
  }
  SUBCASE("and gives way to whatever else is typed") {
    f.ask("x = b^\n", "python");
    CHECK(f.source.cancelled == std::vector<engine::RequestId>{2});
  }
}

TEST_CASE("what was worked on lately may be guessed from") {
  Fixture f;
  f.ask("x = ^\n", "python");
  CHECK(f.source.request(1).references == nullptr);
  f.model_writes("foo(1)\n");
  f.be_idle();
  f.ask("y = ^\n", "python");
  const auto references = f.source.request(f.source.last_id).references;
  REQUIRE(references != nullptr);
  CHECK(f.source.tokenizer()->decode(*references) == "x = \n");
}

TEST_CASE("a large file is answered from a small window, which grows in idle time") {
  Fixture f;
  std::string above;
  for (int i = 0; i < 400; ++i) above += "v" + std::to_string(i) + "\n";
  f.ask(above + "x = ^\n" + above);
  const size_t small = f.source.request(1).prompt.size();
  CHECK(small < 300);
  f.model_writes("");
  f.be_idle();
  REQUIRE(f.source.last_id >= 2);
  while (f.source.request(f.source.last_id).priority == engine::Priority::warm_up) {
    const engine::RequestId slice = f.source.last_id;
    f.source.end(slice, engine::FinishReason::length);
    if (f.source.last_id == slice) break;
  }
  const size_t grown = f.source.request(f.source.last_id).prompt.size();
  CHECK(grown > 1000);
  f.ask(above + "x = b^\n" + above);
  CHECK(f.source.request(f.source.last_id).prompt.size() > grown);
  CHECK(f.source.request(f.source.last_id).priority == engine::Priority::interactive);
}

TEST_CASE("an abandoned query is answered, its work goes on for the next one") {
  Fixture f;
  const size_t first = f.ask("x = ^\n");
  f.source.write(1, "foo");
  f.service->abandon(f.ids[0]);
  CHECK(f.answer(first).cancelled);
  CHECK(f.source.cancelled.empty());
  const size_t second = f.ask("x = f^\n");
  f.model_writes("(1)");
  CHECK(f.text(second) == "oo(1)");
  CHECK(f.source.last_id == 1);
}
