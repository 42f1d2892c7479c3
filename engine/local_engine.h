/// LocalEngine: the Engine of this process. Private to engine/: others hold an Engine.
///
/// It joins the parts: the scheduler says what to compute, the runner computes it, the sampler picks tokens, and here
/// the requests' updates are made. Engine thread only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/cache/cache_groups.h"
#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"
#include "engine/runner/model_runner.h"
#include "engine/runner/sampler.h"
#include "engine/runner/speculator.h"
#include "engine/scheduler/scheduler.h"
#include "engine/sidecar/sidecar.h"
#include "engine/tokenizer/pieces_by_byte.h"

namespace lacuna::engine {

/// Asked between the layers of a step: is what these requests want no longer wanted, or something else more urgent?
using AbandonStep = std::function<bool(std::span<const BatchEntry>)>;

class LocalEngine final : public Engine {
 public:
  /// What load() made. In this order: later members refer to earlier ones.
  struct Parts {
    gguf::File file;
    std::unique_ptr<const Tokenizer> tokenizer;
    std::unique_ptr<Sidecar> sidecar;  ///< null, or where the backend's weights lie
    std::unique_ptr<kernels::Backend> backend;
    Decoder decoder;
    ModelInfo model;
    CacheIdentity identity;
    std::vector<WindowGroup> window_groups;
    int context_tokens = 0;
    SchedulerOptions scheduling;
  };

  /// As Engine::load().
  static Result<std::unique_ptr<LocalEngine>> load(const EngineOptions& options,
                                                   const std::function<void(double)>& progress,
                                                   const std::atomic<bool>* cancel);
  explicit LocalEngine(Parts parts);

  const ModelInfo& model() const override { return parts_.model; }
  const Tokenizer& tokenizer() const override { return *parts_.tokenizer; }
  Result<void> submit(Request request, UpdateCallback on_update) override;
  void cancel(RequestId id) override;
  bool has_work() const override { return !active_.empty(); }
  void step() override { step_unless({}); }
  /// step(), of which nothing comes if `abandon` says yes at some layer; the same work is scheduled again next time.
  void step_unless(const AbandonStep& abandon);
  EngineStatistics statistics() const override;
  void check_integrity() const override;
  void clear_cache() override { cache_.clear(); }
  Result<void> score(std::span<const TokenId> tokens,
                     const std::function<void(int, std::span<const float>)>& on_logits) override;

  uint64_t num_preemptions() const { return scheduler_.num_preemptions(); }
  std::vector<RequestId> active_requests() const;

 private:
  using Clock = std::chrono::steady_clock;
  /// More tokens than this are no narrow choice.
  static constexpr size_t kMostAllowed = 1024;

  struct ActiveRequest {
    Sequence sequence;
    SamplingParameters sampling;
    std::vector<TokenId> stop_tokens;
    std::shared_ptr<Constraint> constraint;
    UpdateCallback on_update;
    std::string generated;                        ///< bytes
    std::vector<float> prompt_log_probabilities;  ///< of the scored tokens, as far as they are known
    RequestStatistics statistics;
    Clock::time_point submitted;
    Clock::time_point started;      ///< its first step
    Clock::time_point first_token;  ///< set when its prompt is done
    bool speculates = false;
    std::shared_ptr<const std::vector<TokenId>> references;
    std::optional<Speculator> speculator;  ///< made when it begins to decode
    bool has_started = false;
    bool has_first_token = false;
  };

  Result<void> check_request(const Request& request) const;
  void note_start(const Batch& batch);
  void account(const BatchEntry& entry);
  bool compute(Batch& batch, const AbandonStep& abandon);
  void add_drafts();
  void drop_drafts();
  void keep_whole_drafts(Batch& batch);
  void generate_all(const BatchEntry& entry, int& index);
  void remember(const Sequence& sequence);
  void narrow_choice(ActiveRequest& active);
  Result<std::optional<SampledToken>> choose(ActiveRequest& active, int index);
  void generate(ActiveRequest& active, int index);
  void deliver(ActiveRequest& active, const SampledToken& sampled);
  static bool is_stop_token(const ActiveRequest& active, TokenId token);
  bool accepts(ActiveRequest& active, TokenId token) const;
  void score_prompt(const BatchEntry& entry, int first_row);
  void finish_filled_sequences();
  void finish_filled(ActiveRequest& active);
  void finish(ActiveRequest& active, FinishReason reason, Update update = {});
  ActiveRequest& active_of(const BatchEntry& entry) { return *active_.at(entry.sequence->id); }

  Parts parts_;
  CacheGroups cache_;
  Scheduler scheduler_;
  ModelRunner runner_;
  Sampler sampler_;
  std::optional<PiecesByByte> pieces_;  // made when it is first needed
  Batch batch_;                         // of the running step
  Update update_;                       // the last one: its memory is used again
  DraftPlanner draft_planner_;
  Sequence* drafted_ = nullptr;       // of the running step
  std::vector<TokenId> past_tokens_;  // of the last answers
  std::unordered_map<RequestId, std::unique_ptr<ActiveRequest>> active_;
  uint64_t num_submitted_ = 0;
  EngineStatistics totals_;
};

}  // namespace lacuna::engine
