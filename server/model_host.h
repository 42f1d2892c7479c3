/// ModelHost: the model of this process, from the loop's side: loading, ready, failed, replaced.
///
/// Loop thread only. It owns the EngineThread and carries its updates over to the loop through `post`.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/engine.h"
#include "support/result.h"

namespace lacuna::server {

/// Runs a function on the loop thread; callable from any thread.
using Post = std::function<void(std::function<void()>)>;

class ModelHost {
 public:
  enum class State { absent, loading, ready, failed };

  explicit ModelHost(Post post);
  ~ModelHost();  ///< cancels what runs; no callback comes after it

  /// Replaces the model. State goes to loading, and later to ready or failed.
  void load(engine::EngineOptions options);
  /// No model can be had; `reason` says why and how to get one.
  void set_absent(std::string reason);

  State state() const;
  /// For people: "loading qwen2.5-coder-0.5b (40 %)", "no model: run `lacuna model pull …`". Empty when ready.
  std::string reason() const;
  const engine::EngineThread::Loaded* loaded() const;  ///< null unless ready
  double progress() const;                             ///< 0 to 1, of loading

  /// Called on the loop after every change of state or progress. One observer.
  void on_change(std::function<void()> observer);

  /// Updates arrive on the loop thread. Without a ready model the request fails at once with `unavailable`.
  /// The request's id is chosen here and returned.
  engine::RequestId submit(engine::Request request, engine::UpdateCallback on_update);
  void cancel(engine::RequestId id);
  engine::EngineStatistics statistics() const;

 private:
  struct State_;
  std::shared_ptr<State_> state_;
};

}  // namespace lacuna::server
