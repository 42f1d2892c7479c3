/// Scheduler: what code on the loop thread needs of that thread, so that a test can drive it by hand.
///
/// The program's one is EventLoop. post() may be called from any thread; everything else on the loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace lacuna::server {

using TimerId = uint64_t;

class Scheduler {
 public:
  virtual ~Scheduler() = default;

  /// Runs `task` on the loop thread, after everything that was posted before it. Dropped once the loop has ended.
  virtual void post(std::function<void()> task) = 0;
  /// Runs `work` on a worker thread, then `done` on the loop thread. `work` must be a pure function over what it owns:
  /// it may outlive the loop if it does not end in time, and `done` is then dropped.
  virtual void run_worker(std::function<void()> work, std::function<void()> done) = 0;
  /// Runs `task` once, after `delay`. The id is never 0.
  virtual TimerId start_timer(std::chrono::milliseconds delay, std::function<void()> task) = 0;
  /// Unknown and finished timers are ignored.
  virtual void cancel_timer(TimerId id) = 0;
  /// Monotonic.
  virtual std::chrono::milliseconds now() const = 0;
};

}  // namespace lacuna::server
