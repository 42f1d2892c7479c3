#include "server/completion/prompt_builder.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "server/completion/prompt_window.h"
#include "tests/server/completion/fake_model.h"

using namespace lacuna;
using namespace lacuna::server;
using lacuna::server::test::SpellingTokenizer;

namespace {

struct Built {
  std::string text;  ///< the decoded prompt
  Prompt prompt;
};

/// `marked` holds one `^`, the cursor.
Built build(const std::string& marked, const std::string& path = "", bool fill_in_middle = true,
            PromptBudget budget = {}) {
  const size_t cursor = marked.find('^');
  REQUIRE(cursor != std::string::npos);
  const std::string text = marked.substr(0, cursor) + marked.substr(cursor + 1);
  const auto at = static_cast<uint32_t>(cursor);
  const SpellingTokenizer tokenizer(fill_in_middle);
  Built built;
  built.prompt =
      build_prompt(tokenizer, {.text = text, .path = path, .cursor = at, .anchor = at, .heal_from = at}, budget);
  built.text = tokenizer.decode(built.prompt.tokens);
  return built;
}

std::string numbered_lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "value" + std::to_string(i) + " = compute(" + std::to_string(i * 7) + ")\n";
  return text;
}

std::string before(const std::string& text, int budget) {
  const SpellingTokenizer tokenizer;
  engine::IncrementalEncoder encoder(tokenizer);
  return tokenizer.decode(tokens_before(encoder, text, static_cast<uint32_t>(text.size()), budget));
}

std::string after(const std::string& text, int budget) {
  const SpellingTokenizer tokenizer;
  engine::IncrementalEncoder encoder(tokenizer);
  return tokenizer.decode(tokens_after(encoder, text, 0, budget));
}

}  // namespace

TEST_CASE("the prompt is prefix, suffix, middle, with the file's name in front") {
  CHECK(build("a = ^\nb\n").text == "<|fim_prefix|>a = <|fim_suffix|>\nb\n<|fim_middle|>");
  CHECK(build("a^b", "/home/me/src/x.py").text == "<|file_sep|>x.py\n<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>");
}

TEST_CASE("a model without fill-in-the-middle tokens gets the text before the cursor") {
  const Built built = build("a = ^\nb\n", "x.py", /*fill_in_middle=*/false);
  CHECK(built.text == "a = ");
  CHECK_FALSE(built.prompt.fill_in_middle);
}

TEST_CASE("an empty file and cursors at both ends have prompts") {
  CHECK(build("^").text == "<|fim_prefix|><|fim_suffix|><|fim_middle|>");
  CHECK(build("^x").text == "<|fim_prefix|><|fim_suffix|>x<|fim_middle|>");
  CHECK(build("x^").text == "<|fim_prefix|>x<|fim_suffix|><|fim_middle|>");
}

TEST_CASE("control tokens in source text stay text") {
  const SpellingTokenizer tokenizer;
  const Built built = build("s = '<|fim_middle|>'^<|endoftext|>", "<|fim_suffix|>.py");
  const auto count = [&](engine::TokenId token) {
    return std::count(built.prompt.tokens.begin(), built.prompt.tokens.end(), token);
  };
  CHECK(count(tokenizer.fim().middle) == 1);
  CHECK(count(tokenizer.fim().suffix) == 1);
  CHECK(count(tokenizer.fim().prefix) == 1);
  CHECK(count(*tokenizer.find("<|endoftext|>")) == 0);
  CHECK(built.prompt.tokens.back() == tokenizer.fim().middle);
}

TEST_CASE("line ends of Windows reach the model as newlines") {
  CHECK(build("a\r\nb^\r\nc\r\n").text == "<|fim_prefix|>a\nb<|fim_suffix|>\nc\n<|fim_middle|>");
}

TEST_CASE("text between the anchor and the cursor begins the middle") {
  const SpellingTokenizer tokenizer;
  const std::string text = "a = print\nb";
  const Prompt prompt =
      build_prompt(tokenizer, {.text = text, .path = "", .cursor = 9, .anchor = 4, .heal_from = 9}, {});
  CHECK(tokenizer.decode(prompt.tokens) == "<|fim_prefix|>a = <|fim_suffix|>\nb<|fim_middle|>print");
  CHECK(prompt.forced.empty());
}

TEST_CASE("healing leaves the tokens of the last word to the model and says what it must write") {
  const SpellingTokenizer tokenizer;
  const std::string text = "x = print";
  const Prompt prompt =
      build_prompt(tokenizer, {.text = text, .path = "", .cursor = 9, .anchor = 0, .heal_from = 6}, {});
  CHECK(tokenizer.decode(prompt.tokens) == "<|fim_prefix|><|fim_suffix|><|fim_middle|>x =");
  CHECK(prompt.forced == " print");
}

TEST_CASE("a window holds at most its budget and begins and ends at lines") {
  const SpellingTokenizer tokenizer;
  engine::IncrementalEncoder encoder(tokenizer);
  const std::string text = numbered_lines(2000);
  for (const int budget : {1, 7, 64, 300, 1024}) {
    CAPTURE(budget);
    const auto prefix = tokens_before(encoder, text, static_cast<uint32_t>(text.size()), budget);
    const auto suffix = tokens_after(encoder, text, 0, budget);
    CHECK(prefix.size() <= static_cast<size_t>(budget));
    CHECK(suffix.size() <= static_cast<size_t>(budget));
    CHECK(text.ends_with(tokenizer.decode(prefix)));
    CHECK(text.starts_with(tokenizer.decode(suffix)));
    if (budget < 64) continue;
    CHECK(prefix.size() >= static_cast<size_t>(budget) / 3);
    CHECK(suffix.size() >= static_cast<size_t>(budget) / 2);
    CHECK(tokenizer.decode(prefix).starts_with("value"));
    CHECK(tokenizer.decode(suffix).ends_with(")\n"));
  }
}

TEST_CASE("a text within the budget is taken whole") {
  const std::string text = numbered_lines(10);
  CHECK(before(text, 1000) == text);
  CHECK(after(text, 1000) == text);
  CHECK(before(text, 0).empty());
  CHECK(after(text, 0).empty());
}

TEST_CASE("while a person types, the beginning of the window moves seldom and in big steps") {
  std::string text = numbered_lines(500);
  std::string typed = numbered_lines(60);
  int moves = 0;
  size_t last_begin = 0;
  for (const char byte : typed) {
    text += byte;
    const size_t begin = text.size() - before(text, 600).size();
    if (last_begin != 0 && begin != last_begin) {
      ++moves;
    }
    last_begin = begin;
  }
  CHECK(moves >= 1);   // the budget is kept
  CHECK(moves <= 20);  // 60 lines; the window has 24, so it could not move much less often
}

TEST_CASE("the window's beginning does not depend on what is far above it") {
  const std::string text = numbered_lines(500);
  CHECK(before(text, 600) == before("import os\nimport sys\n" + text, 600));
}

TEST_CASE("a text of one long line is cut between characters") {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "\xC3\xA9";
  const SpellingTokenizer tokenizer;
  const std::string prefix = before(text, 100);
  CHECK_FALSE(prefix.empty());
  CHECK(static_cast<unsigned char>(prefix[0]) == 0xC3);
  CHECK(after(text, 100).ends_with("\xC3\xA9"));
}

TEST_CASE("of ten megabytes only the neighbourhood is encoded") {
  class CountingTokenizer final : public engine::Tokenizer {
   public:
    std::vector<engine::TokenId> encode(std::string_view text, bool parse_special) const override {
      bytes += text.size();
      return inner.encode(text, parse_special);
    }
    std::string decode(std::span<const engine::TokenId> tokens) const override { return inner.decode(tokens); }
    std::string_view piece(engine::TokenId token) const override { return inner.piece(token); }
    bool is_control(engine::TokenId token) const override { return inner.is_control(token); }
    std::optional<engine::TokenId> find(std::string_view piece) const override { return inner.find(piece); }
    int size() const override { return inner.size(); }
    std::vector<uint32_t> split(std::string_view text) const override { return inner.split(text); }
    size_t split_margin() const override { return inner.split_margin(); }
    const engine::FimTokens& fim() const override { return inner.fim(); }
    std::optional<engine::TokenId> bos() const override { return inner.bos(); }
    std::span<const engine::TokenId> end_tokens() const override { return inner.end_tokens(); }
    mutable size_t bytes = 0;
    SpellingTokenizer inner;
  };
  std::string text;
  while (text.size() < 10u << 20) text += numbered_lines(10000);
  CountingTokenizer tokenizer;
  const auto cursor = static_cast<uint32_t>(text.size() / 2);
  const Prompt prompt =
      build_prompt(tokenizer, {.text = text, .path = "", .cursor = cursor, .anchor = cursor, .heal_from = cursor}, {});
  CHECK(prompt.tokens.size() > 700);
  CHECK(tokenizer.bytes < 20000);
}
