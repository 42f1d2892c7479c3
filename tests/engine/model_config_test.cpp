/// Files that are sound as containers and mean nonsense: each is refused with a message that names the key or the
/// tensor.
#include "engine/model/model_config.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "engine/engine.h"
#include "engine/model/weights.h"
#include "tests/engine/random_model.h"

using namespace lacuna;
using namespace lacuna::engine;
using gguf::GgufBuilder;
using gguf::ValueType;
using kernels::TensorType;

namespace {

/// Small enough that building it often costs nothing: 32 wide, 2 heads of 16, one of keys.
GgufBuilder small_model(const std::string& architecture = "qwen2") {
  return build_random_model({.architecture = architecture,
                             .type = TensorType::q8_0,
                             .num_layers = 1,
                             .width = 32,
                             .feed_forward = 64,
                             .num_heads = 2,
                             .num_kv_heads = 1});
}

/// Of reading the hyper-parameters and checking the tensors; empty if both were fine.
std::string refusal(const GgufBuilder& builder) {
  const std::string bytes = builder.build();
  const auto file = gguf::File::parse(std::as_bytes(std::span(bytes)));
  REQUIRE_MESSAGE(file.ok(), (file.ok() ? "" : file.error().message));
  const auto config = read_model_config(*file);
  if (!config) return config.error().message;
  const auto tensors = check_tensors(*file, *config);
  return tensors.ok() ? "" : tensors.error().message;
}

ModelConfig config_of(const GgufBuilder& builder) {
  const std::string bytes = builder.build();
  const auto file = gguf::File::parse(std::as_bytes(std::span(bytes)));
  REQUIRE(file.ok());
  const auto config = read_model_config(*file);
  if (!config.ok()) FAIL(config.error().message);
  return *config;
}

struct HostileCase {
  const char* name;  ///< the key or tensor that the message must name
  std::function<void(GgufBuilder&)> change;
  const char* said = "";  ///< and what it must say
};

std::string array_of(uint32_t value) {
  return gguf::encoded_array(ValueType::u32, 1, gguf::encoded(value));
}

const float kNan = std::numeric_limits<float>::quiet_NaN();
const float kInfinity = std::numeric_limits<float>::infinity();

const HostileCase kHostileKeys[] = {
    {"general.architecture", [](auto& b) { b.remove("general.architecture"); }, "missing"},
    {"general.architecture", [](auto& b) { b.set_string("general.architecture", "mamba"); }, "'mamba'"},
    {"general.architecture", [](auto& b) { b.set_u32("general.architecture", 1); }, "expected"},
    {"general.name", [](auto& b) { b.set_u32("general.name", 1); }, "expected"},
    {"qwen2.block_count", [](auto& b) { b.remove("qwen2.block_count"); }, "missing"},
    {"qwen2.block_count", [](auto& b) { b.set_u32("qwen2.block_count", 0); }, "is 0"},
    {"qwen2.block_count", [](auto& b) { b.set_u32("qwen2.block_count", 0xffffffffu); }, "is 4294967295"},
    {"qwen2.block_count", [](auto& b) { b.set_i32("qwen2.block_count", -1); }, ""},
    {"blk.1.attn_norm.weight", [](auto& b) { b.set_u32("qwen2.block_count", 2); }, ""},
    {"qwen2.context_length", [](auto& b) { b.set_u32("qwen2.context_length", 0); }, "is 0"},
    {"qwen2.context_length", [](auto& b) { b.set_u64("qwen2.context_length", ~0ull); }, "is 18446744073709551615"},
    {"qwen2.embedding_length", [](auto& b) { b.set_u32("qwen2.embedding_length", 0); }, "is 0"},
    {"qwen2.embedding_length", [](auto& b) { b.set_u32("qwen2.embedding_length", 1u << 31); }, "is 2147483648"},
    {"token_embd.weight", [](auto& b) { b.set_u32("qwen2.embedding_length", 64); }, "expected 2, 269 and 64"},
    {"qwen2.feed_forward_length", [](auto& b) { b.set_u32("qwen2.feed_forward_length", 0); }, "is 0"},
    {"qwen2.feed_forward_length", [](auto& b) { b.set_string("qwen2.feed_forward_length", "64"); }, "expected"},
    {"blk.0.ffn_gate.weight", [](auto& b) { b.set_u32("qwen2.feed_forward_length", 96); }, "expected 2, 96 and 32"},
    {"qwen2.attention.head_count", [](auto& b) { b.set_u32("qwen2.attention.head_count", 0); }, "is 0"},
    {"qwen2.attention.head_count", [](auto& b) { b.set_u32("qwen2.attention.head_count", 3); }, "is 3"},
    {"qwen2.attention.head_count", [](auto& b) { b.set_u32("qwen2.attention.head_count", 32); }, "heads of 1 values"},
    {"qwen2.attention.head_count", [](auto& b) { b.set_f32("qwen2.attention.head_count", 2); }, "expected"},
    {"qwen2.attention.head_count", [](auto& b) { b.set("qwen2.attention.head_count", ValueType::array, array_of(2)); },
     "expected"},
    {"qwen2.attention.head_count_kv", [](auto& b) { b.set_u32("qwen2.attention.head_count_kv", 0); }, "is 0"},
    {"qwen2.attention.head_count_kv", [](auto& b) { b.set_u32("qwen2.attention.head_count_kv", 3); }, "is 3"},
    {"qwen2.attention.head_count_kv", [](auto& b) { b.set_u32("qwen2.attention.head_count_kv", 4); }, "is 4"},
    {"blk.0.attn_k.weight", [](auto& b) { b.set_u32("qwen2.attention.head_count_kv", 2); }, "expected 2, 32 and 32"},
    {"qwen2.attention.key_length", [](auto& b) { b.set_u32("qwen2.attention.key_length", 0); }, "is 0"},
    {"qwen2.attention.key_length", [](auto& b) { b.set_u32("qwen2.attention.key_length", 1u << 20); }, "is 1048576"},
    {"qwen2.attention.value_length", [](auto& b) { b.set_u32("qwen2.attention.value_length", 8); }, "is 8"},
    {"qwen2.attention.layer_norm_rms_epsilon", [](auto& b) { b.remove("qwen2.attention.layer_norm_rms_epsilon"); },
     "missing"},
    {"qwen2.attention.layer_norm_rms_epsilon",
     [](auto& b) { b.set_f32("qwen2.attention.layer_norm_rms_epsilon", kNan); }, ""},
    {"qwen2.attention.layer_norm_rms_epsilon", [](auto& b) { b.set_f32("qwen2.attention.layer_norm_rms_epsilon", 0); },
     "is 0"},
    {"qwen2.attention.layer_norm_rms_epsilon",
     [](auto& b) { b.set_f32("qwen2.attention.layer_norm_rms_epsilon", -1e-6f); }, "is -"},
    {"qwen2.attention.layer_norm_rms_epsilon",
     [](auto& b) { b.set_f32("qwen2.attention.layer_norm_rms_epsilon", 1e6f); }, "is 1000000"},
    {"qwen2.attention.scale", [](auto& b) { b.set_f32("qwen2.attention.scale", -1); }, "is -1"},
    {"qwen2.attention.sliding_window", [](auto& b) { b.set_u64("qwen2.attention.sliding_window", ~0ull); }, "is 1844"},
    {"qwen2.attention.sliding_window", [](auto& b) { b.set_string("qwen2.attention.sliding_window", ""); }, "expected"},
    {"qwen2.attention.sliding_window", [](auto& b) { b.set_u32("qwen2.attention.sliding_window", 0); }, "is 0"},
    {"qwen2.attention.sliding_window", [](auto& b) { b.set_u32("qwen2.attention.sliding_window", 1u << 30); },
     "is 107"},
    {"qwen2.attention.sliding_window_pattern",
     [](auto& b) {
       b.set_u32("qwen2.attention.sliding_window", 8).set_u32("qwen2.attention.sliding_window_pattern", 2);
     },
     "is 2, expected 0 to 1"},
    {"qwen2.attention.sliding_window_pattern",
     [](auto& b) {
       b.set_u32("qwen2.attention.sliding_window", 8);
       b.set("qwen2.attention.sliding_window_pattern", ValueType::array,
             gguf::encoded_array(ValueType::boolean, 2, std::string("\1\0", 2)));
     },
     "has 2 elements, expected 1"},
    {"qwen2.attention.sliding_window_pattern",
     [](auto& b) {
       b.set_u32("qwen2.attention.sliding_window", 8);
       b.set("qwen2.attention.sliding_window_pattern", ValueType::array, array_of(1));
     },
     "of type bool"},
    {"qwen2.rope.freq_base", [](auto& b) { b.set_f32("qwen2.rope.freq_base", 0); }, "is 0"},
    {"qwen2.rope.freq_base", [](auto& b) { b.set_f32("qwen2.rope.freq_base", kInfinity); }, ""},
    {"qwen2.rope.freq_base", [](auto& b) { b.set_f32("qwen2.rope.freq_base", -10000); }, "is -10000"},
    {"qwen2.rope.dimension_count", [](auto& b) { b.set_u32("qwen2.rope.dimension_count", 15); }, "is 15"},
    {"qwen2.rope.dimension_count", [](auto& b) { b.set_u32("qwen2.rope.dimension_count", 18); }, "is 18"},
    {"qwen2.rope.dimension_count", [](auto& b) { b.set_u32("qwen2.rope.dimension_count", 0); }, "is 0"},
    {"qwen2.rope.scaling.type", [](auto& b) { b.set_string("qwen2.rope.scaling.type", "yarn"); }, "'yarn'"},
    {"qwen2.rope.scaling.factor", [](auto& b) { b.set_string("qwen2.rope.scaling.type", "linear"); }, "missing"},
    {"qwen2.rope.scaling.factor",
     [](auto& b) {
       b.set_string("qwen2.rope.scaling.type", "linear");
       b.set_f32("qwen2.rope.scaling.factor", 0);
     },
     "is 0"},
    {"qwen2.rope.scale_linear", [](auto& b) { b.set_f32("qwen2.rope.scale_linear", -2); }, "is -2"},
    {"qwen2.vocab_size", [](auto& b) { b.set_u32("qwen2.vocab_size", 151936); }, "is 151936"},
    {"qwen2.vocab_size", [](auto& b) { b.set_u32("qwen2.vocab_size", 0); }, "is 0"},
    {"qwen2.expert_count", [](auto& b) { b.set_u32("qwen2.expert_count", 8); }, "not supported"},
    {"qwen2.final_logit_softcapping", [](auto& b) { b.set_f32("qwen2.final_logit_softcapping", 30); }, "not supported"},
    {"qwen2.attention.causal", [](auto& b) { b.set_bool("qwen2.attention.causal", false); }, "not supported"},
    {"qwen2.use_parallel_residual", [](auto& b) { b.set_bool("qwen2.use_parallel_residual", true); }, "not supported"},
};

void add(GgufBuilder& builder, const char* name, std::vector<uint64_t> dims, TensorType type) {
  uint64_t count = 1;
  for (uint64_t dim : dims) count *= dim;
  builder.add_tensor(name, type, std::move(dims), random_weights(type, count, 0.1f, 1));
}

void reshape(GgufBuilder& builder, const char* name, std::vector<uint64_t> dims, TensorType type = TensorType::q8_0) {
  builder.remove_tensor(name);
  add(builder, name, std::move(dims), type);
}

const HostileCase kHostileTensors[] = {
    {"token_embd.weight", [](auto& b) { b.remove_tensor("token_embd.weight"); }, "missing"},
    {"token_embd.weight",
     [](auto& b) {
       reshape(b, "token_embd.weight", {32, 1});
     },
     "1 rows"},
    {"token_embd.weight", [](auto& b) { reshape(b, "token_embd.weight", {32}); }, "1 dimensions"},
    {"token_embd.weight",
     [](auto& b) {
       reshape(b, "token_embd.weight", {64, 269});
     },
     "269 rows of 64"},
    {"token_embd.weight", [](auto& b) { b.tensor("token_embd.weight").type = 99; }, "99"},
    {"output_norm.weight", [](auto& b) { b.remove_tensor("output_norm.weight"); }, "missing"},
    {"output_norm.weight", [](auto& b) { reshape(b, "output_norm.weight", {64}, TensorType::f32); }, "rows of 64"},
    {"output_norm.weight", [](auto& b) { reshape(b, "output_norm.weight", {32}); }, "Q8_0"},
    {"output.weight",
     [](auto& b) {
       reshape(b, "output.weight", {32, 100});
     },
     "100 rows"},
    {"blk.0.attn_q.weight", [](auto& b) { b.remove_tensor("blk.0.attn_q.weight"); }, "missing"},
    {"blk.0.attn_q.weight",
     [](auto& b) {
       reshape(b, "blk.0.attn_q.weight", {32, 16});
     },
     "16 rows of 32"},
    {"blk.0.attn_q.weight",
     [](auto& b) {
       reshape(b, "blk.0.attn_q.weight", {32, 32, 2});
     },
     "3 dimensions"},
    {"blk.0.attn_v.weight",
     [](auto& b) {
       reshape(b, "blk.0.attn_v.weight", {32, 32});
     },
     "32 rows of 32"},
    {"blk.0.attn_q.bias", [](auto& b) { b.remove_tensor("blk.0.attn_q.bias"); }, "missing"},
    {"blk.0.attn_k.bias", [](auto& b) { reshape(b, "blk.0.attn_k.bias", {32}, TensorType::f32); }, "rows of 32"},
    {"blk.0.ffn_down.weight",
     [](auto& b) {
       reshape(b, "blk.0.ffn_down.weight", {32, 64});
     },
     "64 rows of 32"},
    {"blk.0.ffn_norm.weight", [](auto& b) { b.remove_tensor("blk.0.ffn_norm.weight"); }, "missing"},
    {"blk.0.attn_q_norm.weight", [](auto& b) { add(b, "blk.0.attn_q_norm.weight", {16}, TensorType::f32); },
     "no such model"},
    {"blk.7.attn_q.weight",
     [](auto& b) {
       add(b, "blk.7.attn_q.weight", {32, 32}, TensorType::q8_0);
     },
     "no such model"},
    {"rope_freqs.weight", [](auto& b) { add(b, "rope_freqs.weight", {5}, TensorType::f32); }, "expected 8"},
    {"rope_freqs.weight",
     [](auto& b) { b.add_tensor("rope_freqs.weight", TensorType::f32, {8}, std::string(32, '\0')); }, "holds 0"},
};

void check_refused(const HostileCase& hostile) {
  GgufBuilder builder = small_model();
  hostile.change(builder);
  const std::string message = refusal(builder);
  CAPTURE(std::string(hostile.name));
  CAPTURE(message);
  CHECK(message.find(hostile.name) != std::string::npos);
  CHECK(message.find(hostile.said) != std::string::npos);
}

}  // namespace

TEST_CASE("a sound file of each architecture is accepted") {
  CHECK(refusal(small_model("qwen2")) == "");
  CHECK(refusal(small_model("llama")) == "");
}

TEST_CASE("hyper-parameters that mean nonsense are refused by name") {
  static_assert(std::size(kHostileKeys) >= 25);
  for (const auto& hostile : kHostileKeys) check_refused(hostile);
}

TEST_CASE("tensors that are missing, misshapen, unreadable or unknown are refused by name") {
  for (const auto& hostile : kHostileTensors) check_refused(hostile);
}

TEST_CASE("none of these files gets through loading either") {
  for (const auto& cases :
       {std::span<const HostileCase>(kHostileKeys), std::span<const HostileCase>(kHostileTensors)}) {
    for (const auto& hostile : cases) {
      GgufBuilder builder = small_model();
      hostile.change(builder);
      ModelFile file(builder);
      EngineOptions options;
      options.model_path = file.path();
      options.isa = "scalar";
      options.num_threads = 1;
      CAPTURE(std::string(hostile.name));
      const auto engine = Engine::load(options);
      REQUIRE_FALSE(engine.ok());
      CHECK_FALSE(engine.error().message.empty());
    }
  }
}

TEST_CASE("hyper-parameters are read with the format's defaults") {
  GgufBuilder builder = small_model("llama");
  builder.remove("llama.attention.head_count_kv").remove("llama.rope.freq_base");
  const ModelConfig config = config_of(builder);
  CHECK(config.num_layers == 1);
  CHECK(config.num_heads == 2);
  CHECK(config.num_kv_heads == 2);
  CHECK(config.head_dim == 16);
  CHECK(config.vocabulary_size == 269);
  CHECK(config.window == 0);
  CHECK(config.attention_scale == doctest::Approx(0.25));
  CHECK(config.rope.base == 10000);
  CHECK(config.rope.num_dims == 16);
  CHECK(config.rope.interleaved);
  CHECK_FALSE(config_of(small_model("qwen2")).rope.interleaved);
}

TEST_CASE("a window, linear scaling, frequency factors and a partial rotation are taken over") {
  GgufBuilder builder = small_model();
  builder.set_u32("qwen2.attention.sliding_window", 64)
      .set_string("qwen2.rope.scaling.type", "linear")
      .set_f32("qwen2.rope.scaling.factor", 4)
      .set_u32("qwen2.rope.dimension_count", 8);
  std::string factors;
  for (float factor : {1.0f, 2.0f, 4.0f, 8.0f}) factors += gguf::encoded(factor);
  builder.add_tensor("rope_freqs.weight", TensorType::f32, {4}, factors);
  CHECK(refusal(builder) == "");
  const ModelConfig config = config_of(builder);
  CHECK(config.window_of(0) == 64);
  CHECK(config.rope.position_scale == 0.25f);
  CHECK(config.rope.num_dims == 8);
  CHECK(config.rope.frequency_factors == std::vector<float>{1, 2, 4, 8});
}

TEST_CASE("a window that is no shorter than the context is none") {
  GgufBuilder builder = small_model();
  builder.set_u32("qwen2.attention.sliding_window", 256);
  CHECK(config_of(builder).window == 0);
}

TEST_CASE("llama may have biases, and settings at their usual values are no obstacle") {
  GgufBuilder builder = small_model("llama");
  add(builder, "blk.0.attn_q.bias", {32}, TensorType::f32);
  builder.set_u32("llama.expert_count", 0).set_f32("llama.logit_scale", 0).set_bool("llama.attention.causal", true);
  CHECK(refusal(builder) == "");
}

TEST_CASE("an engine is not loaded with options out of range, or without the memory it would need") {
  ModelFile file(small_model());
  const auto refused = [&](auto change) {
    EngineOptions options;
    options.model_path = file.path();
    change(options);
    const auto engine = Engine::load(options);
    REQUIRE_FALSE(engine.ok());
    return engine.error();
  };
  CHECK(refused([](auto& o) { o.num_threads = -1; }).message.find("num_threads is -1") != std::string::npos);
  CHECK(refused([](auto& o) { o.context_tokens = 0; }).message.find("context_tokens is 0") != std::string::npos);
  CHECK(refused([](auto& o) { o.max_batch_tokens = 0; }).message.find("max_batch_tokens is 0") != std::string::npos);
  CHECK(refused([](auto& o) { o.max_sequences = 0; }).message.find("max_sequences is 0") != std::string::npos);
  CHECK(refused([](auto& o) { o.kv_cache_bytes = ~0ull; }).message.find("kv_cache_bytes is") != std::string::npos);
  CHECK(refused([](auto& o) { o.isa = "mmx"; }).message.find("mmx") != std::string::npos);
  CHECK(refused([](auto& o) { o.model_path += ".missing"; }).code == ErrorCode::not_found);
  const Error memory = refused([](auto& o) { o.kv_cache_bytes = 1ull << 48; });
  CHECK(memory.code == ErrorCode::exhausted);
  CHECK(memory.message.find("MiB") != std::string::npos);
}

TEST_CASE("a vocabulary that has not the embedding's size is refused") {
  GgufBuilder builder = small_model();
  reshape(builder, "token_embd.weight", {32, 300});
  reshape(builder, "output.weight", {32, 300});
  ModelFile file(builder);
  EngineOptions options;
  options.model_path = file.path();
  const auto engine = Engine::load(options);
  REQUIRE_FALSE(engine.ok());
  CHECK(engine.error().code == ErrorCode::corrupt);
  CHECK(engine.error().message.find("269") != std::string::npos);
}

TEST_CASE("loading reports progress up to the end and can be cancelled") {
  ModelFile file(small_model());
  EngineOptions options;
  options.model_path = file.path();
  std::vector<double> reports;
  REQUIRE(Engine::load(options, [&](double done) { reports.push_back(done); }).ok());
  REQUIRE_FALSE(reports.empty());
  CHECK(std::is_sorted(reports.begin(), reports.end()));
  CHECK(reports.back() == 1.0);
  for (size_t cancel_after = 0; cancel_after < reports.size() - 1; ++cancel_after) {
    std::atomic<bool> cancel = false;
    size_t count = 0;
    const auto engine = Engine::load(
        options, [&](double) { cancel = count++ == cancel_after; }, &cancel);
    REQUIRE_FALSE(engine.ok());
    CHECK(engine.error().code == ErrorCode::cancelled);
  }
}
