/// The loop of a command that uses the server's parts without an editor.
#pragma once

#include <functional>
#include <utility>

#include "server/common_options.h"
#include "server/environment.h"
#include "server/model_host.h"
#include "support/channel.h"
#include "support/result.h"

namespace lacuna::server {

/// Runs what is posted to it, on the thread that waits.
class CommandLoop {
 public:
  Post post() {
    return [this](std::function<void()> function) { queue_.push(std::move(function)); };
  }
  template <class Condition>
  void run_until(Condition done) {
    while (!done()) (*queue_.pop())();
  }

 private:
  Channel<std::function<void()>> queue_;
};

/// Loads the model that `options` name into `host`, whose loop this is, and waits until it is ready.
Result<void> load_model(ModelHost& host, CommandLoop& loop, const CommonOptions& options,
                        const Environment& environment);

/// Work for workers, done at once by who asks.
void run_at_once(const std::function<void()>& work, const std::function<void()>& done);

}  // namespace lacuna::server
