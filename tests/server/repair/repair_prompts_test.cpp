#include "server/repair/repair_prompts.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../completion/fake_model.h"

using namespace lacuna;
using namespace lacuna::server;
using lacuna::server::test::SpellingTokenizer;

namespace {

syntax::Repair repair(std::vector<syntax::TextChange> changes) {
  syntax::Repair made;
  made.changes = std::move(changes);
  return made;
}

struct Read {
  std::string context;
  std::string scored;
};

std::vector<Read> read(std::string_view text, const std::vector<syntax::Repair>& repairs) {
  const SpellingTokenizer tokenizer;
  std::vector<Read> result;
  for (const ScoringPrompt& prompt : scoring_prompts(tokenizer, text, repairs)) {
    REQUIRE(prompt.scored_tokens > 0);
    REQUIRE(static_cast<size_t>(prompt.scored_tokens) < prompt.tokens.size());
    const std::span tokens(prompt.tokens);
    const size_t context = tokens.size() - static_cast<size_t>(prompt.scored_tokens);
    result.push_back({tokenizer.decode(tokens.first(context)), tokenizer.decode(tokens.subspan(context))});
  }
  return result;
}

}  // namespace

TEST_CASE("the scored lines are the changed ones and some after them, as each repair makes them") {
  const std::string text = "a = 1\nprint(f(1)\nb = 2\n";
  const auto prompts = read(text, {repair({{{16, 16}, ")"}}), repair({{{11, 12}, ""}})});
  REQUIRE(prompts.size() == 2);
  CHECK(prompts[0].context == "a = 1\n");
  CHECK(prompts[1].context == "a = 1\n");
  CHECK(prompts[0].scored == "print(f(1))\nb = 2\n");
  CHECK(prompts[1].scored == "printf(1)\nb = 2\n");
}

TEST_CASE("repairs of one line after another are compared over both") {
  const std::string text = "x(\ny(\nz\n";
  const auto prompts = read(text, {repair({{{2, 2}, ")"}, {{5, 5}, ")"}}), repair({{{5, 5}, "))"}})});
  REQUIRE(prompts.size() == 2);
  CHECK(prompts[0].scored == "x()\ny()\nz\n");
  CHECK(prompts[1].scored == "x(\ny())\nz\n");
  CHECK(prompts[0].context == "\n");  // a first token has nothing before it
}

TEST_CASE("line ends are those that models know, and bytes that are no characters do no harm") {
  const std::string text = "\xff\r\nf(\r\n";
  const auto prompts = read(text, {repair({{{5, 5}, ")"}}), repair({{{4, 5}, ""}})});
  REQUIRE(prompts.size() == 2);
  CHECK(prompts[0].scored == "f()\n");
  CHECK(prompts[1].scored == "f\n");
  CHECK(prompts[0].context == "\xEF\xBF\xBD\n");
}

TEST_CASE("one repair has nothing to be compared with, and repairs far apart are not compared") {
  const std::string far = "f(\n" + std::string(2000, 'x') + "\n)\n";
  CHECK(read("f(\n", {repair({{{2, 2}, ")"}})}).empty());
  CHECK(read("f(\n", {}).empty());
  CHECK(read(far, {repair({{{2, 2}, ")"}}), repair({{{2004, 2005}, ""}})}).empty());
}

TEST_CASE("the context is bounded, however long the lines") {
  for (const std::string& line : {std::string(50'000, 'a') + "\n", std::string(5'000, 'b') + "\nfoo\n"}) {
    const std::string text = line + "f(\n";
    const auto at = static_cast<uint32_t>(text.size() - 1);
    const auto prompts = read(text, {repair({{{at, at}, ")"}}), repair({{{at - 1, at}, ""}})});
    REQUIRE(prompts.size() == 2);
    CHECK(prompts[0].context.size() <= 2000);
    CHECK(prompts[0].scored == "f()\n");
  }
}
