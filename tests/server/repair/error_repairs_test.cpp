#include "server/repair/error_repairs.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace lacuna::server;
using namespace lacuna;

namespace {

syntax::Repair repair(uint32_t at, double score, bool preferred = false) {
  syntax::Repair made;
  made.changes = {{{at, at}, ")"}};
  made.title = std::to_string(at);
  made.score = score;
  made.preferred = preferred;
  return made;
}

/// The titles as listed; `*` marks the preferred one, `m` one by the model.
std::string shown(const ErrorRepairs& repairs) {
  std::string text;
  for (const ListedRepair& each : repairs.listed()) {
    REQUIRE(repairs.find(each.number) != nullptr);
    text += (text.empty() ? "" : " ") + repairs.find(each.number)->title;
    text += each.preferred ? "*" : "";
    text += each.by_model ? "m" : "";
  }
  return text;
}

}  // namespace

TEST_CASE("without advice the found repairs are listed as they were found, three of them") {
  CHECK(shown(ErrorRepairs({}, {})).empty());
  CHECK(shown(ErrorRepairs({repair(1, 5, true), repair(2, 4), repair(3, 3), repair(4, 2)}, std::nullopt)) == "1* 2 3");
  CHECK(shown(ErrorRepairs({repair(1, 5), repair(2, 4)}, std::nullopt)) == "1 2");
}

TEST_CASE("a model changes the order of close repairs, and which one is preferred, but no numbers") {
  ErrorRepairs repairs({repair(1, 5), repair(2, 4.8), repair(3, 4.5), repair(4, 4.4)}, std::nullopt);
  repairs.take({.written = {}, .log_probabilities = {-60, -58, -20, -61}});
  CHECK(shown(repairs) == "3* 2 1");
  CHECK(repairs.find(0)->title == "1");
  CHECK_FALSE(repairs.asks_for_advice());

  ErrorRepairs undecided({repair(1, 5, true), repair(2, 4.9), repair(3, 4.9)}, std::nullopt);
  undecided.take({.written = {}, .log_probabilities = {-60, -60, -60}});
  CHECK(shown(undecided) == "1 2 3");  // none has half of the chances
}

TEST_CASE("a repair that the ranker is sure of stays first whatever the model says of the others") {
  ErrorRepairs repairs({repair(1, 20, true), repair(2, 2), repair(3, 1)}, std::nullopt);
  repairs.take({.written = {}, .log_probabilities = {-40, -38, -39}});
  CHECK(shown(repairs) == "1* 2 3");
}

TEST_CASE("repairs that were not compared stay behind, in their order") {
  ErrorRepairs repairs({repair(1, 5), repair(2, 4.5), repair(3, -4), repair(4, -5)}, std::nullopt);
  repairs.take({.written = {}, .log_probabilities = {-60, -20}});
  CHECK(shown(repairs) == "2* 1 3");
}

TEST_CASE("what the ranker lists behind another one for a reason of its own is no better by its score") {
  // The second has the higher score, but leaves more errors that the grammar lets pass.
  ErrorRepairs repairs({repair(1, 1), repair(2, 3)}, std::nullopt);
  repairs.take({.written = {}, .log_probabilities = {-30, -30.5}});
  CHECK(shown(repairs) == "1* 2");
}

TEST_CASE("what the model wrote and could not compare comes behind a repair that stands out, else first") {
  ErrorRepairs sure({repair(1, 9, true), repair(2, 1)}, {{{7}}});
  sure.take({.written = {repair(7, 0)}, .log_probabilities = {}});
  CHECK(shown(sure) == "1* 7m 2");
  CHECK(sure.find(2)->title == "7");
  CHECK(sure.find(3) == nullptr);

  ErrorRepairs unsure({repair(1, 2), repair(2, 1)}, {{{7}}});
  unsure.take({.written = {repair(7, 0)}, .log_probabilities = {}});
  CHECK(shown(unsure) == "7m 1 2");

  ErrorRepairs alone({}, {{{7}}});
  CHECK(alone.asks_for_advice());
  alone.take({.written = {repair(7, 0)}, .log_probabilities = {}});
  CHECK(shown(alone) == "7m");
}

TEST_CASE("what the model wrote is compared with the found repairs, and is never preferred") {
  ErrorRepairs likely({repair(1, 5, true), repair(2, 4), repair(3, -9)}, {{{7}}});
  likely.take({.written = {repair(7, 0)}, .log_probabilities = {-80, -70, -20}});
  CHECK(shown(likely) == "7m 2 1 3");

  ErrorRepairs unlikely({repair(1, 5, true), repair(2, 4), repair(3, 3.9), repair(4, 3.8)}, {{{7}, {8}}});
  unlikely.take({.written = {repair(7, 0), repair(8, 0)}, .log_probabilities = {-20, -50, -50, -50, -24, -60}});
  CHECK(shown(unlikely) == "1* 7m 2 3 8m");

  ErrorRepairs alone({}, {{{7}, {8}}});
  alone.take({.written = {repair(7, 0), repair(8, 0)}, .log_probabilities = {-30, -20}});
  CHECK(shown(alone) == "8m 7m");
}

TEST_CASE("one repair and no hole leave nothing to ask, and unknown holes are waited for") {
  const std::vector<syntax::Hole> none;
  CHECK_FALSE(ErrorRepairs({repair(1, 1)}, none).asks_for_advice());
  CHECK_FALSE(ErrorRepairs({}, none).asks_for_advice());
  CHECK(ErrorRepairs({repair(1, 1), repair(2, 0)}, none).asks_for_advice());
  CHECK_FALSE(ErrorRepairs({repair(1, 1), repair(2, 0)}, std::nullopt).asks_for_advice());
}

TEST_CASE("holes may become known later, and nothing else changes") {
  ErrorRepairs repairs({repair(1, 1)}, std::nullopt);
  CHECK_FALSE(repairs.knows_holes());
  CHECK_FALSE(repairs.asks_for_advice());
  ErrorRepairs later({repair(2, 1)}, {{{7}}});
  repairs.take_holes(later);
  CHECK(repairs.knows_holes());
  CHECK(repairs.asks_for_advice());
  CHECK(shown(repairs) == "1");
}
