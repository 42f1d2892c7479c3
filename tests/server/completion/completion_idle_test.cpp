#include <doctest/doctest.h>

#include <string>

#include "tests/server/completion/service_fixture.h"

using namespace lacuna;
using namespace lacuna::server;
using lacuna::server::test::Fixture;

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
