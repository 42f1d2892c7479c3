#include "tests/engine/random_model.h"

#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "support/check.h"

namespace lacuna::engine {

namespace {

using kernels::TensorType;

/// Random quants; the scales are such that weights spread over about ±size.
template <class Block>
void set_scales(Block& block, float size, float largest_quant) {
  block.d = kernels::float_to_half(size / largest_quant);
  if constexpr (requires { block.m; }) block.m = kernels::float_to_half(-size);
  if constexpr (requires { block.dmin; }) {
    block.dmin = kernels::float_to_half(size / 32);  // the sub-blocks' scales and minimums are up to 63 themselves
    block.d = kernels::float_to_half(size / largest_quant / 32);
  }
}

template <class Block>
std::string random_blocks(uint64_t count, float size, float largest_quant, std::mt19937& random) {
  std::string bytes(count * sizeof(Block), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  for (uint64_t i = 0; i < count; ++i) {
    Block block;
    std::memcpy(&block, bytes.data() + i * sizeof(Block), sizeof(Block));
    set_scales(block, size, largest_quant);
    std::memcpy(bytes.data() + i * sizeof(Block), &block, sizeof(Block));
  }
  return bytes;
}

float random_float(float size, std::mt19937& random) {
  return size * (static_cast<float>(random() >> 8) / static_cast<float>(1 << 23) - 1);
}

std::string random_floats(TensorType type, uint64_t count, float size, std::mt19937& random) {
  std::string bytes;
  for (uint64_t i = 0; i < count; ++i) {
    const float value = random_float(size, random);
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    if (type == TensorType::f32)
      bytes += gguf::encoded(value);
    else if (type == TensorType::f16)
      bytes += gguf::encoded(kernels::float_to_half(value));
    else
      bytes += gguf::encoded(static_cast<uint16_t>(bits >> 16));
  }
  return bytes;
}

}  // namespace

std::string random_weights(TensorType type, uint64_t count, float size, uint32_t seed) {
  std::mt19937 random(seed);
  const uint64_t blocks = count / kernels::type_traits(type).block_elements;
  switch (type) {
    case TensorType::f32:
    case TensorType::f16:
    case TensorType::bf16:
      return random_floats(type, count, size, random);
    case TensorType::q4_0:
      return random_blocks<kernels::BlockQ4_0>(blocks, size, 8, random);
    case TensorType::q4_1:
      return random_blocks<kernels::BlockQ4_1>(blocks, size, 8, random);
    case TensorType::q5_0:
      return random_blocks<kernels::BlockQ5_0>(blocks, size, 16, random);
    case TensorType::q5_1:
      return random_blocks<kernels::BlockQ5_1>(blocks, size, 16, random);
    case TensorType::q8_0:
      return random_blocks<kernels::BlockQ8_0>(blocks, size, 128, random);
    case TensorType::q4_k:
      return random_blocks<kernels::BlockQ4_K>(blocks, size, 8, random);
    case TensorType::q5_k:
      return random_blocks<kernels::BlockQ5_K>(blocks, size, 16, random);
    case TensorType::q6_k:
      return random_blocks<kernels::BlockQ6_K>(blocks, size, 32 * 64, random);
  }
  LACUNA_CHECK(!"a type that the tests know");
  return {};
}

gguf::GgufBuilder build_random_model(const RandomModel& model) {
  gguf::GgufBuilder builder;
  const auto key = [&](const char* name) { return model.architecture + "." + name; };
  const auto u32 = [](int value) { return static_cast<uint32_t>(value); };
  const bool star = model.architecture == "starcoder2", gemma = model.architecture == "gemma3";
  const bool qk_norms = gemma || model.architecture == "qwen3";
  if (model.window > 0) builder.set_u32(key("attention.sliding_window"), u32(model.window));
  if (model.full_every > 0) builder.set_u32(key("attention.sliding_window_pattern"), u32(model.full_every));
  builder.set_string("general.architecture", model.architecture)
      .set_string("general.name", "random")
      .set_u32(key("block_count"), u32(model.num_layers))
      .set_u32(key("context_length"), u32(model.context_length))
      .set_u32(key("embedding_length"), u32(model.width))
      .set_u32(key("feed_forward_length"), u32(model.feed_forward))
      .set_u32(key("attention.head_count"), u32(model.num_heads))
      .set_u32(key("attention.head_count_kv"), u32(model.num_kv_heads))
      .set_f32(key(star ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"), 1e-6f)
      .set_f32(key("rope.freq_base"), 10000);
  const auto vocabulary = static_cast<uint64_t>(gguf::add_tiny_vocabulary(builder));

  uint32_t seed = model.seed * 1000;
  const auto matrix = [&](const std::string& name, uint64_t rows, uint64_t cols) {
    builder.add_tensor(name, model.type, {cols, rows}, random_weights(model.type, rows * cols, 0.15f, ++seed));
  };
  const auto vector = [&](const std::string& name, uint64_t cols, float center) {
    std::mt19937 random(++seed);
    std::string data;
    for (uint64_t i = 0; i < cols; ++i) data += gguf::encoded(center + random_float(0.3f, random));
    builder.add_tensor(name, TensorType::f32, {cols}, std::move(data));
  };
  const auto width = static_cast<uint64_t>(model.width), inner = static_cast<uint64_t>(model.feed_forward);
  const uint64_t key_width = width / u32(model.num_heads) * u32(model.num_kv_heads);
  const uint64_t head = width / u32(model.num_heads);
  const auto norm = [&](const std::string& name) {
    vector(name + ".weight", width, 1);
    if (star) vector(name + ".bias", width, 0);
  };
  matrix("token_embd.weight", vocabulary, width);
  for (int layer = 0; layer < model.num_layers; ++layer) {
    const std::string prefix = "blk." + std::to_string(layer) + ".";
    norm(prefix + "attn_norm");
    matrix(prefix + "attn_q.weight", width, width);
    matrix(prefix + "attn_k.weight", key_width, width);
    matrix(prefix + "attn_v.weight", key_width, width);
    if (model.architecture == "qwen2" || star) {
      vector(prefix + "attn_q.bias", width, 0);
      vector(prefix + "attn_k.bias", key_width, 0);
      vector(prefix + "attn_v.bias", key_width, 0);
    }
    matrix(prefix + "attn_output.weight", width, width);
    if (qk_norms) vector(prefix + "attn_q_norm.weight", head, 1);
    if (qk_norms) vector(prefix + "attn_k_norm.weight", head, 1);
    if (star) vector(prefix + "attn_output.bias", width, 0);
    if (star) vector(prefix + "ffn_up.bias", inner, 0);
    if (star) vector(prefix + "ffn_down.bias", width, 0);
    if (gemma) norm(prefix + "post_attention_norm");
    if (gemma) norm(prefix + "post_ffw_norm");
    norm(prefix + "ffn_norm");
    if (!star) matrix(prefix + "ffn_gate.weight", inner, width);
    matrix(prefix + "ffn_up.weight", inner, width);
    matrix(prefix + "ffn_down.weight", width, inner);
  }
  norm("output_norm");
  if (!model.tied) matrix("output.weight", vocabulary, width);
  return builder;
}

ModelFile::ModelFile(const gguf::GgufBuilder& builder) {
  static std::atomic<int> count{0};
  const auto folder = std::filesystem::path(LACUNA_BINARY_DIR) / "test-models";
  std::filesystem::create_directories(folder);
  path_ = folder / (std::to_string(getpid()) + "-" + std::to_string(++count) + ".gguf");
  std::ofstream(path_, std::ios::binary) << builder.build();
}

ModelFile::~ModelFile() {
  std::filesystem::remove(path_);
}

}  // namespace lacuna::engine
