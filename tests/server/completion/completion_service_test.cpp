#include "server/completion/completion_service.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "tests/server/completion/service_fixture.h"

using namespace lacuna;
using namespace lacuna::server;
using lacuna::server::test::Fixture;

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

TEST_CASE("who asked waits for the whole text however long it takes") {
  Fixture f;
  const size_t query = f.ask("x = ^\n", "", /*invoked=*/true);
  f.source.write(1, "foo");
  f.now += std::chrono::seconds(10);
  f.source.write(1, "(1)");
  f.run_workers();
  CHECK(f.open(query));
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
