#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/server/completion/service_fixture.h"

using namespace std::string_literals;
using namespace lacuna;
using namespace lacuna::server;
using lacuna::server::test::Fixture;

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
