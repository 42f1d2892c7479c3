#include "engine/gguf/gguf_file.h"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/tokenizer/tokenizer.h"
#include "support/os.h"
#include "tests/engine/allocation_counter.h"
#include "tests/engine/gguf_builder.h"
#include "tests/engine/hostile_gguf.h"

namespace lacuna::engine::gguf {
namespace {

Result<File> parse(const std::string& bytes) {
  return File::parse(std::as_bytes(std::span(bytes)));
}

/// The error's message; empty if there is none.
template <class T>
std::string message_of(const Result<T>& result) {
  return result.ok() ? "" : result.error().message;
}

bool mentions(const std::string& message, const std::string& part) {
  return message.find(part) != std::string::npos;
}

/// One key of each kind, and two tensors.
std::string sample() {
  GgufBuilder builder;
  const std::vector<int32_t> ints = {1, -2, 3};
  const std::vector<float> floats = {0.5f, -2};
  builder.set_string("text", "héllo")
      .set("u8", ValueType::u8, encoded<uint8_t>(200))
      .set("i8", ValueType::i8, encoded<int8_t>(-100))
      .set("u16", ValueType::u16, encoded<uint16_t>(60000))
      .set("i16", ValueType::i16, encoded<int16_t>(-30000))
      .set_u32("u32", 4000000000)
      .set_i32("i32", -2000000000)
      .set_u64("u64", UINT64_MAX)
      .set("i64", ValueType::i64, encoded<int64_t>(INT64_MIN))
      .set_f32("f32", 0.25f)
      .set("f64", ValueType::f64, encoded(1e300))
      .set_f32("nan", std::numeric_limits<float>::quiet_NaN())
      .set_bool("yes", true)
      .set_bool("no", false)
      .set_strings("texts", {"a", "", "long enough not to fit a small string"})
      .set_ints("ints", ints)
      .set_floats("floats", floats)
      .set_strings("none", {});
  builder.add_tensor("blocks", kernels::TensorType::q8_0, {64, 3}, std::string(6 * 34, 'q'));
  builder.add_tensor("vector", kernels::TensorType::f32, {5}, std::string(5 * 4, 'v'));
  return builder.build();
}

TEST_CASE("integers of every width are read as they are") {
  const std::string bytes = sample();
  const auto file = parse(bytes);
  REQUIRE(file.ok());
  CHECK(*file->u64("u8") == 200);
  CHECK(*file->i64("i8") == -100);
  CHECK(*file->u64("u16") == 60000);
  CHECK(*file->i64("i16") == -30000);
  CHECK(*file->u64("u32") == 4000000000);
  CHECK(*file->i64("i32") == -2000000000);
  CHECK(*file->u64("u64") == UINT64_MAX);
  CHECK(*file->i64("i64") == INT64_MIN);
}

TEST_CASE("floats, bools and strings are read as they are") {
  const std::string bytes = sample();
  const auto file = parse(bytes);
  REQUIRE(file.ok());
  CHECK(*file->f64("f32") == 0.25);
  CHECK(*file->f64("f64") == 1e300);
  CHECK(*file->boolean("yes"));
  CHECK_FALSE(*file->boolean("no"));
  CHECK(*file->string("text") == "héllo");
}

TEST_CASE("arrays are views into the file") {
  const std::string bytes = sample();
  const auto file = parse(bytes);
  REQUIRE(file.ok());
  const auto texts = file->strings("texts");
  REQUIRE(texts.ok());
  CHECK(std::vector<std::string_view>(texts->begin(), texts->end()) ==
        std::vector<std::string_view>{"a", "", "long enough not to fit a small string"});
  const auto ints = file->ints("ints");
  REQUIRE(ints.ok());
  REQUIRE(ints->size() == 3);
  CHECK((*ints)[1] == -2);
  const auto floats = file->floats("floats");
  REQUIRE(floats.ok());
  REQUIRE(floats->size() == 2);
  CHECK((*floats)[1] == -2.0);
  CHECK(file->strings("none")->size() == 0);
}

TEST_CASE("a key of another type, out of range or missing is named with what was expected") {
  const std::string bytes = sample();
  const auto file = parse(bytes);
  REQUIRE(file.ok());
  CHECK(message_of(file->u64("text")) == "metadata key 'text' is string, expected an integer of at least 0");
  CHECK(message_of(file->u64("i8")) == "metadata key 'i8' is -100, expected an integer of at least 0");
  CHECK(message_of(file->i64("u64")) == "metadata key 'u64' is 18446744073709551615, expected a signed 64-bit integer");
  CHECK(message_of(file->f64("nan")) == "metadata key 'nan' is nan, expected a finite float");
  CHECK(message_of(file->f64("u32")) == "metadata key 'u32' is uint32, expected a finite float");
  CHECK(message_of(file->boolean("u8")) == "metadata key 'u8' is uint8, expected a bool");
  CHECK(message_of(file->string("ints")) == "metadata key 'ints' is an array of int32, expected a string");
  CHECK(message_of(file->strings("text")) == "metadata key 'text' is string, expected an array of strings");
  CHECK(message_of(file->ints("floats")) ==
        "metadata key 'floats' is an array of float32, expected an array of integers");
  CHECK(message_of(file->floats("ints")) == "metadata key 'ints' is an array of int32, expected an array of floats");
  CHECK(message_of(file->u64("gone")) == "metadata key 'gone' is missing, expected an integer of at least 0");
  CHECK(file->u64("gone").error().code == ErrorCode::not_found);
  CHECK(file->u64("text").error().code == ErrorCode::corrupt);
}

TEST_CASE("a fallback stands for a missing key, never for a wrong one") {
  const std::string bytes = sample();
  const auto file = parse(bytes);
  REQUIRE(file.ok());
  CHECK(*file->u64("gone", 9) == 9);
  CHECK(*file->u64("u8", 9) == 200);
  CHECK_FALSE(file->u64("text", 9).ok());
  CHECK(*file->f64("gone", 0.5) == 0.5);
  CHECK_FALSE(file->f64("nan", 0.5).ok());
  CHECK(*file->boolean("gone", true));
  CHECK_FALSE(file->boolean("u8", true).ok());
  CHECK(*file->string("gone", "x") == "x");
  CHECK_FALSE(file->string("u8", "x").ok());
}

TEST_CASE("tensors are found by name with their data") {
  const std::string bytes = sample();
  const auto file = parse(bytes);
  REQUIRE(file.ok());
  REQUIRE(file->tensors().size() == 2);
  const auto blocks = file->tensor("blocks");
  REQUIRE(blocks.ok());
  CHECK((*blocks)->type() == kernels::TensorType::q8_0);
  CHECK((*blocks)->num_dims == 2);
  CHECK((*blocks)->dims[0] == 64);
  CHECK((*blocks)->rows() == 3);
  CHECK((*blocks)->num_elements == 192);
  CHECK((*blocks)->data.size() == 6 * 34);
  CHECK((*blocks)->data[0] == std::byte{'q'});
  const Tensor* vector = file->find_tensor("vector");
  REQUIRE(vector != nullptr);
  CHECK(vector->data.size() == 20);
  CHECK(vector->data[19] == std::byte{'v'});
  CHECK(vector->file_offset % file->alignment() == 0);
  CHECK(file->find_tensor("gone") == nullptr);
  CHECK(message_of(file->tensor("gone")) == "tensor 'gone' is missing");
}

TEST_CASE("a tensor of an unknown type is an error only when it is used") {
  GgufBuilder builder;
  builder.add_tensor("known", kernels::TensorType::f32, {8}, std::string(32, 'k'));
  builder.add_tensor("strange", kernels::TensorType::f32, {8}, std::string(32, 's'));
  builder.tensor("strange").type = 4242;
  const std::string bytes = builder.build();
  const auto file = parse(bytes);
  REQUIRE(file.ok());
  CHECK(file->tensor("known").ok());
  REQUIRE(file->find_tensor("strange") != nullptr);
  CHECK(file->find_tensor("strange")->type_id == 4242);
  CHECK(file->find_tensor("strange")->data.empty());
  const auto strange = file->tensor("strange");
  REQUIRE_FALSE(strange.ok());
  CHECK(strange.error().code == ErrorCode::unsupported);
  CHECK(strange.error().message == "tensor 'strange' has type 4242, which this version cannot read");
}

TEST_CASE("version 2 and other alignments are read") {
  GgufBuilder builder;
  builder.version = 2;
  builder.alignment = 4096;
  builder.set_u32("general.alignment", 4096);
  builder.add_tensor("a", kernels::TensorType::f32, {8}, std::string(32, 'a'));
  builder.add_tensor("b", kernels::TensorType::f32, {8}, std::string(32, 'b'));
  const std::string bytes = builder.build();
  const auto file = parse(bytes);
  REQUIRE_MESSAGE(file.ok(), message_of(file));
  CHECK(file->version() == 2);
  CHECK(file->alignment() == 4096);
  CHECK(file->find_tensor("b")->file_offset == 2 * 4096);
  CHECK(file->find_tensor("b")->data[0] == std::byte{'b'});
}

TEST_CASE("what is just inside the limits is accepted") {
  const auto accepted = [](const GgufBuilder& builder) {
    const std::string bytes = builder.build();
    const auto file = parse(bytes);
    return message_of(file);
  };
  GgufBuilder keys;
  for (int i = 0; i < 4096; ++i) keys.set_u32(fmt::format("key{}", i), 1);
  CHECK(accepted(keys) == "");
  keys.set_u32("one more", 1);
  CHECK(mentions(accepted(keys), "metadata count is 4097"));

  GgufBuilder names;
  names.set_u32(std::string(64 << 10, 'k'), 1);
  names.add_tensor(std::string(64, 'n'), kernels::TensorType::f32, {2, 2, 2, 2}, std::string(64, 'x'));
  CHECK(accepted(names) == "");

  GgufBuilder aligned;
  aligned.alignment = 1 << 20;
  aligned.set_u32("general.alignment", 1 << 20);
  aligned.add_tensor("a", kernels::TensorType::f32, {8}, std::string(32, 'a'));
  CHECK(accepted(aligned) == "");

  GgufBuilder tensors;
  for (int i = 0; i < 65536; ++i) tensors.add_tensor(fmt::format("t{}", i), kernels::TensorType::f32, {1}, "abcd");
  CHECK(accepted(tensors) == "");
}

TEST_CASE("every hostile file has a name of its own") {
  std::set<std::string> names;
  for (const HostileFile& file : hostile_files()) CHECK_MESSAGE(names.insert(file.name).second, file.name);
  size_t containers = 0;
  for (const HostileFile& file : hostile_files()) containers += file.stage == Stage::container;
  CHECK(containers >= 80);
}

TEST_CASE("every hostile container is refused, with its field named and little memory used") {
  for (const HostileFile& hostile : hostile_files()) {
    if (hostile.stage != Stage::container) continue;
    CAPTURE(hostile.name);
    const std::string bytes = hostile.make();
    const lacuna::testing::AllocationPeak peak;
    const auto file = parse(bytes);
    CHECK(peak.bytes() <= 16 * bytes.size() + (64 << 10));
    REQUIRE_FALSE(file.ok());
    CHECK_MESSAGE(mentions(file.error().message, hostile.mention), file.error().message);
    CHECK_MESSAGE(file.error().message.size() < 400, file.error().message);
  }
}

TEST_CASE("every hostile meaning is in a sound container, and what the tokenizer owns is refused by it") {
  for (const HostileFile& hostile : hostile_files()) {
    if (hostile.stage == Stage::container) continue;
    CAPTURE(hostile.name);
    const std::string bytes = hostile.make();
    const lacuna::testing::AllocationPeak peak;
    const auto file = parse(bytes);
    REQUIRE_MESSAGE(file.ok(), message_of(file));
    const auto tokenizer = Tokenizer::load(*file);
    CHECK(peak.bytes() <= 16 * bytes.size() + (64 << 10));
    REQUIRE(tokenizer.ok() == (hostile.stage == Stage::model));
    if (hostile.stage == Stage::model) continue;
    CHECK_MESSAGE(mentions(tokenizer.error().message, hostile.mention), tokenizer.error().message);
  }
}

TEST_CASE("a file that is cut anywhere is refused") {
  const std::string bytes = sample();
  REQUIRE(parse(bytes).ok());
  // The last tensor's data is followed by padding that nobody needs.
  const size_t needed = bytes.size() - 12;
  for (size_t size = 0; size < needed; ++size) {
    const std::string cut = bytes.substr(0, size);  // a copy, so that a sanitizer sees any byte too far
    CHECK_MESSAGE(!parse(cut).ok(), size);
  }
  CHECK(parse(bytes.substr(0, needed)).ok());
}

TEST_CASE("a tiny model is sound, and refused when it is cut") {
  const std::string bytes = tiny_model().build();
  const auto file = parse(bytes);
  REQUIRE_MESSAGE(file.ok(), message_of(file));
  for (size_t size = 0; size < file->data_offset(); size += 7) CHECK_FALSE(parse(bytes.substr(0, size)).ok());
}

__extension__ using Wide = unsigned __int128;

/// Whether a tensor may lie where it says, in arithmetic that cannot overflow.
bool is_sound(const GgufBuilder::TensorRecord& tensor, uint64_t alignment, uint64_t room) {
  Wide elements = 1;
  for (const uint64_t dim : tensor.dims) {
    elements *= dim;
    if (elements == 0 || elements > static_cast<Wide>(INT64_MAX)) return false;
  }
  if (*tensor.offset % alignment != 0) return false;
  const auto* traits = kernels::find_type_traits(tensor.type);
  if (traits == nullptr) return *tensor.offset <= room;
  if (tensor.dims[0] % traits->block_elements != 0) return false;
  return *tensor.offset + elements / traits->block_elements * traits->block_bytes <= room;
}

TEST_CASE("tensors are accepted exactly where 128-bit arithmetic accepts them") {
  constexpr uint64_t odd[] = {0,
                              1,
                              2,
                              31,
                              32,
                              33,
                              64,
                              255,
                              256,
                              512,
                              1024,
                              4096,
                              65536,
                              1ull << 31,
                              1ull << 32,
                              1ull << 33,
                              1ull << 61,
                              (1ull << 62),
                              (1ull << 63) - 1,
                              1ull << 63,
                              ~0ull - 31,
                              ~0ull};
  constexpr uint32_t types[] = {0, 1, 2, 3, 4, 6, 7, 8, 12, 13, 14, 30, 31, 99};
  std::mt19937 random(3);
  const auto one_of = [&](const auto& values) { return values[random() % std::size(values)]; };
  int accepted = 0;
  for (int round = 0; round < 50000; ++round) {
    CAPTURE(round);
    GgufBuilder builder;
    builder.alignment = uint64_t{8} << random() % 6;
    builder.set_u64("general.alignment", builder.alignment);
    const std::string data(one_of(odd) % 8192 / builder.alignment * builder.alignment, 'd');
    builder.add_tensor("t", kernels::TensorType::f32, {}, data);
    auto& tensor = builder.tensor("t");
    tensor.type = one_of(types);
    for (auto count = 1 + random() % 4; count > 0; --count)
      tensor.dims.push_back(random() % 3 == 0 ? one_of(odd) : 1 + random() % 64);
    tensor.offset = random() % 2 == 0 ? 0 : one_of(odd);
    const std::string bytes = builder.build();
    const auto file = parse(bytes);
    REQUIRE(file.ok() == is_sound(tensor, builder.alignment, data.size()));
    accepted += file.ok();
  }
  CHECK(accepted > 1000);
}

TEST_CASE("a file is opened by its path, and stays readable when it moves") {
  const std::string path = std::string(LACUNA_BINARY_DIR) + "/gguf_test_sample.gguf";
  REQUIRE(os::write_file_atomically(path, sample()).ok());
  auto opened = File::open(path);
  REQUIRE(opened.ok());
  const File file = std::move(*opened);
  CHECK(*file.string("text") == "héllo");
  CHECK(file.find_tensor("vector")->data[0] == std::byte{'v'});

  CHECK(File::open(path + ".gone").error().code == ErrorCode::not_found);
  CHECK(File::open(LACUNA_BINARY_DIR).error().code == ErrorCode::invalid_argument);
  REQUIRE(os::write_file_atomically(path, "GGUF").ok());
  CHECK(mentions(message_of(File::open(path)), path));
}

TEST_CASE("text from a file is shown without its control bytes") {
  CHECK(quoted("plain") == "'plain'");
  CHECK(quoted("a\x1b[2J\n\xff") == "'a\\x1b[2J\\x0a\\xff'");
  CHECK(quoted(std::string(1000, 'x')).size() < 130);
}

}  // namespace
}  // namespace lacuna::engine::gguf
