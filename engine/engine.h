/// Engine: a model in memory that turns token requests into tokens.
///
/// Requests are continuously batched over a paged KV cache with prefix reuse. There is no prefill or decode phase: in each
/// step(), computed tokens catch up with tokens, under a budget. step() is synchronous and everything is deterministic;
/// tests drive it directly. EngineThread is the thread around it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/request.h"
#include "engine/tokenizer/tokenizer.h"
#include "support/result.h"

namespace lacuna::engine {

struct EngineOptions {
  std::string model_path;
  int num_threads = 0;       ///< 0: one for each core worth using
  std::string isa = "auto";  ///< see kernels::BackendOptions
  int context_tokens = 8192;        ///< the longest sequence; lowered to the model's own limit
  uint64_t kv_cache_bytes = 256ull << 20;  ///< raised so that one sequence of context_tokens fits
  int max_batch_tokens = 512;       ///< activation rows of one step
  int max_sequences = 16;           ///< requests that run at once; more wait
  /// Where repacked weights are kept for the next load, see sidecar/sidecar.h. Empty: nowhere.
  std::string sidecar_folder;
  uint64_t sidecar_least_bytes = 16ull << 20;  ///< smaller model files are repacked sooner than they are read
  bool save_sidecar_first = false;  ///< load() returns when the sidecar is saved; otherwise that goes on behind it
};

struct ModelInfo {
  std::string name;          ///< general.name, or the file's name
  std::string architecture;  ///< "qwen2"
  std::string file_type;     ///< "Q4_K_M", from the tensors' own types
  uint64_t num_parameters = 0;
  uint64_t file_bytes = 0;
  uint64_t bytes_per_token = 0;  ///< of the file's tensors that one token needs: not the embedding's other rows
  int num_layers = 0;
  int embedding_length = 0;
  int vocabulary_size = 0;
  int context_length = 0;  ///< what the model was trained for
  int window = 0;          ///< sliding window, 0: none
  std::string isa;         ///< the kernels in use
  int num_threads = 0;
};

struct EngineStatistics {
  uint64_t steps = 0;
  uint64_t prompt_tokens = 0;
  uint64_t cached_tokens = 0;
  uint64_t evaluated_tokens = 0;
  uint64_t generated_tokens = 0;
  uint64_t guessed_tokens = 0;
  uint64_t accepted_tokens = 0;
  int running = 0;
  int waiting = 0;
  int total_blocks = 0;
  int free_blocks = 0;  ///< unused, or cached and evictable
  uint64_t allocated_bytes = 0;
  uint64_t shared_bytes = 0;  ///< of these, weights in a file that every process with this model maps
};

class Engine {
 public:
  /// Reads and checks the model file and allocates everything that will be needed. `progress` (0 to 1) is called on this
  /// thread; `cancel` is polled. Errors: not_found, io, corrupt, unsupported, exhausted, cancelled, invalid_argument.
  static Result<std::unique_ptr<Engine>> load(const EngineOptions& options,
                                              const std::function<void(double)>& progress = {},
                                              const std::atomic<bool>* cancel = nullptr);
  virtual ~Engine() = default;

  virtual const ModelInfo& model() const = 0;
  virtual const Tokenizer& tokenizer() const = 0;

  /// Takes a request; its updates come out of later step() calls. Errors: invalid_argument (an empty prompt, a token out
  /// of range, an id in flight, a prompt over the context length), unavailable (the model's file was written to).
  virtual Result<void> submit(Request request, UpdateCallback on_update) = 0;
  /// The request's last update (cancelled) is sent before this returns. Unknown ids are ignored.
  virtual void cancel(RequestId id) = 0;
  virtual bool has_work() const = 0;
  /// One forward pass over at most max_batch_tokens rows; updates are sent before it returns.
  virtual void step() = 0;

  virtual EngineStatistics statistics() const = 0;
  /// Aborts if the books of blocks, tables and sequences contradict each other.
  virtual void check_integrity() const = 0;
  /// Forgets all cached prefixes that no request is using.
  virtual void clear_cache() = 0;

  /// Logits at every position of `tokens` (a plain left-to-right pass), given to `on_logits(position, [vocabulary])`.
  /// For perplexity and golden tests. Errors: invalid_argument, exhausted (longer than the context).
  virtual Result<void> score(std::span<const TokenId> tokens,
                             const std::function<void(int, std::span<const float>)>& on_logits) = 0;
};

/// An Engine that loads and runs on a thread of its own. All members may be called from any thread.
class EngineThread {
 public:
  struct Loaded {
    ModelInfo model;
    const Tokenizer* tokenizer;  ///< lives as long as the EngineThread
    double load_ms;
  };
  using LoadCallback = std::function<void(const Result<Loaded>&)>;

  /// Starts loading at once. Both callbacks run on the engine's thread.
  EngineThread(EngineOptions options, LoadCallback on_loaded, std::function<void(double)> on_progress = {});
  /// Cancels loading or the current step's requests, and joins.
  ~EngineThread();

  /// Every submitted request gets exactly one finished update, also when it is refused or the thread ends.
  void submit(Request request, UpdateCallback on_update);
  void cancel(RequestId id);
  /// As Engine's, after what was submitted before.
  void clear_cache();
  /// Of the end of the last step; from any thread.
  EngineStatistics statistics() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lacuna::engine
