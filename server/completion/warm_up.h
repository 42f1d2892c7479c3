/// WarmUp: fills the engine's prefix cache with a prompt that will be wanted, while nobody waits for anything.
///
/// It goes in slices of little work, so that a real request waits for one slice at most, and one prompt at a time. Loop
/// thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/completion/prompt_planner.h"
#include "server/token_source.h"

namespace lacuna::server {

class WarmUp {
 public:
  /// What is computed goes into `computed` as well. Both outlive the object.
  WarmUp(TokenSource& source, ComputedPrompts& computed);
  ~WarmUp();

  /// Ends the warm-up before. `on_done` is called if all of it was computed.
  void start(const std::string& uri, std::vector<engine::TokenId> prompt, std::function<void()> on_done);
  void stop();
  void document_closed(const std::string& uri);
  bool running() const { return task_ != nullptr; }

 private:
  struct Task;
  void next_slice();
  void slice_ended(bool well);

  TokenSource& source_;
  ComputedPrompts& computed_;
  std::shared_ptr<Task> task_;
};

}  // namespace lacuna::server
