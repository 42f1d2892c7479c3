#include "server/completion/reference_texts.h"

#include <doctest/doctest.h>

#include "fake_model.h"

using namespace lacuna;
using namespace lacuna::server;

namespace {

struct Fixture {
  test::SpellingTokenizer tokenizer;
  ReferenceTexts references;

  void work_on(const std::string& uri, const std::string& text, uint32_t cursor = 0) {
    references.update(tokenizer, uri, std::make_shared<const std::string>(text), cursor);
  }
  std::string text() {
    const auto tokens = references.tokens(tokenizer);
    return tokens ? tokenizer.decode(*tokens) : "none";
  }
};

}  // namespace

TEST_CASE("references are the documents worked on, the last one at the end") {
  Fixture f;
  CHECK(f.text() == "none");
  f.work_on("a", "one\n");
  f.work_on("b", "two\n");
  CHECK(f.text() == "one\ntwo\n");
  f.work_on("a", "three\n");
  CHECK(f.text() == "two\nthree\n");
  f.references.document_closed("b");
  CHECK(f.text() == "three\n");
  f.references.document_closed("a");
  CHECK(f.text() == "none");
}

TEST_CASE("of many documents the oldest are left out") {
  Fixture f;
  for (const std::string name : {"a", "b", "c", "d", "e"}) f.work_on(name, name + "\n");
  CHECK(f.text() == "b\nc\nd\ne\n");
}

TEST_CASE("the same text is not joined again, and goes to the end when it is worked on again") {
  Fixture f;
  const auto text = std::make_shared<const std::string>("one\n");
  f.references.update(f.tokenizer, "a", text, 0);
  const auto before = f.references.tokens(f.tokenizer);
  f.references.update(f.tokenizer, "a", text, 2);
  CHECK(f.references.tokens(f.tokenizer) == before);
  f.work_on("b", "two\n");
  f.references.update(f.tokenizer, "a", text, 2);
  CHECK(f.text() == "two\none\n");
}

TEST_CASE("of a long document there are whole lines around the cursor") {
  Fixture f;
  std::string text;
  while (text.size() < 100'000) text += "line " + std::to_string(text.size()) + "\n";
  f.work_on("a", text, 50'000);
  const std::string kept = f.text();
  CHECK(kept.size() <= ReferenceTexts::kBytesBefore + ReferenceTexts::kBytesAfter);
  CHECK(kept.size() > (ReferenceTexts::kBytesBefore + ReferenceTexts::kBytesAfter) / 2);
  const size_t begin = text.find(kept);
  REQUIRE(begin != std::string::npos);
  CHECK(text[begin - 1] == '\n');
  CHECK(kept.ends_with('\n'));
  CHECK(begin < 50'000);
  CHECK(begin + kept.size() > 50'000);
}

TEST_CASE("a text without a line end near the cursor is left out") {
  Fixture f;
  f.work_on("a", std::string(100'000, 'x'), 50'000);
  CHECK(f.text() == "");
}

TEST_CASE("of another tokenizer's tokens nothing is kept") {
  Fixture f;
  f.work_on("a", "one\n");
  const test::SpellingTokenizer other;
  CHECK(f.references.tokens(other) == nullptr);
  f.references.update(other, "b", std::make_shared<const std::string>("two\n"), 0);
  CHECK(other.decode(*f.references.tokens(other)) == "two\n");
}
