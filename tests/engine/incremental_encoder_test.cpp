#include "engine/tokenizer/incremental_encoder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/gguf/gguf_file.h"
#include "support/os.h"
#include "tests/engine/gguf_builder.h"

namespace lacuna::engine {
namespace {

using gguf::GgufBuilder;

/// A tokenizer and the file that it looks into.
struct Loaded {
  std::string bytes;
  std::unique_ptr<const gguf::File> file;
  std::unique_ptr<const Tokenizer> tokenizer;
};

Loaded load(gguf::File file) {
  Loaded loaded;
  loaded.file = std::make_unique<const gguf::File>(std::move(file));
  auto tokenizer = Tokenizer::load(*loaded.file);
  REQUIRE_MESSAGE(tokenizer.ok(), tokenizer.error().message);
  loaded.tokenizer = std::move(*tokenizer);
  return loaded;
}

Loaded load(const GgufBuilder& builder) {
  auto bytes = std::make_unique<std::string>(builder.build());
  auto file = gguf::File::parse(std::as_bytes(std::span(*bytes)));
  REQUIRE_MESSAGE(file.ok(), file.error().message);
  Loaded loaded = load(std::move(*file));
  loaded.bytes = std::move(*bytes);  // long: its characters stay where they are
  return loaded;
}

/// Byte-level, cut by the pre-tokenizer `pre`; `<tool>` and some blanks are user-defined tokens.
Loaded byte_level(const char* pre) {
  GgufBuilder builder;
  gguf::add_tiny_vocabulary(builder);
  return load(builder.set_string("tokenizer.ggml.pre", pre));
}

/// As Gemma's: words with and without the space before them, and runs of line ends and spaces that are user-defined.
Loaded sentence_pieces() {
  std::vector<std::string> texts;
  for (int byte = 0; byte < 256; ++byte) texts.push_back(fmt::format("<0x{:02X}>", byte));
  std::vector<int32_t> types(256, 6);
  std::vector<float> scores(256);
  const auto add = [&](const std::string& text, float score, int type = 1) {
    texts.push_back(text);
    scores.push_back(score);
    types.push_back(type);
  };
  for (char c = 'a'; c <= 'z'; ++c) add(std::string(1, c), -100);
  for (const char* text : {"\u2581", "(", ")", "_", "=", "\u4e2d", "\u6587", "\u00e9"}) add(text, -100);
  float score = -1;
  for (const char* text : {"re", "ret", "in", "\u2581i", "\u2581in", "nt", "\u2581int", "\u2581=", "()", "\u4e2d\u6587",
                           "\u2581\u4e2d", "se", "lf", "self", "\u2581self"})
    add(text, score--);
  const auto bos = static_cast<uint32_t>(texts.size());
  add("<s>", 0, 3);
  for (size_t length = 2; length <= 31; ++length) {
    add(std::string(length, '\n'), 0, 4);
    std::string blanks;
    for (size_t i = 0; i < length; ++i) blanks += "\u2581";
    add(blanks, 0, 4);
  }
  GgufBuilder builder;
  builder.set_string("general.architecture", "llama").set_string("tokenizer.ggml.model", "llama");
  builder.set_strings("tokenizer.ggml.tokens", texts).set_ints("tokenizer.ggml.token_type", types);
  builder.set_floats("tokenizer.ggml.scores", scores).set_u32("tokenizer.ggml.bos_token_id", bos);
  return load(builder);
}

/// Real programs, with Chinese comments behind some lines of the last.
std::vector<std::string> sources() {
  std::vector<std::string> texts;
  for (const char* name : {"inventory.py", "lru_cache.cpp", "ring_buffer.rs", "routes.ts", "tokens.c", "wordcount.go",
                           "IntervalSet.java"}) {
    auto text = os::read_file(std::string(LACUNA_SOURCE_DIR "/tests/samples/") + name, 1 << 20);
    REQUIRE_MESSAGE(text.ok(), text.error().message);
    texts.push_back(*std::move(text));
  }
  std::string commented;
  size_t number = 0;
  for (const char c : texts.front()) {
    if (c == '\n' && ++number % 5 == 0)
      commented += "  # \u4e2d\u6587\u6ce8\u91ca\uff0c\u7b2c" + std::to_string(number) + "\u884c\u3002";
    commented += c;
  }
  texts.push_back(commented);
  return texts;
}

/// What people and editors insert, and what cuts text in unusual places.
std::string inserted_text(std::mt19937& random, const std::string& source) {
  static const std::vector<std::string> parts = {"a",
                                                 "x1",
                                                 " ",
                                                 "  ",
                                                 "\n",
                                                 "\n\n",
                                                 "\r\n",
                                                 "\t",
                                                 "        ",
                                                 "(",
                                                 ")",
                                                 "'s",
                                                 "'r",
                                                 "'",
                                                 "e",
                                                 "LL",
                                                 "123",
                                                 "7",
                                                 "_",
                                                 "->",
                                                 "\u00e9",
                                                 "\u4e2d",
                                                 "\u3000",
                                                 "\u0085",
                                                 "\u2028",
                                                 "\xe4",
                                                 "\x80",
                                                 "\xff",
                                                 "\xf0\x9f",
                                                 "\xf0\x9f\x8e\x89",
                                                 "<tool>",
                                                 "<to",
                                                 "ol>",
                                                 "\u2581",
                                                 std::string(1, '\0'),
                                                 "\n    return self\n"};
  if (random() % 8 == 0) {  // a paste
    const size_t begin = random() % source.size();
    return source.substr(begin, random() % 2000);
  }
  std::string text;
  for (auto count = 1 + random() % 3; count > 0; --count) text += parts[random() % parts.size()];
  return text;
}

/// Typing, deleting, replacing, pasting, cutting the beginning or the end off, undo; near the last edit or anywhere.
void edit(std::mt19937& random, const std::string& source, std::string& text, size_t& cursor) {
  if (random() % 4 == 0) cursor = random() % (text.size() + 1);
  cursor = std::min(cursor, text.size());
  const auto erase = [&](size_t most) { text.erase(cursor, random() % most); };
  switch (random() % 12) {
    case 0:
      erase(200);
      break;
    case 1:
      text.erase(0, random() % 300);
      break;
    case 2:
      text.resize(text.size() - std::min<size_t>(text.size(), random() % 300));
      break;
    case 3:
      if (text.size() < source.size() / 2) text = source;
      break;
    case 4:
    case 5:
      erase(4);
      [[fallthrough]];
    default: {
      const std::string more = inserted_text(random, source);
      text.insert(cursor, more);
      cursor += more.size();
    }
  }
}

void check_random_edits(const Tokenizer& tokenizer, int rounds) {
  std::mt19937 random(11);
  for (const std::string& source : sources()) {
    IncrementalEncoder encoder(tokenizer);
    std::string text = source;
    size_t cursor = text.size() / 2;
    for (int round = 0; round < rounds; ++round) {
      REQUIRE(encoder.encode(text) == tokenizer.encode(text));
      std::vector<uint32_t> cuts;
      for (const uint32_t length : tokenizer.split(text)) cuts.push_back(length + (cuts.empty() ? 0 : cuts.back()));
      REQUIRE(encoder.cuts() == cuts);
      edit(random, source, text, cursor);
    }
  }
}

TEST_CASE("after any edits the tokens and cuts are those of the whole text, for every pre-tokenizer") {
  for (const char* pre : {"gpt-2", "smollm", "qwen2", "llama-bpe", "deepseek-coder"}) {
    CAPTURE(pre);
    check_random_edits(*byte_level(pre).tokenizer, 100);
  }
}

TEST_CASE("the same holds for sentence pieces") {
  check_random_edits(*sentence_pieces().tokenizer, 100);
}

TEST_CASE("the same holds for real vocabularies") {
  const char* folder = std::getenv("LACUNA_TEST_MODELS");
  if (folder == nullptr) {
    MESSAGE("skipped: LACUNA_TEST_MODELS does not name the folder with the models");
    return;
  }
  for (const char* model : {"qwen2.5-coder-0.5b", "smollm2-135m", "gemma3-270m"}) {
    CAPTURE(model);
    auto file = gguf::File::open(std::string(folder) + "/" + model + ".gguf");
    REQUIRE_MESSAGE(file.ok(), file.error().message);
    check_random_edits(*load(std::move(*file)).tokenizer, 20);
  }
}

TEST_CASE("a key in a long text costs a few dozen bytes, wherever it is") {
  const Loaded loaded = byte_level("qwen2");
  std::string text;
  while (text.size() < 100'000) text += sources().front();
  IncrementalEncoder encoder(*loaded.tokenizer);
  encoder.encode(text);
  CHECK(encoder.num_encoded_bytes() == text.size());
  for (const size_t at : {size_t{0}, text.size() / 3, text.size() / 2, text.size()}) {
    for (const char* key : {"x", ")", " ", "\n    "}) {
      text.insert(at, key);
      CHECK(encoder.encode(text) == loaded.tokenizer->encode(text));
      CHECK(encoder.num_encoded_bytes() <= 120);
    }
  }
  encoder.encode(text);
  CHECK(encoder.num_encoded_bytes() == 0);
}

}  // namespace
}  // namespace lacuna::engine
