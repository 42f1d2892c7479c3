#include <algorithm>
#include <array>
#include <deque>
#include <thread>
#include <utility>
#include <variant>

#include "engine/local_engine.h"
#include "support/channel.h"
#include "support/os.h"

namespace lacuna::engine {

namespace {

struct Submission {
  Request request;
  UpdateCallback on_update;
};

struct Cancellation {
  RequestId id;
};

struct CacheClearing {};

using Message = std::variant<Submission, Cancellation, CacheClearing>;

/// Statistics that one thread writes and others read. Each figure is whole; they may be of two neighbouring steps.
class SharedStatistics {
 public:
  void store(const EngineStatistics& s) {
    const std::array<uint64_t, kCount> values = {s.steps,
                                                 s.prompt_tokens,
                                                 s.cached_tokens,
                                                 s.evaluated_tokens,
                                                 s.generated_tokens,
                                                 static_cast<uint64_t>(s.running),
                                                 static_cast<uint64_t>(s.waiting),
                                                 static_cast<uint64_t>(s.total_blocks),
                                                 static_cast<uint64_t>(s.free_blocks),
                                                 s.allocated_bytes,
                                                 s.shared_bytes};
    for (size_t i = 0; i < kCount; ++i) values_[i].store(values[i], std::memory_order_relaxed);
  }

  EngineStatistics load() const {
    const auto at = [&](size_t i) { return values_[i].load(std::memory_order_relaxed); };
    return {.steps = at(0),
            .prompt_tokens = at(1),
            .cached_tokens = at(2),
            .evaluated_tokens = at(3),
            .generated_tokens = at(4),
            .running = static_cast<int>(at(5)),
            .waiting = static_cast<int>(at(6)),
            .total_blocks = static_cast<int>(at(7)),
            .free_blocks = static_cast<int>(at(8)),
            .allocated_bytes = at(9),
            .shared_bytes = at(10)};
  }

 private:
  static constexpr size_t kCount = 11;
  std::array<std::atomic<uint64_t>, kCount> values_{};
};

void refuse(const Submission& submission, FinishReason reason, Error error) {
  Update update;
  update.id = submission.request.id;
  update.finished = true;
  update.reason = reason;
  update.error = std::move(error);
  submission.on_update(update);
}

}  // namespace

/// Above the line: shared. Below it: the engine's thread alone.
struct EngineThread::State {
  EngineOptions options;
  LoadCallback on_loaded;
  std::function<void(double)> on_progress;
  Channel<Message> messages;
  std::atomic<bool> stopping{false};
  SharedStatistics statistics;
  std::thread thread;
  // ---
  std::unique_ptr<LocalEngine> engine;
  std::deque<Message> inbox;  // taken from the channel during a step, not handled yet

  void run();
  bool load();
  void serve();
  void refuse_all(const Error& error);
  void handle(Message message);
  void take_messages();
  bool overtaken(std::span<const BatchEntry> entries);
  bool is_cancelled(RequestId id) const;
  void end();
};

EngineThread::EngineThread(EngineOptions options, LoadCallback on_loaded, std::function<void(double)> on_progress)
    : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->on_loaded = std::move(on_loaded);
  state_->on_progress = std::move(on_progress);
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

EngineThread::~EngineThread() {
  state_->stopping = true;
  state_->messages.close();
  state_->thread.join();
}

void EngineThread::submit(Request request, UpdateCallback on_update) {
  state_->messages.push(Submission{std::move(request), std::move(on_update)});
}

void EngineThread::cancel(RequestId id) {
  state_->messages.push(Cancellation{id});
}

void EngineThread::clear_cache() {
  state_->messages.push(CacheClearing{});
}

EngineStatistics EngineThread::statistics() const {
  return state_->statistics.load();
}

void EngineThread::State::run() {
  os::name_thread("engine");
  if (load()) serve();
  end();
}

/// False if there is no model; all requests have been refused then, until the thread was told to stop.
bool EngineThread::State::load() {
  const auto start = std::chrono::steady_clock::now();
  auto loaded = LocalEngine::load(options, on_progress, &stopping);
  if (!loaded) {
    on_loaded(loaded.error());
    refuse_all(loaded.error());
    return false;
  }
  engine = std::move(*loaded);
  statistics.store(engine->statistics());
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  on_loaded(Loaded{engine->model(), &engine->tokenizer(), elapsed.count()});
  return true;
}

void EngineThread::State::refuse_all(const Error& error) {
  const Error unavailable = Error::format(ErrorCode::unavailable, "the model is not loaded: {}", error.message);
  while (auto message = messages.pop()) {
    const auto* submission = std::get_if<Submission>(&*message);
    if (!submission) continue;
    const bool ending = stopping;
    refuse(*submission, ending ? FinishReason::cancelled : FinishReason::failed, ending ? Error{} : unavailable);
  }
}

void EngineThread::State::serve() {
  while (!stopping) {
    if (inbox.empty() && !engine->has_work()) {
      auto message = messages.pop();
      if (!message) return;
      inbox.push_back(std::move(*message));
    }
    take_messages();
    for (; !inbox.empty(); inbox.pop_front()) handle(std::move(inbox.front()));
    if (engine->has_work()) engine->step_unless([this](auto entries) { return overtaken(entries); });
    statistics.store(engine->statistics());
  }
}

void EngineThread::State::take_messages() {
  while (auto message = messages.try_pop()) inbox.push_back(std::move(*message));
}

void EngineThread::State::handle(Message message) {
  if (const auto* cancellation = std::get_if<Cancellation>(&message)) {
    engine->cancel(cancellation->id);
    return;
  }
  if (std::holds_alternative<CacheClearing>(message)) return engine->clear_cache();
  auto& submission = std::get<Submission>(message);
  const auto accepted = engine->submit(submission.request, submission.on_update);
  if (!accepted) refuse(submission, FinishReason::failed, accepted.error());
}

/// Asked between the layers of a step: is it better to break off? Yes if all its requests were cancelled, or if it
/// serves less urgent ones and an interactive one has come. What was computed before the step stays.
bool EngineThread::State::overtaken(std::span<const BatchEntry> entries) {
  if (stopping) return true;
  take_messages();
  if (inbox.empty()) return false;
  const bool is_interactive = entries.front().sequence->priority == Priority::interactive;
  const bool interactive_came = std::ranges::any_of(inbox, [](const Message& message) {
    const auto* submission = std::get_if<Submission>(&message);
    return submission && submission->request.priority == Priority::interactive;
  });
  if (interactive_came && !is_interactive) return true;
  return std::ranges::all_of(entries, [&](const BatchEntry& entry) { return is_cancelled(entry.sequence->id); });
}

bool EngineThread::State::is_cancelled(RequestId id) const {
  return std::ranges::any_of(inbox, [id](const Message& message) {
    const auto* cancellation = std::get_if<Cancellation>(&message);
    return cancellation && cancellation->id == id;
  });
}

/// Everything that is still in flight or on its way gets its last update.
void EngineThread::State::end() {
  take_messages();
  for (const Message& message : inbox) {
    const auto* submission = std::get_if<Submission>(&message);
    if (submission) refuse(*submission, FinishReason::cancelled, {});
  }
  if (!engine) return;
  for (RequestId id : engine->active_requests()) engine->cancel(id);
}

}  // namespace lacuna::engine
