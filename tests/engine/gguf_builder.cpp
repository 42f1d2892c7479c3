#include "tests/engine/gguf_builder.h"

#include <algorithm>
#include <random>

#include "engine/tokenizer/byte_level.h"
#include "support/check.h"

namespace lacuna::engine::gguf {

std::string encoded_string(std::string_view text, std::optional<uint64_t> length) {
  return encoded<uint64_t>(length.value_or(text.size())).append(text);
}

std::string encoded_array(ValueType element, uint64_t count, std::string_view elements) {
  return encoded(static_cast<uint32_t>(element)).append(encoded(count)).append(elements);
}

std::string encoded_strings(const std::vector<std::string>& texts) {
  std::string elements;
  for (const std::string& text : texts) elements += encoded_string(text);
  return encoded_array(ValueType::string, texts.size(), elements);
}

GgufBuilder& GgufBuilder::set(std::string_view key, ValueType type, std::string bytes) {
  Record record{std::string(key), encoded_string(key) + encoded(static_cast<uint32_t>(type)) + bytes};
  const auto old = std::find_if(values_.begin(), values_.end(), [&](const Record& r) { return r.key == key; });
  if (old != values_.end()) {
    *old = std::move(record);
  } else {
    values_.push_back(std::move(record));
  }
  return *this;
}

GgufBuilder& GgufBuilder::set_ints(std::string_view key, std::span<const int32_t> values) {
  const std::string_view elements(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return set(key, ValueType::array, encoded_array(ValueType::i32, values.size(), elements));
}

GgufBuilder& GgufBuilder::set_floats(std::string_view key, std::span<const float> values) {
  const std::string_view elements(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return set(key, ValueType::array, encoded_array(ValueType::f32, values.size(), elements));
}

GgufBuilder& GgufBuilder::remove(std::string_view key) {
  const auto count = std::erase_if(values_, [&](const Record& record) { return record.key == key; });
  LACUNA_CHECK(count == 1);
  return *this;
}

GgufBuilder& GgufBuilder::add_record(std::string bytes) {
  values_.push_back({"", std::move(bytes)});
  return *this;
}

GgufBuilder& GgufBuilder::add_tensor(std::string_view name, kernels::TensorType type, std::vector<uint64_t> dims,
                                     std::string data) {
  tensors_.push_back({.name = std::string(name),
                      .type = static_cast<uint32_t>(type),
                      .dims = std::move(dims),
                      .data = std::move(data),
                      .name_length = {},
                      .num_dims = {},
                      .offset = {}});
  return *this;
}

GgufBuilder& GgufBuilder::remove_tensor(std::string_view name) {
  const auto count = std::erase_if(tensors_, [&](const TensorRecord& record) { return record.name == name; });
  LACUNA_CHECK(count == 1);
  return *this;
}

GgufBuilder::TensorRecord& GgufBuilder::tensor(std::string_view name) {
  const auto found = std::find_if(tensors_.begin(), tensors_.end(), [&](const auto& t) { return t.name == name; });
  LACUNA_CHECK(found != tensors_.end());
  return *found;
}

std::string GgufBuilder::build() const {
  const auto pad = [this](std::string& text) { text.resize((text.size() + alignment - 1) / alignment * alignment); };
  std::string out = encoded(magic) + encoded(version) + encoded<uint64_t>(num_tensors.value_or(tensors_.size())) +
                    encoded<uint64_t>(num_values.value_or(values_.size()));
  for (const Record& record : values_) out += record.bytes;
  std::string data;
  for (const TensorRecord& tensor : tensors_) {
    out += encoded_string(tensor.name, tensor.name_length);
    out += encoded(tensor.num_dims.value_or(static_cast<uint32_t>(tensor.dims.size())));
    for (const uint64_t dim : tensor.dims) out += encoded(dim);
    out += encoded(tensor.type) + encoded<uint64_t>(tensor.offset.value_or(data.size()));
    data += tensor.data;
    pad(data);
  }
  pad(out);
  return out + data;
}

std::vector<std::string> byte_texts() {
  std::vector<std::string> texts(256);
  for (int byte = 0; byte < 256; ++byte)
    append_byte_character(texts[static_cast<size_t>(byte)], static_cast<uint8_t>(byte));
  return texts;
}

int add_tiny_vocabulary(GgufBuilder& builder) {
  std::vector<std::string> texts = byte_texts();
  const std::vector<std::string> merges = {"t h", "th e", "Ġ the", "i n", "Ġ Ġ", "ĠĠ ĠĠ", "r e", "re t"};
  for (const std::string& merge : merges) {
    const size_t space = merge.find(' ');
    texts.push_back(merge.substr(0, space) + merge.substr(space + 1));
  }
  std::vector<int32_t> types(texts.size(), 1);
  for (const char* text : {"<|endoftext|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"}) {
    texts.push_back(text);
    types.push_back(3);
  }
  texts.push_back("<tool>");
  types.push_back(4);
  builder.set_string("tokenizer.ggml.model", "gpt2")
      .set_string("tokenizer.ggml.pre", "qwen2")
      .set_strings("tokenizer.ggml.tokens", texts)
      .set_ints("tokenizer.ggml.token_type", types)
      .set_strings("tokenizer.ggml.merges", merges)
      .set_u32("tokenizer.ggml.eos_token_id", static_cast<uint32_t>(256 + merges.size()))
      .set_bool("tokenizer.ggml.add_bos_token", false);
  return static_cast<int>(texts.size());
}

GgufBuilder tiny_model() {
  constexpr uint64_t width = 32, inner = 64, key_width = 16;
  GgufBuilder builder;
  builder.set_string("general.architecture", "llama")
      .set_string("general.name", "tiny")
      .set_u32("llama.block_count", 1)
      .set_u32("llama.context_length", 128)
      .set_u32("llama.embedding_length", width)
      .set_u32("llama.feed_forward_length", inner)
      .set_u32("llama.attention.head_count", 2)
      .set_u32("llama.attention.head_count_kv", 1)
      .set_f32("llama.attention.layer_norm_rms_epsilon", 1e-5f)
      .set_f32("llama.rope.freq_base", 10000);
  const auto vocabulary = static_cast<uint64_t>(add_tiny_vocabulary(builder));
  builder.set_u32("llama.vocab_size", static_cast<uint32_t>(vocabulary));

  std::mt19937 random(1);
  const auto add = [&](std::string_view name, std::vector<uint64_t> dims) {
    uint64_t count = 1;
    for (const uint64_t dim : dims) count *= dim;
    std::string data;
    for (uint64_t i = 0; i < count; ++i) {
      const float noise = static_cast<float>(random() >> 8) / static_cast<float>(1 << 24) - 0.5f;
      data += encoded(dims.size() == 1 ? 1.0f + noise : noise);  // norms near 1
    }
    builder.add_tensor(name, kernels::TensorType::f32, std::move(dims), std::move(data));
  };
  add("token_embd.weight", {width, vocabulary});
  add("blk.0.attn_norm.weight", {width});
  add("blk.0.attn_q.weight", {width, width});
  add("blk.0.attn_k.weight", {width, key_width});
  add("blk.0.attn_v.weight", {width, key_width});
  add("blk.0.attn_output.weight", {width, width});
  add("blk.0.ffn_norm.weight", {width});
  add("blk.0.ffn_gate.weight", {width, inner});
  add("blk.0.ffn_up.weight", {width, inner});
  add("blk.0.ffn_down.weight", {inner, width});
  add("output_norm.weight", {width});
  return builder;
}

}  // namespace lacuna::engine::gguf
