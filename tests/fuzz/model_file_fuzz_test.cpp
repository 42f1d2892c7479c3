// Seeded random changes of model files, through everything that reads them: no crash, no sanitizer report, and what
// loads keeps its promises. LACUNA_FUZZ_ROUNDS in the environment asks for more than the few rounds of every build.
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "engine/gguf/gguf_file.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/engine/gguf_builder.h"

namespace lacuna::engine {
namespace {

using gguf::GgufBuilder;
using gguf::ValueType;

constexpr uint64_t odd_numbers[] = {0,
                                    1,
                                    2,
                                    3,
                                    7,
                                    8,
                                    9,
                                    12,
                                    13,
                                    31,
                                    32,
                                    33,
                                    64,
                                    127,
                                    128,
                                    255,
                                    256,
                                    257,
                                    268,
                                    269,
                                    270,
                                    4095,
                                    4096,
                                    4097,
                                    65535,
                                    65536,
                                    65537,
                                    1ull << 20,
                                    1ull << 24,
                                    1ull << 26,
                                    (1ull << 31) - 1,
                                    1ull << 31,
                                    (1ull << 32) - 1,
                                    1ull << 32,
                                    1ull << 61,
                                    1ull << 62,
                                    (1ull << 63) - 1,
                                    1ull << 63,
                                    ~0ull - 31,
                                    ~0ull,
                                    0x1D1D1D1D1D1D1D1Dull};

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}
  size_t below(size_t end) { return end == 0 ? 0 : random_() % end; }
  uint64_t odd_number() { return odd_numbers[below(std::size(odd_numbers))]; }

  /// One change of the bytes in [0, end).
  void change_bytes(std::string& bytes, size_t end) {
    const size_t at = below(end);
    const uint64_t number = odd_number();
    switch (below(6)) {
      case 0:
        bytes[at] = static_cast<char>(random_());
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 2:
        bytes.replace(at, 4, reinterpret_cast<const char*>(&number), 4);
        break;
      case 3:
        bytes.replace(at, 8, reinterpret_cast<const char*>(&number), 8);
        break;
      case 4:
        bytes.erase(at, 1 + below(16));
        break;
      case 5:
        bytes.insert(at, bytes.substr(below(end), 1 + below(32)));
        break;
    }
  }

  /// A value of a random type that means something odd.
  void change_value(GgufBuilder& builder, std::string_view key) {
    const uint64_t number = odd_number();
    switch (below(9)) {
      case 0:
        builder.set_u32(key, static_cast<uint32_t>(number));
        break;
      case 1:
        builder.set_u64(key, number);
        break;
      case 2:
        builder.set_i32(key, static_cast<int32_t>(number));
        break;
      case 3:
        builder.set_f32(key, static_cast<float>(static_cast<int64_t>(number)));
        break;
      case 4:
        builder.set_bool(key, below(2) == 0);
        break;
      case 5:
        builder.set_string(key, random_text());
        break;
      case 6:
        builder.set_strings(key, random_texts());
        break;
      case 7:
        builder.set_ints(key, random_ints());
        break;
      case 8:
        builder.set(key, ValueType::array,
                    gguf::encoded_array(static_cast<ValueType>(below(14)), number, random_text()));
        break;
    }
  }

  void change_tensor(GgufBuilder& builder, std::string_view name) {
    auto& tensor = builder.tensor(name);
    switch (below(5)) {
      case 0:
        tensor.type = static_cast<uint32_t>(odd_number());
        break;
      case 1:
        tensor.dims[below(tensor.dims.size())] = odd_number();
        break;
      case 2:
        tensor.offset = odd_number();
        break;
      case 3:
        tensor.num_dims = static_cast<uint32_t>(odd_number());
        break;
      case 4:
        tensor.dims.push_back(odd_number());
        break;
    }
  }

 private:
  std::string random_text() {
    static const std::vector<std::string> parts = {
        "a", " ", "t h", "Ġ", "gpt2", "qwen2", "smollm", "<|fim_prefix|>", "\xff", "\n", "中"};
    std::string text;
    for (size_t count = below(4); count > 0; --count) text += parts[below(parts.size())];
    return text;
  }
  std::vector<std::string> random_texts() {
    std::vector<std::string> texts(below(300));
    for (auto& text : texts) text = random_text();
    return texts;
  }
  std::vector<int32_t> random_ints() {
    std::vector<int32_t> numbers(below(2) == 0 ? 269 : below(300));
    for (auto& number : numbers) number = static_cast<int32_t>(below(8));
    return numbers;
  }

  std::mt19937_64 random_;
};

/// Reads every value with every accessor and every byte of the tensors. The sum keeps the reads.
uint64_t read_everything(const gguf::File& file) {
  uint64_t sum = 0;
  for (const gguf::Value& value : file.values()) {
    if (const auto n = file.u64(value.key)) sum += *n;
    if (const auto n = file.i64(value.key)) sum += static_cast<uint64_t>(*n);
    if (const auto n = file.f64(value.key)) sum += *n > 0;
    if (const auto n = file.boolean(value.key)) sum += *n;
    if (const auto text = file.string(value.key))
      sum += text->size() + (text->empty() ? 0 : static_cast<unsigned char>(text->back()));
    if (const auto texts = file.strings(value.key)) {
      size_t count = 0;
      for (const std::string_view text : *texts) count += 1 + (text.empty() ? 0 : text.back() == 'x');
      CHECK(count >= texts->size());
      sum += count;
    }
    if (const auto numbers = file.ints(value.key)) {
      for (size_t i = 0; i < numbers->size(); ++i) sum += static_cast<uint64_t>((*numbers)[i]);
    }
    if (const auto numbers = file.floats(value.key)) {
      for (size_t i = 0; i < numbers->size(); ++i) sum += (*numbers)[i] > 0;
    }
  }
  for (const gguf::Tensor& tensor : file.tensors()) {
    CHECK(file.find_tensor(tensor.name) == &tensor);
    for (const std::byte b : tensor.data) sum += static_cast<uint64_t>(b);
  }
  return sum;
}

void check_tokenizer(const Tokenizer& tokenizer) {
  const std::string text = "def f(x):\n    return the <|fim_prefix|> <tool> 12 中 \xff\r\n";
  for (const bool parse_special : {false, true}) {
    const auto tokens = tokenizer.encode(text, parse_special);
    for (const TokenId token : tokens) {
      REQUIRE(token >= 0);
      REQUIRE(token < tokenizer.size());
      if (!parse_special) CHECK_FALSE(tokenizer.is_control(token));
    }
    const std::string back = tokenizer.decode(tokens);
    CHECK(back.size() <= text.size());  // less where the vocabulary lacks a byte
    CHECK(back.starts_with("def f(x):\n    return the "));
  }
  for (TokenId id = 0; id < tokenizer.size(); ++id) CHECK(tokenizer.piece(id).size() <= 65536);
  for (const TokenId end : tokenizer.end_tokens()) CHECK((end >= 0 && end < tokenizer.size()));
  for (const TokenId id : {tokenizer.fim().prefix, tokenizer.fim().suffix, tokenizer.fim().middle, tokenizer.fim().pad,
                           tokenizer.fim().repository, tokenizer.fim().file_separator, tokenizer.bos().value_or(-1)}) {
    CHECK((id >= -1 && id < tokenizer.size()));
  }
}

struct Outcome {
  int containers = 0;
  int tokenizers = 0;
};

void run(const std::string& bytes, Outcome& outcome) {
  const auto file = gguf::File::parse(std::as_bytes(std::span(bytes)));
  if (!file) {
    CHECK_FALSE(file.error().message.empty());
    return;
  }
  ++outcome.containers;
  CHECK(read_everything(*file) != 1);
  const auto tokenizer = Tokenizer::load(*file);
  if (!tokenizer) {
    CHECK_FALSE(tokenizer.error().message.empty());
    return;
  }
  ++outcome.tokenizers;
  check_tokenizer(**tokenizer);
}

int rounds() {
  const char* more = std::getenv("LACUNA_FUZZ_ROUNDS");
  return more == nullptr ? 3000 : std::atoi(more);
}

TEST_CASE("changed bytes never break the reader") {
  const std::string sound = gguf::tiny_model().build();
  const auto file = gguf::File::parse(std::as_bytes(std::span(sound)));
  REQUIRE(file.ok());
  const size_t metadata = file->data_offset();
  Outcome outcome;
  for (int seed = 0; seed < rounds(); ++seed) {
    CAPTURE(seed);
    Mutator mutator(static_cast<uint64_t>(seed));
    std::string bytes = sound;
    // Half of the rounds stay among the first keys, where a change is not just one of many texts.
    const size_t end = seed % 2 == 0 ? metadata : 600;
    for (size_t changes = 1 + mutator.below(4); changes > 0; --changes) mutator.change_bytes(bytes, end);
    if (mutator.below(16) == 0) bytes.resize(mutator.below(bytes.size()));
    run(bytes, outcome);
  }
  CHECK(outcome.containers > 0);
  CHECK(outcome.containers < rounds());
}

TEST_CASE("sound containers with odd meanings never break the reader") {
  const std::string sound = gguf::tiny_model().build();
  const auto file = gguf::File::parse(std::as_bytes(std::span(sound)));
  REQUIRE(file.ok());
  Outcome outcome;
  for (int seed = 0; seed < rounds(); ++seed) {
    CAPTURE(seed);
    Mutator mutator(static_cast<uint64_t>(seed) + 1000000);
    GgufBuilder builder = gguf::tiny_model();
    for (size_t changes = 1 + mutator.below(3); changes > 0; --changes) {
      const auto values = file->values();
      mutator.change_value(builder, values[mutator.below(values.size())].key);
    }
    if (mutator.below(3) == 0)
      mutator.change_tensor(builder, file->tensors()[mutator.below(file->tensors().size())].name);
    run(builder.build(), outcome);
  }
  CHECK(outcome.containers > outcome.tokenizers);
  CHECK(outcome.tokenizers > 0);
}

}  // namespace
}  // namespace lacuna::engine
