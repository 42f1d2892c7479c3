#include "engine/tokenizer/tokenizer.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "engine/gguf/gguf_file.h"
#include "engine/tokenizer/merges.h"
#include "engine/tokenizer/vocabulary.h"
#include "support/os.h"
#include "tests/engine/gguf_builder.h"

namespace lacuna::engine {
namespace {

using gguf::GgufBuilder;
using Tokens = std::vector<TokenId>;

/// A tokenizer and the file that it looks into.
struct Loaded {
  std::string bytes;
  std::unique_ptr<const gguf::File> file;
  std::unique_ptr<const Tokenizer> tokenizer;
};

Loaded load(const GgufBuilder& builder) {
  Loaded loaded;
  loaded.bytes = builder.build();
  auto file = gguf::File::parse(std::as_bytes(std::span(loaded.bytes)));
  REQUIRE_MESSAGE(file.ok(), file.error().message);
  loaded.file = std::make_unique<const gguf::File>(std::move(*file));
  auto tokenizer = Tokenizer::load(*loaded.file);
  REQUIRE_MESSAGE(tokenizer.ok(), tokenizer.error().message);
  loaded.tokenizer = std::move(*tokenizer);
  return loaded;
}

GgufBuilder tiny() {
  GgufBuilder builder;
  gguf::add_tiny_vocabulary(builder);
  return builder;
}

// Ids of the tiny vocabulary; bytes are their own ids.
constexpr TokenId th = 256, the = 257, space_the = 258, in = 259, two_spaces = 260, four_spaces = 261, re = 262,
                  ret = 263;
constexpr TokenId end_of_text = 264, fim_prefix = 265, fim_suffix = 266, fim_middle = 267, tool = 268;

TEST_CASE("pieces are merged in the order of the ranks") {
  const Loaded tiny_one = load(tiny());
  const Tokenizer& t = *tiny_one.tokenizer;
  CHECK(t.encode("the") == Tokens{the});
  CHECK(t.encode(" the") == Tokens{space_the});
  CHECK(t.encode("thin") == Tokens{th, in});
  CHECK(t.encode("ret") == Tokens{ret});
  CHECK(t.encode("reth") == Tokens{re, th});  // "t h" was learned before "re t"
  CHECK(t.encode("     x") == Tokens{four_spaces, ' ', 'x'});
  CHECK(t.encode("  \n") == Tokens{two_spaces, '\n'});
  CHECK(t.encode("").empty());
}

TEST_CASE("tokens are never merged across pieces") {
  const Loaded tiny_one = load(tiny());
  CHECK(tiny_one.tokenizer->encode("t'h") == Tokens{'t', '\'', 'h'});
  CHECK(tiny_one.tokenizer->encode("t\nhe") == Tokens{'t', '\n', 'h', 'e'});
}

TEST_CASE("control tokens are found only where they are asked for, user-defined ones always") {
  const Loaded tiny_one = load(tiny());
  const Tokenizer& t = *tiny_one.tokenizer;
  CHECK(t.encode("<|fim_prefix|>the<|fim_suffix|>", true) == Tokens{fim_prefix, the, fim_suffix});
  const Tokens plain = t.encode("<|fim_prefix|>");
  CHECK(plain.size() > 5);
  for (const TokenId token : plain) CHECK_FALSE(t.is_control(token));
  CHECK(t.encode("a<tool>b") == Tokens{'a', tool, 'b'});
  CHECK(t.encode("a<tool>b", true) == Tokens{'a', tool, 'b'});
  CHECK(t.encode("<too") == Tokens{'<', 't', 'o', 'o'});
  CHECK_FALSE(t.is_control(tool));
  CHECK(t.is_control(end_of_text));
  CHECK_FALSE(t.is_control(the));
}

/// Bytes are their own ids, then characters and tokens of a few of them, the spaces as SentencePiece writes them.
GgufBuilder sentence_pieces() {
  std::vector<std::string> texts;
  for (int byte = 0; byte < 256; ++byte) texts.push_back(fmt::format("<0x{:02X}>", byte));
  std::vector<int32_t> types(256, 6);
  std::vector<float> scores(256);
  const auto add = [&](const char* text, float score, int type = 1) {
    texts.push_back(text);
    scores.push_back(score);
    types.push_back(type);
  };
  for (const char* text : {"a", "b", "c", "\u2581"}) add(text, -100);  // 256 to 259
  add("ab", -2);                                                       // 260
  add("bc", -1);                                                       // 261
  add("abc", -3);                                                      // 262
  add("\u2581a", -4);                                                  // 263
  add("  ", 0, 4);                                                     // 264
  add("<s>", 0, 3);                                                    // 265
  add("cc", -2);                                                       // 266
  GgufBuilder builder;
  builder.set_string("general.architecture", "llama").set_string("tokenizer.ggml.model", "llama");
  builder.set_strings("tokenizer.ggml.tokens", texts).set_ints("tokenizer.ggml.token_type", types);
  builder.set_floats("tokenizer.ggml.scores", scores).set_u32("tokenizer.ggml.bos_token_id", 265);
  return builder;
}

TEST_CASE("sentence pieces are joined by score, of equal ones the leftmost first, and fall back to bytes") {
  const Loaded loaded = load(sentence_pieces());
  const Tokenizer& t = *loaded.tokenizer;
  CHECK(t.bos() == 265);
  CHECK(t.encode("ab") == Tokens{260});
  CHECK(t.encode("abc") == Tokens{262});  // "bc" first, then "a" and "bc"
  CHECK(t.encode("abcc") == Tokens{262, 258});
  CHECK(t.encode("ccc") == Tokens{266, 258});
  CHECK(t.encode("b a") == Tokens{257, 263});
  CHECK(t.encode("b  a") == Tokens{257, 264, 256});
  CHECK(t.encode("x") == Tokens{'x'});
  CHECK(t.encode("a\u00e9") == Tokens{256, 0xc3, 0xa9});
  CHECK(t.encode("a\xff"
                 "b") == Tokens{256, 0xff, 257});
  CHECK(t.encode("\u2581") == Tokens{0xe2, 0x96, 0x81});  // no space
  CHECK(t.encode("<s>a") == Tokens{'<', 's', '>', 256});
  CHECK(t.encode("<s>a", true) == Tokens{265, 256});
  CHECK(t.find(" a") == 263);
  CHECK(t.find("x") == 'x');
  CHECK_FALSE(t.find("xa").has_value());
}

TEST_CASE("sentence pieces give back any bytes, cut where no token crosses, and join a long text in time") {
  const Loaded loaded = load(sentence_pieces());
  const Tokenizer& t = *loaded.tokenizer;
  std::mt19937 random(5);
  const std::string_view parts[] = {"a", "b", "c", " ", "<s>", "\u2581", "\xff", "\xe2\x96", "\n", "\u4e00"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = static_cast<int>(random() % 30); i > 0; --i) text += parts[random() % std::size(parts)];
    REQUIRE(t.decode(t.encode(text)) == text);
    Tokens by_piece;
    size_t at = 0;
    for (const uint32_t length : t.split(text)) {
      const Tokens tokens = t.encode(std::string_view(text).substr(at, length));
      by_piece.insert(by_piece.end(), tokens.begin(), tokens.end());
      at += length;
    }
    REQUIRE(at == text.size());
    REQUIRE(by_piece == t.encode(text));
  }
  CHECK(t.encode(std::string(1 << 20, 'c')) == Tokens(1 << 19, 266));  // one piece: quadratic work would take minutes
}

TEST_CASE("of special tokens at one place the longest is taken") {
  GgufBuilder builder = tiny();
  auto texts = gguf::byte_texts();
  for (const char* text : {"<a", "<a>>", "<a>", "a>>>"}) texts.push_back(text);
  std::vector<int32_t> types(256, 1);
  types.insert(types.end(), 4, 4);
  builder.set_strings("tokenizer.ggml.tokens", texts).set_ints("tokenizer.ggml.token_type", types);
  builder.set_strings("tokenizer.ggml.merges", {}).set_u32("tokenizer.ggml.eos_token_id", 0);
  const Loaded loaded = load(builder);
  const Tokenizer& t = *loaded.tokenizer;
  CHECK(t.encode("<a>>") == Tokens{257});
  CHECK(t.encode("<a>") == Tokens{258});
  CHECK(t.encode("<a<a>x") == Tokens{256, 258, 'x'});
  CHECK(t.encode("<a>>>") == Tokens{257, '>'});  // the leftmost comes first
  CHECK(t.encode("a>>>") == Tokens{259});
}

TEST_CASE("the tokens of fill-in-the-middle are found by their texts") {
  const Loaded tiny_one = load(tiny());
  const FimTokens& fim = tiny_one.tokenizer->fim();
  CHECK(fim.available());
  CHECK(fim.prefix == fim_prefix);
  CHECK(fim.suffix == fim_suffix);
  CHECK(fim.middle == fim_middle);
  CHECK(fim.pad == -1);
  const auto ends = tiny_one.tokenizer->end_tokens();
  CHECK(Tokens(ends.begin(), ends.end()) == Tokens{end_of_text, fim_prefix, fim_suffix, fim_middle});
}

TEST_CASE("metadata names the tokens of fill-in-the-middle before their texts do") {
  const Loaded loaded =
      load(tiny().set_u32("tokenizer.ggml.fim_pre_token_id", tool).set_i32("tokenizer.ggml.fim_rep_token_id", 5));
  CHECK(loaded.tokenizer->fim().prefix == tool);
  CHECK(loaded.tokenizer->fim().suffix == fim_suffix);
  CHECK(loaded.tokenizer->fim().repository == 5);
}

TEST_CASE("a normal token with the text of an end token stays text") {
  GgufBuilder builder = tiny();
  auto texts = gguf::byte_texts();
  for (const char* text : {"</", "s>", "</s>", "<e>"}) texts.push_back(text);
  std::vector<int32_t> types(259, 1);
  types.push_back(3);
  builder.set_strings("tokenizer.ggml.tokens", texts).set_ints("tokenizer.ggml.token_type", types);
  builder.set_strings("tokenizer.ggml.merges", {"< /", "s >", "</ s>"}).set_u32("tokenizer.ggml.eos_token_id", 259);
  const Loaded loaded = load(builder);
  CHECK(loaded.tokenizer->encode("</s") == Tokens{256, 's'});
  CHECK_FALSE(loaded.tokenizer->is_control(258));
  const auto ends = loaded.tokenizer->end_tokens();
  CHECK(Tokens(ends.begin(), ends.end()) == Tokens{259});
}

TEST_CASE("a prompt begins with a token only where the model wants it") {
  const Loaded without = load(tiny().set_u32("tokenizer.ggml.bos_token_id", end_of_text));
  CHECK_FALSE(without.tokenizer->bos().has_value());
  GgufBuilder builder = tiny().set_u32("tokenizer.ggml.bos_token_id", end_of_text);
  CHECK(load(builder.set_bool("tokenizer.ggml.add_bos_token", true)).tokenizer->bos() == end_of_text);
  // Llama 3's early files do not say it, and its tokenizer always does it.
  builder.remove("tokenizer.ggml.add_bos_token").set_string("tokenizer.ggml.pre", "llama-bpe");
  CHECK(load(builder).tokenizer->bos() == end_of_text);
}

TEST_CASE("llama-3 takes a piece that is a token as it is, whatever the merges say") {
  GgufBuilder builder = tiny().set_strings("tokenizer.ggml.merges", {"h e"});
  auto texts = gguf::byte_texts();
  for (const char* text : {"th", "he", "the", "<|endoftext|>"}) texts.push_back(text);
  std::vector<int32_t> types(259, 1);
  types.push_back(3);
  builder.set_strings("tokenizer.ggml.tokens", texts).set_ints("tokenizer.ggml.token_type", types);
  builder.set_u32("tokenizer.ggml.eos_token_id", 259);
  CHECK(load(builder).tokenizer->encode("the") == Tokens{'t', 257});
  builder.set_string("tokenizer.ggml.pre", "llama-bpe");
  CHECK(load(builder).tokenizer->encode("the") == Tokens{258});
  CHECK(load(builder).tokenizer->encode("the", true) == Tokens{258});
}

TEST_CASE("tokens are found by their bytes") {
  const Loaded tiny_one = load(tiny());
  const Tokenizer& t = *tiny_one.tokenizer;
  CHECK(t.find(" the") == space_the);
  CHECK(t.find("\n") == '\n');
  CHECK(t.find("\xff") == 0xff);
  CHECK(t.find("<|endoftext|>") == end_of_text);
  CHECK(t.find("<tool>") == tool);
  CHECK_FALSE(t.find("Ġthe").has_value());  // the text in the file, not the bytes
  CHECK_FALSE(t.find("nothing").has_value());
  CHECK_FALSE(t.find("").has_value());
  CHECK(t.piece(space_the) == " the");
  CHECK(t.piece(end_of_text) == "<|endoftext|>");
  CHECK(t.size() == 269);
}

TEST_CASE("every byte and every pair of bytes comes back") {
  const Loaded tiny_one = load(tiny());
  const Tokenizer& t = *tiny_one.tokenizer;
  int wrong = 0;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string text = {static_cast<char>(a), static_cast<char>(b)};
      wrong += t.decode(t.encode(text)) != text;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("random bytes come back from every pre-tokenizer, and the pieces cover them") {
  std::mt19937 random(7);
  const std::vector<std::string> parts = {
      " ",  "\n", "\r\n",   "\t",   "a",    "Z",        "7", "'s",     "'LL", "'\u017F", "é", "中",
      "〇", "。", "\u3000", "\xe4", "\xff", "\xc0\x80", "😀", "\u0301", "_",   "->",      "½", std::string(1, '\0')};
  for (const char* pre : {"gpt-2", "smollm", "qwen2", "llama-bpe", "deepseek-coder"}) {
    CAPTURE(pre);
    const Loaded loaded = load(tiny().set_string("tokenizer.ggml.pre", pre));
    int wrong = 0;
    for (int round = 0; round < 2000; ++round) {
      std::string text;
      for (auto count = random() % 24; count > 0; --count) text += parts[random() % parts.size()];
      const auto lengths = loaded.tokenizer->split(text);
      wrong += loaded.tokenizer->decode(loaded.tokenizer->encode(text)) != text;
      wrong += std::accumulate(lengths.begin(), lengths.end(), size_t{0}) != text.size();
      wrong += std::count(lengths.begin(), lengths.end(), 0u) != 0;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("a text's tokens are those of its pieces") {
  const Loaded tiny_one = load(tiny());
  const Tokenizer& t = *tiny_one.tokenizer;
  const std::string text = "return the thing  in\n\n    <tool>the 'rest' in there\r\n";
  Tokens joined;
  size_t at = 0;
  for (const uint32_t length : t.split(text)) {
    for (const TokenId token : t.encode(text.substr(at, length))) joined.push_back(token);
    at += length;
  }
  CHECK(at == text.size());
  CHECK(joined == t.encode(text));
}

TEST_CASE("a byte that the vocabulary lacks is left out, as the reference does") {
  GgufBuilder builder = tiny();
  auto texts = gguf::byte_texts();
  texts[4] = "no byte";
  texts.push_back("<|endoftext|>");
  builder.set_strings("tokenizer.ggml.tokens", texts).remove("tokenizer.ggml.token_type");
  builder.set_strings("tokenizer.ggml.merges", {}).set_u32("tokenizer.ggml.eos_token_id", 256);
  const Loaded loaded = load(builder);
  CHECK(loaded.tokenizer->encode("a\4b") == Tokens{'a', 'b'});
}

TEST_CASE("a hole in the vocabulary decodes to nothing and is never found") {
  GgufBuilder builder = tiny();
  auto texts = gguf::byte_texts();
  for (const char* text : {"", "", "<|endoftext|>"}) texts.push_back(text);
  builder.set_strings("tokenizer.ggml.tokens", texts).remove("tokenizer.ggml.token_type");
  builder.set_strings("tokenizer.ggml.merges", {}).set_u32("tokenizer.ggml.eos_token_id", 258);
  const Loaded loaded = load(builder);
  CHECK(loaded.tokenizer->decode(Tokens{'a', 256, 257, 'b'}) == "ab");
  CHECK_FALSE(loaded.tokenizer->find("").has_value());
}

/// Merges over an alphabet of four letters, so that random text merges a lot, with ranks in random order.
GgufBuilder random_merges(std::mt19937& random) {
  auto texts = gguf::byte_texts();
  std::vector<std::string> made = {"a", "b", "c", "d"};
  std::vector<std::string> merges;
  while (merges.size() < 60) {
    const std::string left = made[random() % made.size()];
    const std::string right = made[random() % made.size()];
    const std::string merge = left + " " + right;
    if (left.size() + right.size() > 12 || std::count(merges.begin(), merges.end(), merge) != 0) continue;
    merges.push_back(merge);
    if (std::count(made.begin(), made.end(), left + right) == 0) {
      made.push_back(left + right);
      texts.push_back(left + right);
    }
  }
  std::shuffle(merges.begin(), merges.end(), random);
  GgufBuilder builder;
  builder.set_strings("tokenizer.ggml.tokens", texts).set_strings("tokenizer.ggml.merges", merges);
  return builder;
}

/// Byte-pair encoding as it is defined, without any thought of speed.
Tokens merged_by_definition(const Vocabulary& vocabulary, const std::vector<std::string>& merges,
                            std::string_view text) {
  std::vector<std::string> parts;
  for (const char c : text) parts.emplace_back(1, c);
  for (bool changed = true; changed;) {
    changed = false;
    for (const std::string& merge : merges) {
      const size_t space = merge.find(' ');
      for (size_t i = 0; i + 1 < parts.size() && !changed; ++i) {
        if (parts[i] != merge.substr(0, space) || parts[i + 1] != merge.substr(space + 1)) continue;
        parts[i] += parts[i + 1];
        parts.erase(parts.begin() + static_cast<ptrdiff_t>(i) + 1);
        changed = true;
      }
      if (changed) break;
    }
  }
  Tokens tokens;
  for (const std::string& part : parts) tokens.push_back(vocabulary.find_text(part));
  return tokens;
}

TEST_CASE("both ways of merging do what the definition says") {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const std::string bytes = random_merges(random).build();
    const auto file = gguf::File::parse(std::as_bytes(std::span(bytes)));
    REQUIRE(file.ok());
    const auto vocabulary = Vocabulary::load(*file);
    REQUIRE(vocabulary.ok());
    const auto merges = Merges::load(*file, *vocabulary);
    REQUIRE_MESSAGE(merges.ok(), merges.error().message);
    const auto views = file->strings("tokenizer.ggml.merges");
    const std::vector<std::string> lines(views->begin(), views->end());
    for (int round = 0; round < 25; ++round) {
      std::string text(random() % 49, ' ');
      for (char& c : text) c = static_cast<char>('a' + random() % 4);
      Tokens start;
      for (const char c : text) start.push_back(vocabulary->byte_token(static_cast<uint8_t>(c)));
      Tokens by_scan = start;
      by_scan.resize(merges->merge_short(by_scan));
      Tokens by_heap = start;
      by_heap.resize(merges->merge_long(by_heap));
      const Tokens expected = merged_by_definition(*vocabulary, lines, text);
      CHECK(by_scan == expected);
      CHECK(by_heap == expected);
    }
  }
}

TEST_CASE("a piece of a million letters is no trouble") {
  const Loaded tiny_one = load(tiny());
  std::string text;
  while (text.size() < 1000000) text += "threethein";
  const Tokens tokens = tiny_one.tokenizer->encode(text);
  CHECK(tiny_one.tokenizer->decode(tokens) == text);
  CHECK(tokens.size() == 500000);  // th re e the in
  CHECK(tiny_one.tokenizer->encode(std::string(1000000, ' ')).size() == 250000);
}

// ---- against the reference ----

std::string unhex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  return bytes;
}

/// The fields of each line of a golden file, which scripts/make_tokenizer_golden.py wrote; comments begin with '#'.
std::vector<std::vector<std::string>> golden_lines(const std::string& name) {
  const auto text = os::read_file(std::string(LACUNA_SOURCE_DIR) + "/tests/engine/golden/" + name, 1 << 20);
  REQUIRE_MESSAGE(text.ok(), text.error().message);
  std::vector<std::vector<std::string>> lines;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.starts_with('#')) continue;
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if (c == '\t') {
        fields.emplace_back();
      } else {
        fields.back().push_back(c);
      }
    }
    lines.push_back(std::move(fields));
  }
  return lines;
}

std::string joined(const auto& numbers) {
  std::string text;
  for (const auto number : numbers) {
    if (!text.empty()) text += ' ';
    text += std::to_string(number);
  }
  return text;
}

TEST_CASE("each pre-tokenizer cuts where the reference does") {
  std::vector<std::pair<std::string, Loaded>> tokenizers;
  for (const char* pre : {"gpt-2", "smollm", "qwen2", "llama-bpe", "deepseek-coder"}) {
    tokenizers.emplace_back(pre, load(tiny().set_string("tokenizer.ggml.pre", pre)));
  }
  const auto lines = golden_lines("splits.txt");
  REQUIRE(lines.size() >= 1000);
  for (const auto& fields : lines) {
    REQUIRE(fields.size() == 3);
    const auto found =
        std::find_if(tokenizers.begin(), tokenizers.end(), [&](const auto& t) { return t.first == fields[0]; });
    REQUIRE(found != tokenizers.end());
    CHECK_MESSAGE(joined(found->second.tokenizer->split(unhex(fields[1]))) == fields[2], fields[0], " ", fields[1]);
  }
}

void check_against_reference(const std::string& model) {
  const char* folder = std::getenv("LACUNA_TEST_MODELS");
  if (folder == nullptr) {
    MESSAGE("skipped: LACUNA_TEST_MODELS does not name the folder with ", model, ".gguf");
    return;
  }
  const auto file = gguf::File::open(std::string(folder) + "/" + model + ".gguf");
  REQUIRE_MESSAGE(file.ok(), file.error().message);
  const auto tokenizer = Tokenizer::load(*file);
  REQUIRE_MESSAGE(tokenizer.ok(), tokenizer.error().message);
  const auto lines = golden_lines("tokens-" + model + ".txt");
  REQUIRE(lines.size() >= 600);
  for (const auto& fields : lines) {
    REQUIRE(fields.size() == 3);
    const std::string text = unhex(fields[1]);
    const Tokens tokens = (*tokenizer)->encode(text, fields[0] == "special");
    CHECK_MESSAGE(joined(tokens) == fields[2], fields[1]);
  }
}

TEST_CASE("qwen2.5-coder-0.5b's tokens are the reference's") {
  check_against_reference("qwen2.5-coder-0.5b");
}
TEST_CASE("gemma3-270m's tokens are the reference's") {
  check_against_reference("gemma3-270m");
}
TEST_CASE("smollm2-135m's tokens are the reference's") {
  check_against_reference("smollm2-135m");
}

}  // namespace
}  // namespace lacuna::engine
