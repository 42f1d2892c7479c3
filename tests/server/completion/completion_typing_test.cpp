#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "tests/server/completion/service_fixture.h"

using namespace lacuna;
using namespace lacuna::server;
using lacuna::server::test::Fixture;

TEST_CASE("an item replaces the word being typed") {
  Fixture f;
  const size_t query = f.ask("value = 1\nx = va^\n", "python");
  f.model_writes("lue + 1");
  CHECK(f.text(query) == "value + 1");
  CHECK(f.answer(query).items[0].replace == syntax::ByteRange{14, 16});
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
