/// EventLoop: the loop thread of the process, a RAII shell around one libuv loop of its own.
///
/// Construct, run and destroy it on one thread, the loop thread. post() is the one member that any thread may call: it
/// must stay callable for as long as the object lives, and a Post taken from `poster()` even longer.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "server/scheduler.h"

struct uv_loop_s;

namespace lacuna::server {

class EventLoop final : public Scheduler {
 public:
  explicit EventLoop(int num_workers = 2);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  /// Calls shut_down() if nobody did, and closes every handle that is still open on the loop.
  ~EventLoop() override;

  /// Runs callbacks until stop(). May be called again.
  void run();
  void stop();

  void post(std::function<void()> task) override;
  void run_worker(std::function<void()> work, std::function<void()> done) override;
  TimerId start_timer(std::chrono::milliseconds delay, std::function<void()> task) override;
  void cancel_timer(TimerId id) override;
  std::chrono::milliseconds now() const override;

  /// post() as a value that outlives the loop: it then drops its tasks. For threads that may be left behind.
  std::function<void(std::function<void()>)> poster() const;

  /// Drops pending tasks, timers and work. Returns the number of worker threads that did not end within `patience`.
  int shut_down(std::chrono::milliseconds patience);

  /// For handles of our own files in server/.
  uv_loop_s* raw();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lacuna::server
