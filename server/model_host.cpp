#include "server/model_host.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "support/log.h"

namespace lacuna::server {

/// Messages from engine threads carry a weak pointer to this and the number of the engine that sent them, so that
/// nothing arrives after the host's end and nothing of a replaced model is taken for the present one's.
struct ModelHost::State_ {
  Post post;
  std::function<void()> observer;
  State state = State::absent;
  std::string reason = "no model is loaded";
  std::string name;
  double progress = 0;
  int context_tokens = 0;
  uint64_t engine_number = 0;
  std::optional<engine::EngineThread::Loaded> loaded;
  std::unique_ptr<engine::EngineThread> engine;
  engine::RequestId next_request = 1;
  std::unordered_map<engine::RequestId, engine::UpdateCallback> requests;
  std::vector<std::thread> retiring;  ///< each ends one replaced engine

  void changed() {
    if (observer) observer();
  }
  void enter(State next, std::string why);
  void retire_engine();
  void end_requests(engine::FinishReason finish, const Error& error);
  void finish_loading(const Result<engine::EngineThread::Loaded>& result);
  void deliver(const engine::Update& update);
};

namespace {

constexpr const char* kLeftToRightNote =
    "this model has no fill-in-the-middle tokens: completions see the text before the cursor only";

std::string file_stem(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.ends_with(".gguf")) name.resize(name.size() - 5);
  return name;
}

int percent(double progress) {
  return static_cast<int>(std::lround(std::clamp(progress, 0.0, 1.0) * 100));
}

engine::Update finished_update(engine::RequestId id, engine::FinishReason reason, const Error& error) {
  engine::Update update;
  update.id = id;
  update.finished = true;
  update.reason = reason;
  update.error = error;
  return update;
}

}  // namespace

void ModelHost::State_::enter(State next, std::string why) {
  state = next;
  reason = std::move(why);
  changed();
}

/// Joining an engine's thread can take a whole step, which the loop must not wait for.
void ModelHost::State_::retire_engine() {
  loaded.reset();
  context_tokens = 0;
  ++engine_number;
  if (!engine) return;
  retiring.emplace_back([old = std::move(engine)]() mutable { old.reset(); });
  end_requests(engine::FinishReason::cancelled, Error{ErrorCode::cancelled, "the model was replaced"});
}

void ModelHost::State_::end_requests(engine::FinishReason finish, const Error& error) {
  const auto ended = std::exchange(requests, {});
  for (const auto& [id, on_update] : ended) on_update(finished_update(id, finish, error));
}

void ModelHost::State_::finish_loading(const Result<engine::EngineThread::Loaded>& result) {
  if (!result) {
    log::error("loading {} failed: {}", name, result.error().message);
    enter(State::failed, fmt::format("loading {} failed: {}", name, result.error().message));
    return;
  }
  loaded = *result;
  if (loaded->model.context_length > 0) context_tokens = std::min(context_tokens, loaded->model.context_length);
  progress = 1;
  log::info("loaded {} ({}, {}) in {:.0f} ms, {} threads, {}", name, loaded->model.architecture,
            loaded->model.file_type, loaded->load_ms, loaded->model.num_threads, loaded->model.isa);
  if (!loaded->tokenizer->fim().available()) log::warning("{}: {}", name, kLeftToRightNote);
  enter(State::ready, "");
}

void ModelHost::State_::deliver(const engine::Update& update) {
  const auto found = requests.find(update.id);
  if (found == requests.end()) return;
  if (!update.finished) {
    const engine::UpdateCallback on_update = found->second;  // a copy: the callback may submit and so move the map
    on_update(update);
    return;
  }
  const engine::UpdateCallback on_update = std::move(found->second);
  requests.erase(found);
  on_update(update);
}

ModelHost::ModelHost(Post post) : state_(std::make_shared<State_>()) {
  state_->post = std::move(post);
}

ModelHost::~ModelHost() {
  state_->observer = {};
  state_->requests.clear();
  state_->engine.reset();
  for (std::thread& thread : state_->retiring) thread.join();
}

void ModelHost::load(engine::EngineOptions options) {
  state_->retire_engine();
  const uint64_t number = state_->engine_number;
  state_->name = file_stem(options.model_path);
  state_->progress = 0;
  state_->context_tokens = options.context_tokens;
  state_->enter(State::loading, "");

  const Post post = state_->post;
  const std::weak_ptr<State_> weak = state_;
  auto on_loaded = [post, weak, number](const Result<engine::EngineThread::Loaded>& result) {
    post([weak, number, result] {
      if (auto state = weak.lock(); state && state->engine_number == number) state->finish_loading(result);
    });
  };
  auto on_progress = [post, weak, number, last = -1](double progress) mutable {
    if (percent(progress) == last) return;
    last = percent(progress);
    post([weak, number, progress] {
      auto state = weak.lock();
      if (!state || state->engine_number != number || state->state != State::loading) return;
      state->progress = progress;
      state->changed();
    });
  };
  state_->engine =
      std::make_unique<engine::EngineThread>(std::move(options), std::move(on_loaded), std::move(on_progress));
}

void ModelHost::set_absent(std::string reason) {
  state_->retire_engine();
  state_->enter(State::absent, std::move(reason));
}

ModelHost::State ModelHost::state() const {
  return state_->state;
}

std::string ModelHost::reason() const {
  if (state_->state == State::loading) return fmt::format("loading {} ({} %)", state_->name, percent(state_->progress));
  return state_->reason;
}

std::string ModelHost::note() const {
  return state_->loaded && !state_->loaded->tokenizer->fim().available() ? kLeftToRightNote : "";
}

const std::string& ModelHost::name() const {
  return state_->name;
}

const engine::EngineThread::Loaded* ModelHost::loaded() const {
  return state_->state == State::ready ? &*state_->loaded : nullptr;
}

const engine::Tokenizer* ModelHost::tokenizer() const {
  return loaded() ? loaded()->tokenizer : nullptr;
}

int ModelHost::context_tokens() const {
  return loaded() ? state_->context_tokens : 0;
}

double ModelHost::progress() const {
  return state_->progress;
}

void ModelHost::on_change(std::function<void()> observer) {
  state_->observer = std::move(observer);
}

engine::RequestId ModelHost::submit(engine::Request request, engine::UpdateCallback on_update) {
  const engine::RequestId id = state_->next_request++;
  request.id = id;
  state_->requests.emplace(id, std::move(on_update));
  auto deliver = [post = state_->post, weak = std::weak_ptr<State_>(state_)](const engine::Update& update) {
    post([weak, update] {
      if (auto state = weak.lock()) state->deliver(update);
    });
  };
  if (loaded()) {
    state_->engine->submit(std::move(request), std::move(deliver));
  } else {
    deliver(finished_update(id, engine::FinishReason::failed, Error{ErrorCode::unavailable, reason()}));
  }
  return id;
}

void ModelHost::cancel(engine::RequestId id) {
  if (state_->engine && state_->requests.contains(id)) state_->engine->cancel(id);
}

void ModelHost::clear_cache() {
  if (state_->engine) state_->engine->clear_cache();
}

engine::EngineStatistics ModelHost::statistics() const {
  return loaded() ? state_->engine->statistics() : engine::EngineStatistics{};
}

}  // namespace lacuna::server
