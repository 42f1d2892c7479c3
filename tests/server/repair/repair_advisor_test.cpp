#include "server/repair/repair_advisor.h"

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "../completion/fake_model.h"

using namespace lacuna;
using namespace lacuna::server;
using lacuna::server::test::ScriptedSource;

namespace {

std::shared_ptr<const Snapshot> snapshot_of(const std::string& text) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->uri = "file:///a.c";
  snapshot->path = "/a.c";
  snapshot->text = std::make_shared<const std::string>(text);
  snapshot->language = syntax::find_language("c", "");
  auto tree = syntax::SyntaxTree::parse(*snapshot->language, text);
  REQUIRE(tree.ok());
  snapshot->tree = std::make_shared<const syntax::SyntaxTree>(*tree);
  return snapshot;
}

const std::string kText = "int f(void) { return g(1; }\n";
const std::string kHoleText = "int f(void) {\n  int x = ;\n  return x;\n}\n";
constexpr uint32_t kHole = 24;

struct Advice {
  ScriptedSource source;
  RepairAdvisor advisor{source, [](const auto& work, const auto& done) {
                          work();
                          done();
                        }};
  std::optional<RepairAdvice> answer;
  int num_answers = 0;

  static RepairQuestion question(const std::string& text, size_t num_repairs, std::vector<syntax::Hole> holes) {
    RepairQuestion made;
    made.snapshot = snapshot_of(text);
    made.error = syntax::diagnose(*made.snapshot->tree, text).at(0);
    for (uint32_t i = 0; i < num_repairs; ++i) {
      syntax::Repair repair;
      repair.changes = {{{20 + i, 20 + i}, ")"}};
      made.repairs.push_back(repair);
    }
    made.holes = std::move(holes);
    return made;
  }
  void ask(RepairQuestion asked) {
    advisor.ask(std::move(asked), [this](RepairAdvice given) {
      answer = std::move(given);
      ++num_answers;
    });
  }
  void score(engine::RequestId id, std::vector<float> values) {
    engine::Update update;
    update.id = id;
    update.finished = true;
    update.reason = engine::FinishReason::length;
    update.prompt_log_probabilities = std::move(values);
    source.answer(update);
  }
};

}  // namespace

TEST_CASE("the first repair is scored alone, then the others, and each gets its sum") {
  Advice advice;
  advice.ask(Advice::question(kText, 3, {}));
  CHECK(advice.source.last_id == 1);
  CHECK(advice.source.request(1).max_tokens == 0);
  CHECK(advice.source.request(1).scored_tokens > 0);
  CHECK(advice.source.request(1).priority == engine::Priority::next);
  advice.score(1, {-1, -2});
  REQUIRE(advice.source.last_id == 3);
  advice.score(3, {-5});
  CHECK_FALSE(advice.answer);
  CHECK(advice.advisor.subject() != nullptr);
  advice.score(2, {-4, -4});
  REQUIRE(advice.answer);
  CHECK(advice.answer->log_probabilities == std::vector<double>{-3, -8, -5});
  CHECK(advice.answer->written.empty());
  CHECK(advice.advisor.subject() == nullptr);
}

TEST_CASE("repairs without a chance are not compared") {
  Advice advice;
  RepairQuestion question = Advice::question(kText, 4, {});
  question.repairs[0].score = 10;
  question.repairs[1].score = 8;
  question.repairs[2].score = -3;
  question.repairs[3].score = -9;
  advice.ask(question);
  advice.score(1, {-1});
  advice.score(2, {-2});
  REQUIRE(advice.answer);
  CHECK(advice.answer->log_probabilities.size() == 2);

  question.repairs[1].score = 1;
  advice.ask(question);
  CHECK(advice.num_answers == 2);
  CHECK(advice.answer->log_probabilities.empty());
  CHECK(advice.source.last_id == 2);
}

TEST_CASE("a model that fails leaves the order alone") {
  Advice advice;
  advice.ask(Advice::question(kHoleText, 2, {{kHole}}));
  CHECK(advice.source.request(1).max_tokens > 0);
  advice.source.end(1, engine::FinishReason::failed, {ErrorCode::corrupt, "broken"});
  REQUIRE(advice.source.last_id == 2);
  CHECK(advice.source.request(2).scored_tokens > 0);
  advice.score(2, {-1});
  REQUIRE(advice.source.last_id == 3);
  advice.source.end(3, engine::FinishReason::failed, {ErrorCode::corrupt, "broken"});
  REQUIRE(advice.answer);
  CHECK(advice.answer->log_probabilities.empty());
  CHECK(advice.answer->written.empty());
}

TEST_CASE("a written text is compared with the found repairs") {
  Advice advice;
  advice.ask(Advice::question(kHoleText, 2, {{kHole}}));
  advice.source.write(1, "42");
  advice.source.end(1);
  advice.score(2, {-1});
  REQUIRE(advice.source.last_id == 4);
  advice.score(3, {-2});
  advice.score(4, {-3});
  REQUIRE(advice.answer);
  CHECK(advice.answer->written.size() == 1);
  CHECK(advice.answer->log_probabilities == std::vector<double>{-1, -2, -3});
}

TEST_CASE("a text that says what was found already is not listed twice") {
  Advice advice;
  RepairQuestion question = Advice::question(kHoleText, 0, {{kHole}, {kHole}});
  advice.ask(question);
  advice.source.write(1, "42");
  advice.source.end(1);
  advice.source.write(2, "42");
  advice.source.end(2);
  REQUIRE(advice.answer);
  CHECK(advice.answer->written.size() == 1);
}

TEST_CASE("what the model writes for a hole becomes a repair if it mends") {
  Advice advice;
  advice.ask(Advice::question(kHoleText, 0, {{kHole}}));
  REQUIRE(advice.source.last_id == 1);
  CHECK(advice.source.prompt(1).find("int x = ") != std::string::npos);
  CHECK(advice.source.prompt(1).find(";\n  return x;") != std::string::npos);
  advice.source.write(1, "42");
  advice.source.write(1, ";\n");
  if (!advice.answer) advice.source.end(1);
  REQUIRE(advice.answer);
  REQUIRE(advice.answer->written.size() == 1);
  const syntax::Repair& written = advice.answer->written.front();
  CHECK(syntax::apply(kHoleText, written.changes) == "int f(void) {\n  int x = 42;\n  return x;\n}\n");
  CHECK(written.remaining_errors == 0);

  advice.ask(Advice::question(kHoleText, 0, {{kHole}}));
  advice.source.write(2, "(((");
  advice.source.end(2);
  CHECK(advice.num_answers == 2);
  CHECK(advice.answer->written.empty());
}

TEST_CASE("unseen characters and bytes that are no text do not get into a file") {
  Advice advice;
  advice.ask(Advice::question(kHoleText, 0, {{kHole}}));
  advice.source.write(1, "7\xE2\x80\xAE + 8");
  advice.source.end(1);
  REQUIRE(advice.answer);
  REQUIRE(advice.answer->written.size() == 1);
  CHECK(advice.answer->written.front().changes.front().text == "7");
}

TEST_CASE("without a model, or without one that fills in the middle, nothing is written") {
  Advice advice;
  advice.source.silence = "no model";
  CHECK_FALSE(advice.advisor.available());
  advice.ask(Advice::question(kHoleText, 2, {{kHole}}));
  CHECK(advice.num_answers == 1);
  CHECK(advice.source.last_id == 0);

  ScriptedSource plain(false);
  RepairAdvisor advisor(plain, [](const auto& work, const auto& done) { work(), done(); });
  std::optional<RepairAdvice> answer;
  advisor.ask(Advice::question(kHoleText, 1, {{kHole}}), [&](RepairAdvice given) { answer = std::move(given); });
  REQUIRE(answer);
  CHECK(plain.last_id == 0);
}

TEST_CASE("a model that is replaced meanwhile ends the question with what is there") {
  for (const bool while_checking : {false, true}) {
    CAPTURE(while_checking);
    ScriptedSource source;
    std::function<void()> worker;
    RepairAdvisor advisor(source, [&](const auto& work, const auto& done) {
      worker = [work, done] {
        work();
        done();
      };
    });
    std::optional<RepairAdvice> answer;
    advisor.ask(Advice::question(kHoleText, 2, {{kHole}, {kHole}}),
                [&](RepairAdvice given) { answer = std::move(given); });
    REQUIRE(source.last_id == 1);
    if (while_checking) {
      source.write(1, "42");
      source.end(1);
      REQUIRE(worker);
      source.silence = "loading";
      worker();
    } else {
      source.silence = "loading";
      source.end(1, engine::FinishReason::cancelled);
    }
    REQUIRE(answer);
    CHECK(answer->written.size() == (while_checking ? 1 : 0));
    CHECK(answer->log_probabilities.empty());
    CHECK(source.last_id == 1);
  }
}

TEST_CASE("a new question, a stop and the end drop the one before, without an answer") {
  Advice advice;
  advice.ask(Advice::question(kText, 2, {}));
  advice.ask(Advice::question(kHoleText, 0, {{kHole}}));
  CHECK(advice.source.cancelled == std::vector<engine::RequestId>{1});
  advice.source.end(1, engine::FinishReason::cancelled);  // arrives late
  CHECK(advice.num_answers == 0);
  advice.advisor.stop();
  CHECK(advice.source.cancelled == std::vector<engine::RequestId>{1, 2});
  CHECK(advice.advisor.subject() == nullptr);
  advice.source.end(2, engine::FinishReason::cancelled);
  CHECK(advice.num_answers == 0);
  {
    RepairAdvisor other(advice.source, [](const auto& work, const auto& done) { work(), done(); });
    other.ask(Advice::question(kText, 2, {}), [&](RepairAdvice) { ++advice.num_answers; });
  }
  CHECK(advice.source.cancelled.size() == 3);
  advice.source.end(3, engine::FinishReason::cancelled);
  CHECK(advice.num_answers == 0);
}

TEST_CASE("a prompt that is longer than the model's context is not asked") {
  Advice advice;
  advice.source.context = 4;
  advice.ask(Advice::question(kHoleText, 2, {{kHole}}));
  REQUIRE(advice.answer);
  CHECK(advice.source.last_id == 0);
}
