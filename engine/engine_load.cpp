/// Loading: from a path to an Engine. Everything that the file says is checked before anything of it is used, and the
/// memory that will be needed is compared with the machine's before any is taken.
#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <new>
#include <string>
#include <vector>

#include "engine/local_engine.h"
#include "engine/weight_loading.h"
#include "support/log.h"
#include "support/os.h"

namespace lacuna::engine {

namespace {

constexpr double kMebibyte = 1024.0 * 1024.0;

Result<void> check_range(const char* name, int64_t value, int64_t least, int64_t greatest) {
  if (value >= least && value <= greatest) return {};
  return Error::format(ErrorCode::invalid_argument, "engine option {} is {}, expected {} to {}", name, value, least,
                       greatest);
}

Result<void> check_options(const EngineOptions& options) {
  LACUNA_RETURN_IF_ERROR(check_range("num_threads", options.num_threads, 0, 1024));
  LACUNA_RETURN_IF_ERROR(check_range("context_tokens", options.context_tokens, 1, ModelConfig::kMaxContext));
  constexpr uint64_t kMost = uint64_t{1} << 50;  // sums of sizes stay far below overflow
  LACUNA_RETURN_IF_ERROR(check_range("kv_cache_bytes",
                                     static_cast<int64_t>(std::min(options.kv_cache_bytes, kMost + 1)), 0,
                                     static_cast<int64_t>(kMost)));
  LACUNA_RETURN_IF_ERROR(check_range("max_batch_tokens", options.max_batch_tokens, 1, 1 << 16));
  return check_range("max_sequences", options.max_sequences, 1, 1024);
}

/// The types that hold at least a twentieth of the weights, the most of them first: "Q5_0+Q8_0".
std::string describe_types(const gguf::File& file) {
  std::map<std::string, uint64_t> elements;
  uint64_t total = 0;
  for (const gguf::Tensor& tensor : file.tensors()) {
    elements[kernels::type_traits(tensor.type()).name] += tensor.num_elements;
    total += tensor.num_elements;
  }
  std::vector<std::pair<uint64_t, std::string>> shares;
  for (const auto& [name, count] : elements) shares.emplace_back(count, name);
  std::ranges::sort(shares, std::greater{});
  std::string text;
  for (const auto& [count, name] : shares) {
    if (count < total / 20) continue;
    text += (text.empty() ? "" : "+") + name;
  }
  return text;
}

ModelInfo describe(const gguf::File& file, const ModelConfig& config, const std::string& path) {
  ModelInfo model;
  model.name = config.name.empty() ? path.substr(path.find_last_of('/') + 1) : config.name;
  model.architecture = config.architecture->name;
  model.file_type = describe_types(file);
  for (const gguf::Tensor& tensor : file.tensors()) model.num_parameters += tensor.num_elements;
  model.file_bytes = file.bytes().size();
  const bool tied = file.find_tensor("output.weight") == nullptr;
  for (const gguf::Tensor& tensor : file.tensors()) {
    const bool one_row = tensor.name == "token_embd.weight" && !tied;
    model.bytes_per_token += one_row ? tensor.data.size() / tensor.rows() : tensor.data.size();
  }
  model.num_layers = config.num_layers;
  model.embedding_length = config.embedding_length;
  model.vocabulary_size = config.vocabulary_size;
  model.context_length = config.context_length;
  model.window = config.window;
  return model;
}

/// Tells models apart within one process: their shapes and the first bytes of every tensor.
uint64_t fingerprint(const gguf::File& file) {
  uint64_t digest = mix_bits(file.bytes().size());
  for (const gguf::Tensor& tensor : file.tensors()) {
    std::array<uint64_t, 4> head{};
    std::memcpy(head.data(), tensor.data.data(), std::min(sizeof head, tensor.data.size()));
    digest = mix_bits(digest ^ tensor.file_offset ^ (uint64_t{tensor.type_id} << 56));
    for (uint64_t word : head) digest = mix_bits(digest ^ word);
  }
  return digest;
}

struct MemoryPlan {
  int context_tokens = 0;
  std::vector<LayerGroup> layers;
  std::vector<WindowGroup> groups;  ///< of those layers
  int max_rows = 0;
};

/// What a block takes in these layers with half-precision keys and values, which is what fast backends use.
uint64_t estimated_block_bytes(const ModelConfig& config, const LayerGroup& group) {
  return uint64_t{2} * sizeof(kernels::Half) * kernels::kBlockTokens * group.layers.size() *
         static_cast<uint64_t>(config.kv_length());
}

/// The least blocks with which a sequence of the whole context can be computed.
uint64_t least_blocks(const LayerGroup& group, const MemoryPlan& plan) {
  constexpr int kSpareBlocks = 2;  // the source of a copy is held beside a full sequence
  const int whole = blocks_for(plan.context_tokens) + kSpareBlocks;
  if (group.window == 0) return static_cast<uint64_t>(whole);
  const int windowed = blocks_for(group.window) + 3 + blocks_for(plan.max_rows) + kSpareBlocks;
  return static_cast<uint64_t>(std::min(whole, windowed));
}

/// All groups get room for the same tokens if the budget allows a whole context in each; otherwise layers that see
/// everything get their least, and those with a window the rest, which is a window at least. Returns the bytes.
uint64_t plan_cache(const ModelConfig& config, uint64_t budget, MemoryPlan& plan) {
  constexpr uint64_t kMostBlocks = uint64_t{1} << 24;
  uint64_t all_bytes = 0, needed = 0;  // of one block in every group; of the least
  for (const LayerGroup& group : plan.layers) {
    all_bytes += estimated_block_bytes(config, group);
    needed += least_blocks(group, plan) * estimated_block_bytes(config, group);
  }
  const uint64_t cache_bytes = std::max(budget, needed);
  const uint64_t even = cache_bytes / all_bytes;
  uint64_t left = cache_bytes;
  for (const LayerGroup& group : plan.layers) {  // those without a window come first
    const uint64_t block_bytes = estimated_block_bytes(config, group);
    const bool last = &group == &plan.layers.back();
    const uint64_t wanted = last ? left / block_bytes : std::max(even, least_blocks(group, plan));
    const uint64_t count = std::min(wanted, kMostBlocks);
    plan.groups.push_back({.window = group.window, .num_blocks = static_cast<int>(count)});
    left -= count * block_bytes;
  }
  return cache_bytes;
}

/// Errors: exhausted, before anything is allocated.
Result<MemoryPlan> plan_memory(const EngineOptions& options, const ModelConfig& config, uint64_t file_bytes) {
  MemoryPlan plan;
  plan.context_tokens = std::min(options.context_tokens, config.context_length);
  plan.max_rows = std::max(options.max_batch_tokens, options.max_sequences);
  plan.layers = layer_groups(config);
  const uint64_t cache_bytes = plan_cache(config, options.kv_cache_bytes, plan);
  const uint64_t total =
      file_bytes + cache_bytes + Decoder::activation_bytes(config, plan.max_rows, options.max_sequences);
  const uint64_t memory = os::total_memory_bytes();
  if (total > memory) {
    return Error::format(ErrorCode::exhausted,
                         "the model needs about {:.0f} MiB with a context of {} tokens, the machine has {:.0f} MiB",
                         static_cast<double>(total) / kMebibyte, plan.context_tokens,
                         static_cast<double>(memory) / kMebibyte);
  }
  return plan;
}

Result<std::unique_ptr<const Tokenizer>> load_tokenizer(const gguf::File& file, const ModelConfig& config) {
  LACUNA_ASSIGN_OR_RETURN(auto tokenizer, Tokenizer::load(file));
  if (tokenizer->size() != config.vocabulary_size) {
    return Error::format(ErrorCode::corrupt, "the vocabulary has {} tokens, but tensor 'token_embd.weight' has {} rows",
                         tokenizer->size(), config.vocabulary_size);
  }
  return tokenizer;
}

kernels::KvCacheShape cache_shape(const ModelConfig& config, const MemoryPlan& plan) {
  kernels::KvCacheShape shape{};
  shape.num_layers = config.num_layers;
  shape.num_blocks = plan.groups.front().num_blocks;
  shape.num_kv_heads = config.num_kv_heads;
  shape.head_dim = config.head_dim;
  shape.blocks_of_layer.resize(static_cast<size_t>(config.num_layers));
  for (size_t g = 0; g < plan.groups.size(); ++g) {
    for (const int layer : plan.layers[g].layers) {
      shape.blocks_of_layer[static_cast<size_t>(layer)] = plan.groups[g].num_blocks;
    }
  }
  return shape;
}

/// Never fails the load: without a sidecar everything works, only later starts are slower.
void save_sidecar(Sidecar* sidecar, const EngineOptions& options) {
  if (sidecar == nullptr) return;
  if (!options.save_sidecar_first) return sidecar->save_in_background();
  if (const Result<void> saved = sidecar->save(); !saved.ok()) {
    log::warning("the repacked weights are not kept for the next start: {}", saved.error().message);
  }
}

Result<std::unique_ptr<LocalEngine>> load_parts(const EngineOptions& options,
                                                const std::function<void(double)>& progress,
                                                const std::atomic<bool>* cancel) {
  LACUNA_RETURN_IF_ERROR(check_options(options));
  LACUNA_ASSIGN_OR_RETURN(gguf::File file, gguf::File::open(options.model_path));
  LACUNA_ASSIGN_OR_RETURN(const ModelConfig config, read_model_config(file));
  LACUNA_RETURN_IF_ERROR(check_tensors(file, config));
  LACUNA_ASSIGN_OR_RETURN(const MemoryPlan plan, plan_memory(options, config, file.bytes().size()));
  LACUNA_ASSIGN_OR_RETURN(auto loading, WeightLoading::begin(file, config, options, plan.max_rows, cancel));
  LACUNA_ASSIGN_OR_RETURN(auto tokenizer, load_tokenizer(file, config));
  LACUNA_ASSIGN_OR_RETURN(WeightLoading::Loaded loaded, loading->finish(progress));
  auto& backend = loaded.backend;
  LACUNA_RETURN_IF_ERROR(backend->allocate_kv_cache(cache_shape(config, plan)));
  LACUNA_ASSIGN_OR_RETURN(Decoder decoder, Decoder::create(config, std::move(loaded.weights), *backend, plan.max_rows,
                                                           options.max_sequences));
  save_sidecar(loaded.sidecar.get(), options);
  ModelInfo model = describe(file, config, options.model_path);
  model.isa = backend->isa();
  model.num_threads = backend->num_threads();
  const CacheIdentity identity{.model = fingerprint(file)};
  SchedulerOptions scheduling;
  scheduling.max_batch_tokens = options.max_batch_tokens;
  scheduling.max_sequences = options.max_sequences;
  return std::make_unique<LocalEngine>(LocalEngine::Parts{.file = std::move(file),
                                                          .tokenizer = std::move(tokenizer),
                                                          .sidecar = std::move(loaded.sidecar),
                                                          .backend = std::move(backend),
                                                          .decoder = std::move(decoder),
                                                          .model = std::move(model),
                                                          .identity = identity,
                                                          .window_groups = plan.groups,
                                                          .context_tokens = plan.context_tokens,
                                                          .scheduling = scheduling});
}

}  // namespace

Result<std::unique_ptr<LocalEngine>> LocalEngine::load(const EngineOptions& options,
                                                       const std::function<void(double)>& progress,
                                                       const std::atomic<bool>* cancel) {
  try {
    auto engine = load_parts(options, progress, cancel);
    if (engine) {
      const ModelInfo& model = (*engine)->model();
      log::info("loaded {} ({}, {} layers, {}), {} kernels, {} threads", model.name, model.architecture,
                model.num_layers, model.file_type, model.isa, model.num_threads);
    }
    return engine;
  } catch (const std::bad_alloc&) {
    return Error::format(ErrorCode::exhausted, "no memory to load the model file '{}'", options.model_path);
  }
}

Result<std::unique_ptr<Engine>> Engine::load(const EngineOptions& options, const std::function<void(double)>& progress,
                                             const std::atomic<bool>* cancel) {
  LACUNA_ASSIGN_OR_RETURN(auto engine, LocalEngine::load(options, progress, cancel));
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace lacuna::engine
