#include "engine/runner/speculator.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace lacuna::engine;

namespace {

/// The longest match of the end of `context` in `text`, of at most kLongest tokens; 0 if it is under kShortest.
int longest_match(std::span<const TokenId> text, std::span<const TokenId> context) {
  int longest = 0;
  for (size_t end = 1; end < text.size(); ++end) {
    int length = 0;
    while (static_cast<size_t>(length) < std::min({end, context.size(), size_t{DraftText::kLongest}}) &&
           text[end - 1 - static_cast<size_t>(length)] == context[context.size() - 1 - static_cast<size_t>(length)]) {
      length += 1;
    }
    longest = std::max(longest, length);
  }
  return longest < DraftText::kShortest ? 0 : longest;
}

}  // namespace

TEST_CASE("a draft text finds the longest match, as a search of every place does") {
  std::mt19937 random(7);
  for (int run = 0; run < 200; ++run) {
    const auto alphabet = static_cast<uint32_t>(4 + run % 9);
    DraftText text(40);  // and it may grow beyond
    std::vector<TokenId> tokens;
    for (int i = 0; i < 60; ++i) {
      tokens.push_back(static_cast<TokenId>(random() % alphabet));
      text.append(tokens.back());
      const auto match = text.find(tokens);
      const int expected = longest_match(tokens, tokens);
      // Only the latest places are looked at: where there are many, a longer match further back may be missed.
      CHECK(match.length <= expected);
      CHECK((match.length > 0) == (expected > 0));
      if (i < 16) CHECK(match.length == expected);
      for (int k = 1; k <= match.length; ++k) {
        REQUIRE(match.next < tokens.size());
        CHECK(tokens[match.next - static_cast<size_t>(k)] == tokens[tokens.size() - static_cast<size_t>(k)]);
      }
    }
  }
}

TEST_CASE("guesses are what followed the same tokens before") {
  const std::vector<TokenId> prompt = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3};
  const std::vector<TokenId> references = {50, 7, 60, 61, 62, 63};
  Speculator speculator(prompt, references, 8);
  DraftPlanner planner;
  const auto draft = speculator.propose(planner, 3);
  CHECK(std::vector<TokenId>(draft.begin(), draft.end()) == std::vector<TokenId>{4, 5, 6});
  CHECK(speculator.match_length() == 3);
  speculator.append(50);
  CHECK(speculator.propose(planner, 3).empty());
  speculator.append(7);
  const auto other = speculator.propose(planner, 2);
  CHECK(std::vector<TokenId>(other.begin(), other.end()) == std::vector<TokenId>{60, 61});
  CHECK(speculator.propose(planner, 0).empty());
}

TEST_CASE("the planner guesses more where guesses are right and batches are cheap, and nothing where they do not pay") {
  DraftPlanner planner;
  for (int rows = 1; rows <= DraftPlanner::kMost + 1; ++rows) planner.note_step(rows, 0.010 + 0.001 * (rows - 1));
  CHECK(planner.best_length(1.0, 7) == 7);
  CHECK(planner.best_length(1.0, 3) == 3);
  CHECK(planner.best_length(0.05, 7) == 0);
  CHECK(planner.best_length(0.6, 7) >= 2);
  CHECK(planner.best_length(0.6, 7) < planner.best_length(0.95, 7));

  DraftPlanner dear;
  for (int rows = 1; rows <= DraftPlanner::kMost + 1; ++rows) dear.note_step(rows, 0.010 * rows);
  CHECK(dear.best_length(0.95, 7) == 0);
}

TEST_CASE("wrong guesses stop the guessing, and it is tried again later") {
  DraftPlanner planner;
  CHECK(planner.plan(5, 7) > 0);
  for (int i = 0; i < 20; ++i) planner.note_guesses(5, 3, 0);
  CHECK(planner.plan(5, 7) == 0);
  CHECK(planner.plan(12, 7) > 0);  // long matches have a record of their own
  int pauses = 0;
  while (planner.plan(5, 7) == 0 && pauses < 1000) ++pauses;
  CHECK(pauses > 5);
  CHECK(pauses < 500);
  for (int i = 0; i < 20; ++i) planner.note_guesses(5, 3, 3);
  CHECK(planner.plan(5, 7) >= 3);
}
