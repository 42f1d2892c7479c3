#include "server/completion/prompt_planner.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "tests/server/completion/fake_model.h"

using namespace lacuna;
using namespace lacuna::server;
using lacuna::server::test::SpellingTokenizer;

namespace {

const SpellingTokenizer tokenizer;

struct Marked {
  std::string text;
  uint32_t cursor;
  explicit Marked(const std::string& marked) : text(marked), cursor(static_cast<uint32_t>(marked.find('^'))) {
    REQUIRE(cursor < text.size());
    text.erase(cursor, 1);
  }
};

/// The anchor of `marked`, divided at the start of the cursor's line.
Anchor anchor_of(const std::string& marked, const PromptBudget& budget = {}) {
  const Marked m(marked);
  TextEncoders encoders(tokenizer);
  return Anchor(encoders, m.text, "", line_start_above(m.text, m.cursor, 0), past_closers(m.text, m.cursor), budget);
}

/// What the anchor takes for the middle; "-" where it does not fit.
std::string middle(const Anchor& anchor, const std::string& marked) {
  const Marked m(marked);
  const auto begin = anchor.middle_begin(m.text, m.cursor);
  return begin ? m.text.substr(*begin, m.cursor - *begin) : "-";
}

std::string lines(int count, const std::string& name) {
  std::string text;
  for (int i = 0; i < count; ++i) text += name + std::to_string(i) + "\n";
  return text;
}

std::string planned(PromptPlanner& planner, const std::string& marked, bool invoked = false) {
  const Marked m(marked);
  return tokenizer.decode(
      planner.plan(tokenizer, {.text = m.text, .path = "", .cursor = m.cursor, .invoked = invoked, .heal = false})
          .tokens);
}

}  // namespace

TEST_CASE("an anchor fits whatever is typed, deleted and edited in its middle") {
  const Anchor anchor = anchor_of("a\nx = ^\nb\n");
  CHECK(middle(anchor, "a\nx = ^\nb\n") == "x = ");
  CHECK(middle(anchor, "a\nx = foo(1)^\nb\n") == "x = foo(1)");
  CHECK(middle(anchor, "a\nx = 1\n\n  y = ^\nb\n") == "x = 1\n\n  y = ");
  CHECK(middle(anchor, "a\n^\nb\n").empty());
}

TEST_CASE("an anchor does not fit where the text before or after has changed") {
  const Anchor anchor = anchor_of("a\nx = ^\nb\n");
  CHECK(middle(anchor, "a^\nb\n") == "-");
  CHECK(middle(anchor, "c\nx = ^\nb\n") == "-");
  CHECK(middle(anchor, "a\nx = ^\nc\n") == "-");
  CHECK(middle(anchor, "a\nx = ^\nb\nc\n") == "-");
  CHECK(middle(anchor, "a\nx^ = \nb\n") == "-");
}

TEST_CASE("edits outside the windows leave an anchor valid") {
  const std::string above = lines(100, "up");
  const std::string below = lines(100, "down");
  const Anchor anchor = anchor_of(above + "x = ^\n" + below, {40, 40});
  CHECK(middle(anchor, "import os\n" + above + "x = 1^\n" + below) == "x = 1");
  CHECK(middle(anchor, above + "x = 1^\n" + below + "end\n") == "x = 1");
  CHECK(middle(anchor, above + "up\nx = 1^\n" + below) == "up\nx = 1");
  CHECK(middle(anchor, above.substr(0, above.size() - 2) + "x\nx = 1^\n" + below) == "-");
}

TEST_CASE("closers that are inserted behind the cursor or typed over do not move the text after") {
  const Anchor before = anchor_of("f^\nb\n");
  CHECK(middle(before, "f(^)\nb\n") == "f(");
  CHECK(middle(before, "f(\"^\")\nb\n") == "f(\"");
  CHECK(middle(before, "f(a)^\nb\n") == "f(a)");
  CHECK(middle(before, "f(^x)\nb\n") == "-");
  const Anchor inside = anchor_of("f(^);\nb\n");
  CHECK(inside.frame().after == "\nb\n");
  CHECK(middle(inside, "f(a^);\nb\n") == "f(a");
  CHECK(middle(inside, "f(a);^\nb\n") == "f(a);");
}

TEST_CASE("a division is never far from the cursor") {
  const std::string text = "a\nb\nc\nd";
  CHECK(line_start_above(text, 7, 0) == 6);
  CHECK(line_start_above(text, 7, 2) == 2);
  CHECK(line_start_above(text, 7, 9) == 0);
  CHECK(line_start_above("", 0, 2) == 0);
  const std::string one_line(100000, 'x');
  CHECK(division_for(one_line, 100000, 2) == 100000);
  CHECK(division_for("a\n" + one_line + "\nb", 100004, 2) == 100003);
}

TEST_CASE("typing at random, the prompt is always the document around the cursor") {
  std::mt19937 random(7);
  ComputedPrompts computed;
  PromptPlanner planner(computed);
  std::string before = "first\nsecond\n";
  const std::string after = "\nthird\nfourth\n";
  for (int i = 0; i < 400; ++i) {
    const auto choice = random() % 8;
    if (choice == 0 && !before.empty()) {
      before.resize(before.size() - std::min<size_t>(before.size(), random() % 12));
    } else {
      before += choice == 1 ? "\n" : std::string(1, static_cast<char>('a' + random() % 26));
    }
    const std::string prompt = planned(planner, before + "^" + after);
    CAPTURE(before);
    const auto part = [&](const std::string& from, const std::string& to) {
      const size_t begin = prompt.find(from) + from.size();
      return prompt.substr(begin, to.empty() ? std::string::npos : prompt.find(to) - begin);
    };
    REQUIRE(part("<|fim_suffix|>", "<|fim_middle|>") == after);
    REQUIRE(part("<|fim_prefix|>", "<|fim_suffix|>") + part("<|fim_middle|>", "") == before);
  }
}

TEST_CASE("who types gets a window that is soon computed, who asks the whole one, and what is known is free") {
  const std::string above = lines(400, "v");
  ComputedPrompts computed;
  PromptPlanner typing(computed);
  PromptPlanner asking(computed);
  const size_t small = planned(typing, above + "x = ^\n" + above).size();
  const size_t whole = planned(asking, above + "x = ^\n" + above, /*invoked=*/true).size();
  CHECK(small * 3 < whole);
  const Marked m(above + "x = ^\n" + above);
  const auto growth = typing.begin_growth(tokenizer, {.text = m.text, .path = "", .cursor = m.cursor});
  REQUIRE(growth);
  CHECK(planned(typing, above + "x = 1^\n" + above).size() < whole / 2);  // not yet
  typing.end_growth();
  CHECK(planned(typing, above + "x = 1^\n" + above).size() > whole - 20);
  CHECK(computed.num_unknown(*growth) == 0);
  CHECK_FALSE(typing.begin_growth(tokenizer, {.text = m.text, .path = "", .cursor = m.cursor}));
  PromptPlanner other(computed);  // of another document with the same text
  CHECK(planned(other, above + "x = ^\n" + above).size() > whole - 20);
}
