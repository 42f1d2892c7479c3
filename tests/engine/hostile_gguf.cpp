#include "tests/engine/hostile_gguf.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "support/check.h"
#include "tests/engine/gguf_builder.h"

namespace lacuna::engine::gguf {
namespace {

using kernels::TensorType;
using Cases = std::vector<HostileFile>;

constexpr uint64_t two_to(int exponent) {
  return uint64_t{1} << exponent;
}
constexpr uint64_t most = UINT64_MAX;
/// Times the 88 bytes of a loader's record it wraps to a few: CVE-2024-21836.
constexpr uint64_t wraps = 0x1D1D1D1D1D1D1D1D;

/// A small sound container with every kind of value and three tensors.
GgufBuilder small() {
  GgufBuilder builder;
  const std::vector<int32_t> ints = {1, -2, 3};
  builder.set_string("general.architecture", "llama")
      .set_u32("a.number", 7)
      .set_bool("a.bool", true)
      .set_strings("a.strings", {"x", "", "yz"})
      .set_ints("a.ints", ints);
  builder.add_tensor("matrix", TensorType::f32, {8, 4}, std::string(8 * 4 * 4, '\0'));
  builder.add_tensor("blocks", TensorType::q4_0, {64, 2}, std::string(4 * 18, '\0'));
  builder.add_tensor("vector", TensorType::f32, {8}, std::string(8 * 4, '\0'));
  return builder;
}

/// A case that changes a builder's file by `change`.
HostileFile changed(Stage stage, GgufBuilder (*base)(), std::string name, std::string mention,
                    std::function<void(GgufBuilder&)> change) {
  return {std::move(name), stage, std::move(mention), [base, change = std::move(change)] {
            GgufBuilder builder = base();
            change(builder);
            return builder.build();
          }};
}

HostileFile container(std::string name, std::string mention, std::function<void(GgufBuilder&)> change) {
  return changed(Stage::container, small, std::move(name), std::move(mention), std::move(change));
}
HostileFile tokenizer(std::string name, std::string mention, std::function<void(GgufBuilder&)> change) {
  return changed(Stage::tokenizer, tiny_model, std::move(name), std::move(mention), std::move(change));
}
HostileFile model(std::string name, std::string mention, std::function<void(GgufBuilder&)> change) {
  return changed(Stage::model, tiny_model, std::move(name), std::move(mention), std::move(change));
}

void add_header_cases(Cases& cases) {
  for (const size_t size : {0, 3, 7, 23}) {
    cases.push_back({fmt::format("file_of_{}_bytes", size), Stage::container, size == 0 ? "" : "the file ends",
                     [size] { return small().build().substr(0, size); }});
  }
  cases.push_back(container("magic_wrong", "magic number", [](auto& b) { b.magic = 0x46554746; }));
  cases.push_back(container("magic_reversed", "magic number", [](auto& b) { b.magic = 0x47475546; }));
  for (const uint32_t version : {0u, 1u, 4u, UINT32_MAX}) {
    cases.push_back(container(fmt::format("version_{}", version), fmt::format("version is {}", version),
                              [=](auto& b) { b.version = version; }));
  }
  cases.push_back(container("version_big_endian", "big-endian", [](auto& b) { b.version = 3u << 24; }));

  const std::pair<const char*, uint64_t> counts[] = {{"2_16_plus_1", 65537},       {"2_31", two_to(31)},
                                                     {"2_32_minus_1", UINT32_MAX}, {"2_63", two_to(63)},
                                                     {"2_64_minus_1", most},       {"wraps", wraps}};
  for (const auto& [name, count] : counts) {
    cases.push_back(container(fmt::format("tensor_count_{}", name), fmt::format("tensor count is {}", count),
                              [=](auto& b) { b.num_tensors = count; }));
    cases.push_back(container(fmt::format("metadata_count_{}", name), fmt::format("metadata count is {}", count),
                              [=](auto& b) { b.num_values = count; }));
  }
  cases.push_back(
      container("tensor_count_without_tensors", "tensor count is 1000", [](auto& b) { b.num_tensors = 1000; }));
  cases.push_back(container("metadata_count_4097", "metadata count is 4097", [](auto& b) { b.num_values = 4097; }));
  cases.push_back(container("metadata_count_one_more", "tensor number 0", [](auto& b) { b.num_values = 6; }));
  cases.push_back(container("metadata_count_one_less", "tensor 'a.ints'", [](auto& b) { b.num_values = 4; }));
  cases.push_back(container("tensor_count_one_more", "tensor number 3", [](auto& b) { b.num_tensors = 4; }));
}

void add_key_cases(Cases& cases) {
  const auto with_key = [&](const char* name, const char* mention, std::string key,
                            std::optional<uint64_t> length = {}) {
    cases.push_back(container(name, mention, [=](auto& b) {
      b.add_record(encoded_string(key, length) + encoded(uint32_t{4}) + encoded(uint32_t{1}));
    }));
  };
  with_key("key_length_0", "metadata key number 5 is empty", "");
  with_key("key_length_65537", "metadata key number 5 has 65537 bytes", std::string(65537, 'k'));
  with_key("key_length_2_63", "metadata key number 5 has 9223372036854775808 bytes", "key", two_to(63));
  with_key("key_length_2_64_minus_1", "metadata key number 5 has 18446744073709551615 bytes", "key", most);
  with_key("key_length_past_end", "metadata key number 5", "key", 60000);
  with_key("key_not_utf8", "\\xff", "key\xff");
  with_key("key_with_nul", "\\x00", std::string("a\0b", 3));
  with_key("key_with_escape_sequence", "\\x1b", "a\x1b[2J");
  with_key("key_twice", "'a.number' is there twice", "a.number");
  with_key("alignment_twice", "'general.alignment' is there twice", "general.alignment");
  cases.back().make = [] {
    GgufBuilder b = small();
    b.set_u32("general.alignment", 32);
    b.add_record(encoded_string("general.alignment") + encoded(uint32_t{4}) + encoded(uint32_t{64}));
    return b.build();
  };
}

void add_value_cases(Cases& cases) {
  for (const uint32_t type : {13u, 255u, UINT32_MAX}) {
    cases.push_back(container(fmt::format("value_type_{}", type), fmt::format("value type {}", type),
                              [=](auto& b) { b.set("b.odd", static_cast<ValueType>(type), encoded(uint64_t{0})); }));
    cases.push_back(
        container(fmt::format("array_element_type_{}", type), fmt::format("element type {}", type), [=](auto& b) {
          b.set("b.odd", ValueType::array, encoded_array(static_cast<ValueType>(type), 1, encoded(uint64_t{0})));
        }));
  }
  cases.push_back(container("value_bool_2", "'a.bool'", [](auto& b) { b.set("a.bool", ValueType::boolean, "\x02"); }));
  cases.push_back(container("array_of_bool_255", "'b.bools'", [](auto& b) {
    b.set("b.bools", ValueType::array, encoded_array(ValueType::boolean, 3, std::string("\0\1\xff", 3)));
  }));
  const std::pair<const char*, uint64_t> lengths[] = {
      {"past_end", 1 << 20}, {"over_limit", two_to(26) + 1}, {"2_63", two_to(63)}, {"2_64_minus_1", most}};
  for (const auto& [name, length] : lengths) {
    cases.push_back(container(fmt::format("string_length_{}", name), "'b.text'",
                              [=](auto& b) { b.set("b.text", ValueType::string, encoded_string("text", length)); }));
    cases.push_back(
        container(fmt::format("array_string_length_{}", name), "element 1 of array 'b.texts'", [=](auto& b) {
          b.set("b.texts", ValueType::array,
                encoded_array(ValueType::string, 3,
                              encoded_string("one") + encoded_string("two", length) + encoded_string("3")));
        }));
  }
  const std::pair<const char*, uint64_t> counts[] = {{"past_end", 1 << 20},
                                                     {"over_limit", two_to(24) + 1},
                                                     {"2_61", two_to(61)},
                                                     {"2_63", two_to(63)},
                                                     {"2_64_minus_1", most}};
  for (const auto& [name, count] : counts) {
    for (const ValueType type : {ValueType::u8, ValueType::f64, ValueType::string}) {
      cases.push_back(container(
          fmt::format("array_of_{}_length_{}", name_of(type), name), "array 'b.many'",
          [=](auto& b) { b.set("b.many", ValueType::array, encoded_array(type, count, encoded(uint64_t{0}))); }));
    }
  }
  cases.push_back(container("array_of_arrays", "'b.nested'", [](auto& b) {
    b.set("b.nested", ValueType::array, encoded_array(ValueType::array, 1, encoded_strings({"x"})));
  }));
  cases.push_back(container("array_nested_100000_deep", "'b.nested'", [](auto& b) {
    std::string deep;
    for (int i = 0; i < 100000; ++i) deep += encoded_array(ValueType::array, 1, "");
    b.set("b.nested", ValueType::array, deep);
  }));
}

void add_alignment_cases(Cases& cases) {
  for (const uint64_t alignment : {uint64_t{0}, uint64_t{1}, uint64_t{3}, uint64_t{4}, uint64_t{13}, uint64_t{48},
                                   two_to(21), two_to(30), two_to(31), two_to(63), most}) {
    cases.push_back(container(fmt::format("alignment_{}", alignment),
                              fmt::format("'general.alignment' is {}", alignment),
                              [=](auto& b) { b.set_u64("general.alignment", alignment); }));
  }
  cases.push_back(container("alignment_negative", "'general.alignment' is -32",
                            [](auto& b) { b.set_i32("general.alignment", -32); }));
  cases.push_back(container("alignment_is_string", "'general.alignment' is string",
                            [](auto& b) { b.set_string("general.alignment", "32"); }));
  cases.push_back(container("alignment_is_float", "'general.alignment' is float32",
                            [](auto& b) { b.set_f32("general.alignment", 32); }));
}

void add_dimension_cases(Cases& cases) {
  for (const uint32_t count : {0u, 5u, UINT32_MAX}) {
    cases.push_back(container(fmt::format("dimension_count_{}", count),
                              fmt::format("'matrix' has {} dimensions", count),
                              [=](auto& b) { b.tensor("matrix").num_dims = count; }));
  }
  const auto with_dims = [&](const char* name, const char* mention, std::vector<uint64_t> dims) {
    cases.push_back(container(name, mention, [=](auto& b) { b.tensor("matrix").dims = dims; }));
  };
  with_dims("dimension_0", "dimension 0 of tensor 'matrix' is 0", {0, 4});
  with_dims("dimension_0_is_last", "dimension 1 of tensor 'matrix' is 0", {8, 0});
  with_dims("dimension_minus_1", "tensor 'matrix'", {most, 1});
  with_dims("dimension_2_63_minus_1", "tensor 'matrix'", {two_to(63) - 1, 1});
  with_dims("dimensions_of_2_63_minus_1", "tensor 'matrix'", {two_to(63) - 1, two_to(63) - 1});
  with_dims("dimensions_2_32_by_2_32", "tensor 'matrix'", {two_to(32), two_to(32)});
  with_dims("dimensions_2_32_by_2_32_by_1_by_1", "tensor 'matrix'", {two_to(32), two_to(32), 1, 1});
  with_dims("dimensions_2_32_by_2_31", "tensor 'matrix'", {two_to(32), two_to(31)});
  with_dims("dimensions_2_62_by_4", "tensor 'matrix'", {two_to(62), 4});
  with_dims("dimensions_2_62", "tensor 'matrix'", {two_to(62)});
  with_dims("dimensions_whose_bytes_wrap_to_0", "tensor 'matrix'", {two_to(31), two_to(31)});
  with_dims("dimensions_one_row_too_many", "tensor 'matrix'", {8, 100});
  cases.push_back(container("row_of_33_in_blocks_of_32", "tensor 'blocks' has rows of 33", [](auto& b) {
    b.tensor("blocks").dims = {33, 1};
  }));
  cases.push_back(container("row_of_128_in_blocks_of_256", "tensor 'blocks' has rows of 128", [](auto& b) {
    b.tensor("blocks").type = static_cast<uint32_t>(TensorType::q4_k);
    b.tensor("blocks").dims = {128, 2};
  }));
}

void add_tensor_cases(Cases& cases) {
  const auto with_name = [&](const char* name, const char* mention, std::string tensor_name,
                             std::optional<uint64_t> length = {}) {
    cases.push_back(container(name, mention, [=](auto& b) {
      b.tensor("blocks").name_length = length;
      b.tensor("blocks").name = tensor_name;
    }));
  };
  with_name("tensor_name_empty", "tensor number 1 is empty", "");
  with_name("tensor_name_of_65_bytes", "tensor number 1 has 65 bytes", std::string(65, 'n'));
  with_name("tensor_name_length_2_63", "tensor number 1 has 9223372036854775808 bytes", "blocks", two_to(63));
  with_name("tensor_name_length_2_64_minus_1", "tensor number 1 has 18446744073709551615 bytes", "blocks", most);
  with_name("tensor_name_with_nul", "\\x00", std::string("a\0b", 3));
  with_name("tensor_name_not_utf8", "\\xc3", "a\xc3");
  with_name("tensor_name_twice", "'vector' is there twice", "vector");

  const auto with_offset = [&](const char* name, const char* mention, const char* tensor, uint64_t offset) {
    cases.push_back(container(name, mention, [=](auto& b) { b.tensor(tensor).offset = offset; }));
  };
  with_offset("offset_unaligned", "'blocks' has offset 129", "blocks", 129);
  with_offset("offset_overlaps_tensor_before", "'matrix' and 'blocks' overlaps", "blocks", 96);
  with_offset("offset_same_as_another", "overlaps", "vector", 0);
  with_offset("offset_decreasing_into_another", "overlaps", "vector", 128);
  with_offset("offset_past_end", "'vector'", "vector", 4096);
  with_offset("offset_at_end", "'vector'", "vector", 256);
  with_offset("offset_2_63", "'vector'", "vector", two_to(63));
  with_offset("offset_2_64_minus_32", "'vector'", "vector", most - 31);
  cases.push_back({"data_ends_one_byte_early", Stage::container, "'vector' has 32 bytes at offset 224", [] {
                     std::string file = small().build();
                     file.pop_back();
                     return file;
                   }});
  cases.push_back({"data_missing", Stage::container, "'matrix'", [] {
                     const std::string file = small().build();
                     return file.substr(0, file.size() - 256);
                   }});
  cases.push_back(container("sizes_whose_sum_wraps", "tensor 'matrix'", [](auto& b) {  // CVE-2025-53630
    for (const char* name : {"matrix", "vector"}) b.tensor(name).dims = {0x1FFFFFFFFFFFFFF0};
  }));
  cases.push_back(container("unknown_type_past_end", "'blocks'", [](auto& b) {
    b.tensor("blocks").type = 4;
    b.tensor("blocks").offset = 1 << 20;
  }));
}

void add_tokenizer_kind_cases(Cases& cases) {
  constexpr const char* model_key = "tokenizer.ggml.model";
  constexpr const char* pre_key = "tokenizer.ggml.pre";
  cases.push_back(tokenizer("tokenizer_model_missing", model_key, [](auto& b) { b.remove(model_key); }));
  cases.push_back(tokenizer("tokenizer_model_unknown", model_key, [](auto& b) { b.set_string(model_key, "bert"); }));
  cases.push_back(tokenizer("tokenizer_model_is_number", model_key, [](auto& b) { b.set_u32(model_key, 1); }));
  constexpr const char* scores_key = "tokenizer.ggml.scores";
  cases.push_back(tokenizer("sentence_piece_without_bytes", "no token for byte 0x0a",
                            [](auto& b) { b.set_string(model_key, "llama"); }));
  const auto pieces = [](auto& b) {
    std::vector<std::string> texts;
    for (int byte = 0; byte < 256; ++byte) texts.push_back(fmt::format("<0x{:02X}>", byte));
    b.set_string(model_key, "llama").set_strings("tokenizer.ggml.tokens", texts);
    b.set_ints("tokenizer.ggml.token_type", std::vector<int32_t>(256, 6)).set_u32("tokenizer.ggml.eos_token_id", 0);
  };
  cases.push_back(tokenizer("scores_missing", scores_key, pieces));
  cases.push_back(tokenizer("scores_too_few", "has 3 elements, expected 256", [pieces](auto& b) {
    pieces(b);
    b.set_floats(scores_key, std::vector<float>(3));
  }));
  cases.push_back(tokenizer("scores_not_a_number", "token 7", [pieces](auto& b) {
    pieces(b);
    std::vector<float> scores(256);
    scores[7] = std::numeric_limits<float>::quiet_NaN();
    b.set_floats(scores_key, scores);
  }));
  cases.push_back(tokenizer("tokenizer_pre_unknown", pre_key, [](auto& b) { b.set_string(pre_key, "qwen\x1b[0m"); }));
  cases.push_back(tokenizer("tokenizer_pre_is_bool", pre_key, [](auto& b) { b.set_bool(pre_key, true); }));
}

/// Changes the texts of the tiny vocabulary.
HostileFile with_texts(std::string name, std::string mention, std::function<void(std::vector<std::string>&)> change) {
  return tokenizer(std::move(name), std::move(mention), [change = std::move(change)](auto& b) {
    const std::string bytes = tiny_model().build();
    const auto file = File::parse(std::as_bytes(std::span(bytes)));
    LACUNA_CHECK(file.ok());
    const auto views = file->strings("tokenizer.ggml.tokens");
    LACUNA_CHECK(views.ok());
    std::vector<std::string> texts(views->begin(), views->end());
    change(texts);
    b.set_strings("tokenizer.ggml.tokens", texts);
  });
}

void add_vocabulary_cases(Cases& cases) {
  constexpr const char* key = "tokenizer.ggml.tokens";
  cases.push_back(tokenizer("tokens_missing", key, [](auto& b) { b.remove(key); }));
  cases.push_back(tokenizer("tokens_are_numbers", key, [](auto& b) { b.set_ints(key, std::vector<int32_t>(260, 1)); }));
  cases.push_back(tokenizer("tokens_none", key, [](auto& b) { b.set_strings(key, {}); }));
  cases.push_back(tokenizer("tokens_one", "tokenizer.ggml.token_type", [](auto& b) { b.set_strings(key, {"a"}); }));
  cases.push_back(tokenizer("tokens_one_without_types", "no token for byte 0x0a",
                            [](auto& b) { b.set_strings(key, {"a"}).remove("tokenizer.ggml.token_type"); }));
  cases.push_back(tokenizer("tokens_over_limit", "over the limit of 1048576", [](auto& b) {
    b.set(key, ValueType::array, encoded_array(ValueType::string, 1048577, std::string(8 * 1048577, '\0')));
  }));
  cases.push_back(with_texts("token_twice", "tokens 65 and 66", [](auto& t) { t[66] = t[65]; }));
  cases.push_back(with_texts("token_not_utf8", "token 70", [](auto& t) { t[70].assign(1, '\xc3'); }));
  cases.push_back(with_texts("token_of_65537_bytes", "token 258", [](auto& t) { t[258].assign(65537, 'x'); }));
  cases.push_back(
      with_texts("control_token_of_257_bytes", "special token 264", [](auto& t) { t[264].assign(257, 'x'); }));
  cases.push_back(with_texts("token_for_newline_missing", "byte 0x0a", [](auto& t) { t[10] = "xyz"; }));
  cases.push_back(with_texts("token_for_letter_empty", "byte 0x41", [](auto& t) { t['A'].clear(); }));
  cases.push_back(with_texts("token_texts_of_byte_tokens", "no token for byte", [](auto& t) {  // llama.cpp#25969
    for (size_t i = 0; i < 256; ++i) t[i] = fmt::format("<0x-{}>", i);
  }));
}

void add_token_type_cases(Cases& cases) {
  constexpr const char* key = "tokenizer.ggml.token_type";
  const size_t count = 256 + 8 + 5;
  const auto with_types = [&](const char* name, const char* mention, size_t length, size_t at, int32_t value) {
    cases.push_back(tokenizer(name, mention, [=](auto& b) {
      std::vector<int32_t> types(length, 1);
      for (size_t i = 264; i < std::min(count, length); ++i) types[i] = 3;
      if (at < length) types[at] = value;
      b.set_ints(key, types);
    }));
  };
  with_types("token_types_one_less", "268 elements, expected 269", count - 1, most, 0);
  with_types("token_types_one_more", "270 elements, expected 269", count + 1, most, 0);
  with_types("token_types_none", "0 elements, expected 269", 0, most, 0);
  with_types("token_type_0", "type 0 for token 5", count, 5, 0);
  with_types("token_type_7", "type 7 for token 5", count, 5, 7);
  with_types("token_type_minus_1", "type -1 for token 268", count, 268, -1);
  with_types("token_type_control_for_byte", "byte 0x61", count, 'a', 3);
  with_types("token_type_control_for_merged", "merge 1", count, 257, 3);
  cases.push_back(
      tokenizer("token_types_are_floats", key, [](auto& b) { b.set_floats(key, std::vector<float>(269, 1)); }));
  cases.push_back(tokenizer("token_types_are_one_number", key, [](auto& b) { b.set_u32(key, 1); }));
}

void add_merge_cases(Cases& cases) {
  constexpr const char* key = "tokenizer.ggml.merges";
  const auto with_merges = [&](const char* name, const char* mention, std::vector<std::string> merges) {
    cases.push_back(tokenizer(name, mention, [=](auto& b) { b.set_strings(key, merges); }));
  };
  with_merges("merge_without_space", "merge 1", {"t h", "the"});
  with_merges("merge_with_two_spaces", "merge 0", {"t h e"});
  with_merges("merge_empty", "merge 0", {""});
  with_merges("merge_left_empty", "merge 0", {" th"});
  with_merges("merge_right_empty", "merge 0", {"th "});
  with_merges("merge_left_unknown", "merge 1", {"t h", "qq h"});
  with_merges("merge_right_unknown", "merge 1", {"t h", "t qq"});
  with_merges("merge_result_unknown", "merge 0", {"q q"});
  with_merges("merge_makes_control_token", "merge 0", {"<|endoftext| >"});
  with_merges("merge_not_utf8", "merge 0", {"\xff \xfe"});
  with_merges("merge_twice", "merge 1", {"t h", "t h"});
  with_merges("merge_of_1_mib", "merge 0", {std::string(1 << 20, 't')});
  cases.push_back(tokenizer("merges_missing", key, [](auto& b) { b.remove(key); }));
  cases.push_back(tokenizer("merges_are_numbers", key, [](auto& b) { b.set_ints(key, std::vector<int32_t>{1, 2}); }));
  cases.push_back(tokenizer("merges_are_one_string", key, [](auto& b) { b.set_string(key, "t h"); }));
  cases.push_back(tokenizer("merges_over_limit", "over the limit of 4194304", [](auto& b) {
    b.set(key, ValueType::array, encoded_array(ValueType::string, 4194305, std::string(size_t{8} * 4194305, '\0')));
  }));
}

void add_special_id_cases(Cases& cases) {
  for (const char* name : {"bos", "eos", "eot", "eom", "unknown", "seperator", "padding", "cls", "mask", "fim_pre",
                           "fim_suf", "fim_mid", "fim_pad", "fim_rep", "fim_sep", "prefix", "suffix", "middle"}) {
    const std::string key = fmt::format("tokenizer.ggml.{}_token_id", name);
    cases.push_back(tokenizer(fmt::format("{}_id_is_vocabulary_size", name), key + "' is 269",
                              [=](auto& b) { b.set_u32(key, 269); }));
    cases.push_back(tokenizer(fmt::format("{}_id_minus_1", name), key, [=](auto& b) { b.set_i32(key, -1); }));
  }
  constexpr const char* eos = "tokenizer.ggml.eos_token_id";
  cases.push_back(tokenizer("eos_id_2_32_minus_1", eos, [](auto& b) { b.set_u32(eos, UINT32_MAX); }));
  cases.push_back(tokenizer("eos_id_2_64_minus_1", eos, [](auto& b) { b.set_u64(eos, most); }));
  cases.push_back(tokenizer("eos_id_2_32_plus_1", eos, [](auto& b) { b.set_u64(eos, two_to(32) + 1); }));
  cases.push_back(tokenizer("eos_id_is_float", eos, [](auto& b) { b.set_f32(eos, 1); }));
  cases.push_back(tokenizer("eos_id_is_string", eos, [](auto& b) { b.set_string(eos, "<|endoftext|>"); }));
  constexpr const char* add_bos = "tokenizer.ggml.add_bos_token";
  cases.push_back(
      tokenizer("add_bos_without_bos_id", "bos_token_id' is missing", [](auto& b) { b.set_bool(add_bos, true); }));
  cases.push_back(tokenizer("add_bos_is_number", add_bos, [](auto& b) { b.set_u32(add_bos, 1); }));
}

void add_hyper_parameter_cases(Cases& cases) {
  constexpr const char* architecture = "general.architecture";
  cases.push_back(model("architecture_missing", architecture, [](auto& b) { b.remove(architecture); }));
  cases.push_back(model("architecture_unknown", architecture, [](auto& b) { b.set_string(architecture, "mamba"); }));
  cases.push_back(model("architecture_is_number", architecture, [](auto& b) { b.set_u32(architecture, 1); }));
  const auto with_number = [&](const char* name, const char* key, std::initializer_list<uint64_t> values) {
    for (const uint64_t value : values) {
      cases.push_back(model(fmt::format("{}_{}", name, value), key, [=](auto& b) { b.set_u64(key, value); }));
    }
    cases.push_back(model(fmt::format("{}_is_string", name), key, [=](auto& b) { b.set_string(key, "1"); }));
  };
  with_number("block_count", "llama.block_count", {0, 2, two_to(31), most});
  with_number("context_length", "llama.context_length", {0, two_to(40)});
  with_number("embedding_length", "llama.embedding_length", {0, 33, 64, two_to(40), most});
  with_number("feed_forward_length", "llama.feed_forward_length", {0, 65, two_to(32)});
  with_number("head_count", "llama.attention.head_count", {0, 3, 4, two_to(31)});
  with_number("head_count_kv", "llama.attention.head_count_kv", {0, 2, 3, two_to(31)});
  with_number("vocab_size", "llama.vocab_size", {0, 268, two_to(31)});
  with_number("rope_dimension_count", "llama.rope.dimension_count", {0, 15, 18, two_to(32)});
  const auto with_real = [&](const char* name, const char* key,
                             std::initializer_list<std::pair<const char*, float>> values) {
    for (const auto& [value_name, value] : values) {
      cases.push_back(model(fmt::format("{}_{}", name, value_name), name,
                            [=, number = value](auto& b) { b.set_f32(key, number); }));
    }
  };
  const float infinity = std::numeric_limits<float>::infinity();
  with_real("layer_norm_rms_epsilon", "llama.attention.layer_norm_rms_epsilon",
            {{"0", 0.0f}, {"negative", -1e-5f}, {"nan", std::nanf("")}, {"infinite", infinity}});
  with_real("freq_base", "llama.rope.freq_base",
            {{"0", 0.0f}, {"negative", -1e4f}, {"nan", std::nanf("")}, {"infinite", infinity}});
}

void add_weight_cases(Cases& cases) {
  for (const char* name :
       {"token_embd.weight", "blk.0.attn_norm.weight", "blk.0.attn_q.weight", "blk.0.attn_k.weight",
        "blk.0.attn_v.weight", "blk.0.attn_output.weight", "blk.0.ffn_norm.weight", "blk.0.ffn_gate.weight",
        "blk.0.ffn_up.weight", "blk.0.ffn_down.weight", "output_norm.weight"}) {
    cases.push_back(model(fmt::format("missing_{}", name), name, [=](auto& b) { b.remove_tensor(name); }));
  }
  const auto with_dims = [&](const char* name, const char* tensor, std::vector<uint64_t> dims) {
    cases.push_back(model(name, tensor, [=](auto& b) { b.tensor(tensor).dims = dims; }));
  };
  with_dims("weight_transposed", "blk.0.ffn_gate.weight", {64, 32});
  with_dims("weight_one_row_less", "blk.0.attn_q.weight", {32, 31});
  with_dims("weight_with_three_dimensions", "blk.0.attn_k.weight", {32, 4, 4});
  with_dims("norm_too_short", "output_norm.weight", {16});
  with_dims("embedding_one_row_less_than_tokens", "", {32, 268});
  cases.back().make = [] {
    GgufBuilder b = tiny_model();
    b.tensor("token_embd.weight").dims = {32, 268};
    b.set_u32("llama.vocab_size", 268);
    return b.build();
  };
  for (const uint32_t type : {4u, 39u, 255u, UINT32_MAX}) {  // removed, and never there
    cases.push_back(model(fmt::format("weight_type_{}", type), "blk.0.attn_v.weight",
                          [=](auto& b) { b.tensor("blk.0.attn_v.weight").type = type; }));
  }
}

}  // namespace

std::vector<HostileFile> hostile_files() {
  Cases cases;
  add_header_cases(cases);
  add_key_cases(cases);
  add_value_cases(cases);
  add_alignment_cases(cases);
  add_dimension_cases(cases);
  add_tensor_cases(cases);
  add_tokenizer_kind_cases(cases);
  add_vocabulary_cases(cases);
  add_token_type_cases(cases);
  add_merge_cases(cases);
  add_special_id_cases(cases);
  add_hyper_parameter_cases(cases);
  add_weight_cases(cases);
  return cases;
}

}  // namespace lacuna::engine::gguf
