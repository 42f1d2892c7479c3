#include <doctest/doctest.h>

#include <string>

#include "tests/server/completion/service_fixture.h"

using namespace lacuna;
using namespace lacuna::server;
using lacuna::server::test::Fixture;

TEST_CASE("a foreseen query begins the work, and the query that follows joins it") {
  Fixture f;
  f.foresee("x = v^\n");
  REQUIRE(f.source.last_id == 1);
  f.source.write(1, "al");
  const size_t query = f.ask("x = v^\n");
  f.source.write(1, "ue");
  f.source.end(1);
  f.run_workers();
  CHECK(f.source.last_id == 1);
  CHECK(f.source.cancelled.empty());
  CHECK(f.text(query) == "alue");
  CHECK(f.answer(query).source == AnswerSource::running_work);
}

TEST_CASE("a foreseen query that has its answer keeps it for the query that follows") {
  Fixture f;
  f.foresee("value = 1\nx = va^\n", "python");
  f.model_writes("lue + 1");
  const size_t query = f.ask("value = 1\nx = va^\n", "python");
  CHECK(f.text(query) == "value + 1");
  CHECK(f.workers.empty());  // trimmed already
  CHECK(f.source.last_id == 1);
  CHECK(f.answer(query).source == AnswerSource::typed_through);
}

TEST_CASE("a wrongly foreseen query gives way") {
  Fixture f;
  f.foresee("x = v^\n");
  const size_t query = f.ask("y = ^\n");
  CHECK(f.source.cancelled == std::vector<engine::RequestId>{1});
  f.model_writes("2");
  CHECK(f.text(query) == "2");
}

TEST_CASE(
    "a foreseen query ends with the change that does not go on with it, and a query that somebody waits for does not") {
  Fixture f;
  f.foresee("x = v^\n");
  f.service->cancel_foreseen("file:///a");
  CHECK(f.source.cancelled == std::vector<engine::RequestId>{1});
  const size_t query = f.ask("x = ^\n");
  f.service->cancel_foreseen("file:///a");
  f.service->cancel_foreseen("file:///unknown");
  CHECK(f.source.cancelled.size() == 1);
  f.model_writes("2");
  CHECK(f.text(query) == "2");
}

TEST_CASE("foreseen queries go on from one key to the next while the model agrees") {
  Fixture f;
  f.foresee("x = v^\n");
  f.source.write(1, "alu");
  f.foresee("x = va^\n");
  f.foresee("x = val^\n");
  CHECK(f.source.last_id == 1);
  CHECK(f.source.cancelled.empty());
  f.foresee("x = vi^\n");
  CHECK(f.source.last_id == 2);
  CHECK(f.source.cancelled == std::vector<engine::RequestId>{1});
}

TEST_CASE("nothing is computed for a foreseen query where nothing would be offered") {
  Fixture f;
  f.foresee("# a comment^\n", "python");
  CHECK(f.source.last_id == 0);
  f.service->set_settings({.enabled = false});
  f.foresee("x = ^\n");
  CHECK(f.source.last_id == 0);
}

TEST_CASE("idle work for what is shown goes on while it is typed through") {
  Fixture f;
  f.ask("x = ^\n");
  f.model_writes("value");
  f.foresee("x = v^\n");
  f.be_idle();
  REQUIRE(f.source.last_id == 2);  // as if "value" had been accepted
  CHECK(f.source.request(2).priority == engine::Priority::next);
  f.foresee("x = va^\n");
  CHECK(f.source.cancelled.empty());
  f.foresee("x = w^\n");
  CHECK(f.source.cancelled == std::vector<engine::RequestId>{2});
}

TEST_CASE("what was only foreseen was not offered: it is not gone on from, and not dismissed") {
  using namespace std::chrono_literals;
  Fixture f;
  for (const char* text : {"a = ^\n", "b = ^\n", "c = ^\n"}) {
    f.foresee(text);
    f.model_writes("first(1)");
    f.be_idle();
    f.now += 5s;
    f.foresee(std::string(text).insert(4, "z"));
    f.model_writes("second(1)");
  }
  CHECK(f.source.last_id == 6);  // and no completions after them
  f.ask("d = ^\n");
  f.source.write(f.source.last_id, "unlikely", -5);
  f.source.end(f.source.last_id);
  f.run_workers();
  CHECK(f.text(0) == "unlikely");
}
