#include "engine/model/model_config.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace lacuna::engine {

namespace {

/// Reads the keys of one architecture: "head_count" of qwen2 is "qwen2.attention.head_count".
class KeyReader {
 public:
  KeyReader(const gguf::File& file, std::string_view architecture) : file_(file), architecture_(architecture) {}

  std::string key(std::string_view name) const { return fmt::format("{}.{}", architecture_, name); }
  bool has(std::string_view name) const { return file_.has(key(name)); }

  Result<int> integer(std::string_view name, uint64_t least, uint64_t greatest,
                      std::optional<int> fallback = std::nullopt) const {
    if (fallback && !has(name)) return *fallback;
    LACUNA_ASSIGN_OR_RETURN(const uint64_t value, file_.u64(key(name)));
    if (value < least || value > greatest) {
      return Error::format(ErrorCode::corrupt, "metadata key '{}' is {}, expected {} to {}", key(name), value, least,
                           greatest);
    }
    return static_cast<int>(value);
  }

  Result<float> real(std::string_view name, double least, double greatest,
                     std::optional<float> fallback = std::nullopt) const {
    if (fallback && !has(name)) return *fallback;
    LACUNA_ASSIGN_OR_RETURN(const double value, file_.f64(key(name)));
    if (!(value >= least && value <= greatest)) {
      return Error::format(ErrorCode::corrupt, "metadata key '{}' is {}, expected {} to {}", key(name), value, least,
                           greatest);
    }
    return static_cast<float>(value);
  }

 private:
  const gguf::File& file_;
  std::string_view architecture_;
};

/// The rows of the embedding, which are the vocabulary.
Result<int> read_vocabulary_size(const gguf::File& file, const KeyReader& keys) {
  LACUNA_ASSIGN_OR_RETURN(const gguf::Tensor* table, file.tensor("token_embd.weight"));
  if (table->num_dims != 2 || table->rows() < 2 || table->rows() > ModelConfig::kMaxVocabulary) {
    return Error::format(ErrorCode::corrupt,
                         "tensor 'token_embd.weight' has {} dimensions and {} rows, expected 2 and 2 to {}",
                         table->num_dims, table->rows(), ModelConfig::kMaxVocabulary);
  }
  const int rows = static_cast<int>(table->rows());
  LACUNA_ASSIGN_OR_RETURN(const int stated, keys.integer("vocab_size", 0, UINT32_MAX >> 1, rows));
  if (stated != rows) {
    return Error::format(ErrorCode::corrupt, "metadata key '{}' is {}, but tensor 'token_embd.weight' has {} rows",
                         keys.key("vocab_size"), stated, rows);
  }
  return rows;
}

Result<void> read_sizes(const gguf::File& file, const KeyReader& keys, ModelConfig& config) {
  LACUNA_ASSIGN_OR_RETURN(config.num_layers, keys.integer("block_count", 1, ModelConfig::kMaxLayers));
  LACUNA_ASSIGN_OR_RETURN(config.context_length, keys.integer("context_length", 1, ModelConfig::kMaxContext));
  LACUNA_ASSIGN_OR_RETURN(config.embedding_length, keys.integer("embedding_length", 1, ModelConfig::kMaxWidth));
  LACUNA_ASSIGN_OR_RETURN(config.feed_forward_length, keys.integer("feed_forward_length", 1, ModelConfig::kMaxWidth));
  LACUNA_ASSIGN_OR_RETURN(config.vocabulary_size, read_vocabulary_size(file, keys));
  return {};
}

Result<void> read_head_dim(const KeyReader& keys, ModelConfig& config) {
  if (!keys.has("attention.key_length") && config.embedding_length % config.num_heads != 0) {
    return Error::format(ErrorCode::corrupt, "metadata key '{}' is {}, which does not divide the embedding length {}",
                         keys.key("attention.head_count"), config.num_heads, config.embedding_length);
  }
  const int natural = config.embedding_length / config.num_heads;
  LACUNA_ASSIGN_OR_RETURN(config.head_dim, keys.integer("attention.key_length", 2, ModelConfig::kMaxHeadDim, natural));
  LACUNA_ASSIGN_OR_RETURN(const int value_length,
                          keys.integer("attention.value_length", 2, ModelConfig::kMaxHeadDim, config.head_dim));
  if (value_length != config.head_dim) {
    return Error::format(ErrorCode::unsupported, "metadata key '{}' is {}, which is not the key length {}",
                         keys.key("attention.value_length"), value_length, config.head_dim);
  }
  if (config.head_dim % 2 != 0 || config.head_dim < 2 || config.head_dim > static_cast<int>(ModelConfig::kMaxHeadDim)) {
    return Error::format(ErrorCode::corrupt,
                         "metadata key '{}' gives heads of {} values, expected an even number from 2 to {}",
                         keys.key("attention.head_count"), config.head_dim, ModelConfig::kMaxHeadDim);
  }
  return {};
}

Result<void> read_attention(const KeyReader& keys, ModelConfig& config) {
  LACUNA_ASSIGN_OR_RETURN(config.num_heads, keys.integer("attention.head_count", 1, ModelConfig::kMaxHeads));
  LACUNA_ASSIGN_OR_RETURN(config.num_kv_heads,
                          keys.integer("attention.head_count_kv", 1, ModelConfig::kMaxHeads, config.num_heads));
  if (config.num_heads % config.num_kv_heads != 0) {
    return Error::format(ErrorCode::corrupt, "metadata key '{}' is {}, which does not divide the head count {}",
                         keys.key("attention.head_count_kv"), config.num_kv_heads, config.num_heads);
  }
  LACUNA_RETURN_IF_ERROR(read_head_dim(keys, config));
  const bool rms = config.architecture->norm == Norm::rms;
  const char* epsilon = rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
  LACUNA_ASSIGN_OR_RETURN(config.norm_epsilon, keys.real(epsilon, 1e-12, 0.1));
  const bool wide_scale = config.num_layers == config.architecture->layers_of_wide_scale;
  const int scale_length = wide_scale ? config.embedding_length / config.num_heads : config.head_dim;
  const float natural_scale = 1.0f / std::sqrt(static_cast<float>(scale_length));
  LACUNA_ASSIGN_OR_RETURN(config.attention_scale, keys.real("attention.scale", 1e-6, 1e3, natural_scale));
  return {};
}

/// Which layers have the window: every one of an array of booleans that is true; or all but the last of each N.
Result<void> read_window_pattern(const gguf::File& file, const KeyReader& keys, ModelConfig& config) {
  constexpr std::string_view name = "attention.sliding_window_pattern";
  const gguf::Value* pattern = file.find(keys.key(name));
  if (!pattern || pattern->type != gguf::ValueType::array) {
    LACUNA_ASSIGN_OR_RETURN(const int every, keys.integer(name, 0, static_cast<uint64_t>(config.num_layers),
                                                          config.architecture->full_attention_every));
    for (int layer = 0; layer < config.num_layers; ++layer) {
      config.windowed[static_cast<size_t>(layer)] = every == 0 || layer % every < every - 1;
    }
    return {};
  }
  if (pattern->element_type != gguf::ValueType::boolean || pattern->count != static_cast<uint64_t>(config.num_layers)) {
    return Error::format(ErrorCode::corrupt, "metadata key '{}' has {} elements, expected {} of type bool",
                         keys.key(name), pattern->count, config.num_layers);
  }
  for (size_t layer = 0; layer < config.windowed.size(); ++layer) {
    config.windowed[layer] = pattern->bytes[layer] != std::byte{0};
  }
  return {};
}

Result<void> read_window(const gguf::File& file, const KeyReader& keys, ModelConfig& config) {
  constexpr std::string_view name = "attention.sliding_window";
  config.windowed.assign(static_cast<size_t>(config.num_layers), false);
  if (config.architecture->window != Presence::required && !keys.has(name)) return {};
  LACUNA_ASSIGN_OR_RETURN(config.window, keys.integer(name, 1, ModelConfig::kMaxContext));
  LACUNA_RETURN_IF_ERROR(read_window_pattern(file, keys, config));
  // The layers keep their own rotation, but a window that holds the whole context forgets nothing.
  if (config.window >= config.context_length || std::ranges::count(config.windowed, true) == 0) config.window = 0;
  return {};
}

/// Divisors of the rotary frequencies, which Llama 3.1 and later bring as a tensor.
Result<void> read_frequency_factors(const gguf::File& file, kernels::RopeParameters& rope) {
  constexpr std::string_view name = "rope_freqs.weight";
  const gguf::Tensor* tensor = file.find_tensor(name);
  if (!tensor) return {};
  const auto count = static_cast<uint64_t>(rope.num_dims / 2);
  if (tensor->type_id != static_cast<uint32_t>(kernels::TensorType::f32) || tensor->num_dims != 1 ||
      tensor->num_elements != count) {
    return Error::format(ErrorCode::corrupt, "tensor '{}' has {} values of type {}, expected {} of type F32", name,
                         tensor->num_elements, tensor->type_id, count);
  }
  rope.frequency_factors.resize(count);
  kernels::dequantize(kernels::TensorType::f32, tensor->data.data(), count, rope.frequency_factors.data());
  for (float factor : rope.frequency_factors) {
    if (!(factor >= 1e-6f && factor <= 1e6f)) {
      return Error::format(ErrorCode::corrupt, "tensor '{}' holds {}, expected 1e-6 to 1e6", name, factor);
    }
  }
  return {};
}

Result<float> read_rope_scaling(const gguf::File& file, const KeyReader& keys) {
  LACUNA_ASSIGN_OR_RETURN(const float old_style, keys.real("rope.scale_linear", 1e-3, 1e6, 1.0f));
  LACUNA_ASSIGN_OR_RETURN(const std::string_view type, file.string(keys.key("rope.scaling.type"), "none"));
  if (type == "none") return old_style;
  if (type != "linear") {
    return Error::format(ErrorCode::unsupported, "metadata key '{}' is {}, expected none or linear",
                         keys.key("rope.scaling.type"), gguf::quoted(type));
  }
  return keys.real("rope.scaling.factor", 1e-3, 1e6);
}

Result<void> read_rope(const gguf::File& file, const KeyReader& keys, ModelConfig& config) {
  kernels::RopeParameters& rope = config.rope;
  LACUNA_ASSIGN_OR_RETURN(rope.base, keys.real("rope.freq_base", 1, 1e12, config.architecture->rope_base));
  LACUNA_ASSIGN_OR_RETURN(const float factor, read_rope_scaling(file, keys));
  rope.position_scale = 1.0f / factor;
  LACUNA_ASSIGN_OR_RETURN(
      rope.num_dims, keys.integer("rope.dimension_count", 2, static_cast<uint64_t>(config.head_dim), config.head_dim));
  if (rope.num_dims % 2 != 0) {
    return Error::format(ErrorCode::corrupt, "metadata key '{}' is {}, expected an even number",
                         keys.key("rope.dimension_count"), rope.num_dims);
  }
  rope.interleaved = config.architecture->interleaved_rope;
  LACUNA_RETURN_IF_ERROR(read_frequency_factors(file, rope));
  config.window_rope = rope;
  const float window_base = config.architecture->window_rope_base;
  if (window_base == 0) return {};
  LACUNA_ASSIGN_OR_RETURN(config.window_rope.base, keys.real("rope.freq_base_swa", 1, 1e12, window_base));
  config.window_rope.position_scale = 1;
  config.window_rope.frequency_factors.clear();
  return {};
}

/// Settings that other programs obey and that change what is computed. Each is fine where it says "as usual".
Result<void> refuse_unknown_arithmetic(const gguf::File& file, const KeyReader& keys) {
  for (const char* name :
       {"expert_count", "expert_used_count", "attention.max_alibi_bias", "attention.clamp_kqv",
        "attn_logit_softcapping", "final_logit_softcapping", "logit_scale", "residual_scale", "embedding_scale",
        "leading_dense_block_count", "attention.temperature_scale", "attention.temperature_length"}) {
    const gguf::Value* value = file.find(keys.key(name));
    if (!value) continue;
    const auto whole = file.u64(keys.key(name));
    const auto real = file.f64(keys.key(name));
    if ((whole && *whole == 0) || (real && *real == 0)) continue;
    return Error::format(ErrorCode::unsupported, "metadata key '{}' asks for arithmetic that is not supported",
                         keys.key(name));
  }
  LACUNA_ASSIGN_OR_RETURN(const bool causal, file.boolean(keys.key("attention.causal"), true));
  LACUNA_ASSIGN_OR_RETURN(const bool parallel, file.boolean(keys.key("use_parallel_residual"), false));
  if (!causal || parallel) {
    return Error::format(ErrorCode::unsupported, "metadata key '{}' asks for arithmetic that is not supported",
                         keys.key(causal ? "use_parallel_residual" : "attention.causal"));
  }
  return {};
}

}  // namespace

Result<ModelConfig> read_model_config(const gguf::File& file) {
  ModelConfig config;
  LACUNA_ASSIGN_OR_RETURN(const std::string_view architecture, file.string("general.architecture"));
  config.architecture = find_architecture(architecture);
  if (!config.architecture) {
    return Error::format(ErrorCode::unsupported, "metadata key 'general.architecture' is {}, supported are: {}",
                         gguf::quoted(architecture), architecture_names());
  }
  LACUNA_ASSIGN_OR_RETURN(const std::string_view name, file.string("general.name", ""));
  config.name = name;
  const KeyReader keys(file, config.architecture->name);
  LACUNA_RETURN_IF_ERROR(read_sizes(file, keys, config));
  LACUNA_RETURN_IF_ERROR(read_attention(keys, config));
  LACUNA_RETURN_IF_ERROR(read_window(file, keys, config));
  LACUNA_RETURN_IF_ERROR(read_rope(file, keys, config));
  if (config.architecture->scaled_embedding) {
    config.embedding_scale = std::sqrt(static_cast<float>(config.embedding_length));
  }
  LACUNA_RETURN_IF_ERROR(refuse_unknown_arithmetic(file, keys));
  return config;
}

std::vector<LayerGroup> layer_groups(const ModelConfig& config) {
  std::vector<LayerGroup> groups;
  for (const int window : {0, config.window}) {
    LayerGroup group{.window = window, .layers = {}};
    for (int layer = 0; layer < config.num_layers; ++layer) {
      if (config.window_of(layer) == window) group.layers.push_back(layer);
    }
    const bool seen = !groups.empty() && groups.back().window == window;
    if (!group.layers.empty() && !seen) groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace lacuna::engine
