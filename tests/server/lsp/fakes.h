/// Stand-ins for the loop and for stdout, driven by hand: no thread, no clock, no descriptor.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "server/lsp/outbox.h"
#include "server/scheduler.h"

namespace lacuna::server {

/// Runs posts and work when told to, and timers when its clock is moved.
class ManualScheduler final : public Scheduler {
 public:
  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  void run_worker(std::function<void()> work, std::function<void()> done) override {
    works_.emplace_back(std::move(work), std::move(done));
  }
  TimerId start_timer(std::chrono::milliseconds delay, std::function<void()> task) override {
    timers_.emplace(std::pair(now_ + delay, next_timer_), std::move(task));
    return next_timer_++;
  }
  void cancel_timer(TimerId id) override {
    std::erase_if(timers_, [id](const auto& timer) { return timer.first.second == id; });
  }
  std::chrono::milliseconds now() const override { return now_; }

  /// Runs everything that can run without the clock moving.
  void settle() {
    while (!tasks_.empty() || (!works_.empty() && !workers_hang)) {
      if (!tasks_.empty()) {
        take(tasks_)();
      } else {
        auto [work, done] = take(works_);
        work();
        done();
      }
    }
  }

  /// Moves the clock, settling before each timer and at the end.
  void advance(std::chrono::milliseconds by) {
    const auto end = now_ + by;
    settle();
    while (!timers_.empty() && timers_.begin()->first.first <= end) {
      auto timer = timers_.extract(timers_.begin());
      now_ = timer.key().first;
      timer.mapped()();
      settle();
    }
    now_ = end;
  }

  bool workers_hang = false;  ///< no work ends

  size_t num_works() const { return works_.size(); }
  size_t num_timers() const { return timers_.size(); }

 private:
  template <class T>
  static T take(std::deque<T>& queue) {
    T front = std::move(queue.front());
    queue.pop_front();
    return front;
  }

  std::deque<std::function<void()>> tasks_;
  std::deque<std::pair<std::function<void()>, std::function<void()>>> works_;
  std::map<std::pair<std::chrono::milliseconds, TimerId>, std::function<void()>> timers_;
  std::chrono::milliseconds now_{1000};
  TimerId next_timer_ = 1;
};

/// Keeps what was sent.
class KeptOutbox final : public Outbox {
 public:
  void send(const Json& message, Traffic) override { messages.push_back(message); }

  /// The answers to request `id`, in order; there should be one.
  std::vector<Json> answers(const Json& id) const {
    std::vector<Json> found;
    for (const Json& message : messages) {
      if (!message.contains("method") && message["id"] == id) found.push_back(message);
    }
    return found;
  }

  /// Notifications and requests of `method`, in order.
  std::vector<Json> sent(const std::string& method) const {
    std::vector<Json> found;
    for (const Json& message : messages) {
      if (message.contains("method") && message["method"] == method) found.push_back(message);
    }
    return found;
  }

  std::vector<Json> messages;
};

}  // namespace lacuna::server
