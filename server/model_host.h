/// ModelHost: the model of this process, from the loop's side: loading, ready, failed, replaced.
///
/// Loop thread only. It owns the EngineThread and carries its updates over to the loop through `post`.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/engine.h"
#include "server/token_source.h"
#include "support/result.h"

namespace lacuna::server {

/// Runs a function on the loop thread; callable from any thread.
using Post = std::function<void(std::function<void()>)>;

class ModelHost final : public TokenSource {
 public:
  enum class State { absent, loading, ready, failed };

  explicit ModelHost(Post post);
  ~ModelHost();  ///< cancels what runs; no callback comes after it

  /// Replaces the model. State goes to loading, and later to ready or failed. Requests of the model before end as
  /// cancelled.
  void load(engine::EngineOptions options);
  /// No model can be had; `reason` says why and how to get one.
  void set_absent(std::string reason);

  State state() const;
  /// For people: "loading qwen2.5-coder-0.5b (40 %)", "no model: run `lacuna model pull …`". Empty when ready.
  std::string reason() const override;
  /// What a person should know about a ready model, such as missing fill-in-the-middle tokens. Usually empty.
  std::string note() const;
  /// By which people choose it: the file's name without its ending. What a model calls itself is often another one.
  const std::string& name() const;
  const engine::EngineThread::Loaded* loaded() const;  ///< null unless ready
  const engine::Tokenizer* tokenizer() const override;
  int context_tokens() const override;
  double progress() const;  ///< 0 to 1, of loading

  /// Called on the loop after every change of state or progress. One observer.
  void on_change(std::function<void()> observer);

  /// Updates arrive on the loop thread, never before this returns. Without a ready model the request fails with
  /// `unavailable`. The request's id is chosen here and returned.
  engine::RequestId submit(engine::Request request, engine::UpdateCallback on_update) override;
  void cancel(engine::RequestId id) override;
  /// Forgets the prefixes that no request is using: what comes next is computed as in a process that has just begun.
  void clear_cache();
  engine::EngineStatistics statistics() const;

 private:
  struct State_;
  std::shared_ptr<State_> state_;
};

}  // namespace lacuna::server
