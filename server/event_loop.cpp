#include "server/event_loop.h"

#include <uv.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "server/worker_pool.h"
#include "support/channel.h"
#include "support/check.h"

namespace lacuna::server {
namespace {

/// The way in for other threads. Shared with them, so that a late post finds it closed instead of gone.
///
/// uv_async_send() on a closed handle is undefined, so close() waits for the senders that are inside it.
class Inbox {
 public:
  explicit Inbox(uv_async_t* wake) : wake_(wake) {}

  void post(std::function<void()> task) {
    num_senders_.fetch_add(1);
    if (!closed_.load() && tasks_.push(std::move(task))) uv_async_send(wake_);
    num_senders_.fetch_sub(1);
  }

  std::optional<std::function<void()>> take() { return tasks_.try_pop(); }

  void close() {
    closed_.store(true);
    while (num_senders_.load() != 0) std::this_thread::yield();
    tasks_.close();
    while (tasks_.try_pop()) {
    }
  }

 private:
  uv_async_t* wake_;
  Channel<std::function<void()>> tasks_;
  std::atomic<bool> closed_{false};
  std::atomic<int> num_senders_{0};
};

}  // namespace

struct EventLoop::State {
  uv_loop_t loop{};
  uv_async_t wake{};
  uv_timer_t alarm{};  ///< set for the earliest timer; one handle serves all of them
  std::shared_ptr<Inbox> inbox;
  std::unique_ptr<WorkerPool> workers;

  using Deadline = std::pair<uint64_t, TimerId>;  // loop time in ms, then order of creation
  std::map<Deadline, std::function<void()>> timers;
  std::map<TimerId, uint64_t> deadlines;
  TimerId next_timer = 1;

  void drain_inbox();
  void arm();
  void fire_due_timers();
  static State& of(uv_handle_t* handle) { return *static_cast<State*>(handle->loop->data); }
};

/// uv_async_send() coalesces: one callback may stand for many posts. Tasks posted by these tasks run in the next round.
void EventLoop::State::drain_inbox() {
  std::vector<std::function<void()>> tasks;
  while (auto task = inbox->take()) tasks.push_back(std::move(*task));
  for (auto& task : tasks) task();
}

void EventLoop::State::arm() {
  if (timers.empty()) {
    uv_timer_stop(&alarm);
    return;
  }
  const uint64_t now = uv_now(&loop);
  const uint64_t due = timers.begin()->first.first;
  uv_timer_start(
      &alarm, [](uv_timer_t* timer) { of(reinterpret_cast<uv_handle_t*>(timer)).fire_due_timers(); },
      due > now ? due - now : 0, 0);
}

void EventLoop::State::fire_due_timers() {
  const uint64_t now = uv_now(&loop);
  while (!timers.empty() && timers.begin()->first.first <= now) {
    auto node = timers.extract(timers.begin());
    deadlines.erase(node.key().second);
    node.mapped()();
  }
  arm();
}

EventLoop::EventLoop(int num_workers) : state_(std::make_unique<State>()) {
  State& state = *state_;
  LACUNA_CHECK(uv_loop_init(&state.loop) == 0);
  state.loop.data = &state;
  LACUNA_CHECK(uv_async_init(&state.loop, &state.wake, [](uv_async_t* wake) {
                 State::of(reinterpret_cast<uv_handle_t*>(wake)).drain_inbox();
               }) == 0);
  LACUNA_CHECK(uv_timer_init(&state.loop, &state.alarm) == 0);
  state.inbox = std::make_shared<Inbox>(&state.wake);
  state.workers = std::make_unique<WorkerPool>(num_workers);
}

EventLoop::~EventLoop() {
  shut_down(std::chrono::milliseconds(0));
  uv_walk(
      &state_->loop,
      [](uv_handle_t* handle, void*) {
        if (!uv_is_closing(handle)) uv_close(handle, nullptr);
      },
      nullptr);
  // More than one round may be needed: a stop() that came late ends the first one at once.
  while (uv_loop_close(&state_->loop) == UV_EBUSY) uv_run(&state_->loop, UV_RUN_DEFAULT);
}

void EventLoop::run() {
  uv_run(&state_->loop, UV_RUN_DEFAULT);
}
void EventLoop::stop() {
  uv_stop(&state_->loop);
}

void EventLoop::post(std::function<void()> task) {
  state_->inbox->post(std::move(task));
}

void EventLoop::run_worker(std::function<void()> work, std::function<void()> done) {
  state_->workers->submit([inbox = state_->inbox, work = std::move(work), done = std::move(done)]() mutable {
    work();
    work = nullptr;  // what the work held is freed here, not on the loop
    inbox->post(std::move(done));
  });
}

TimerId EventLoop::start_timer(std::chrono::milliseconds delay, std::function<void()> task) {
  State& state = *state_;
  uv_update_time(&state.loop);
  const TimerId id = state.next_timer++;
  const uint64_t due = uv_now(&state.loop) + static_cast<uint64_t>(std::max<int64_t>(0, delay.count()));
  state.timers.emplace(std::pair(due, id), std::move(task));
  state.deadlines.emplace(id, due);
  state.arm();
  return id;
}

void EventLoop::cancel_timer(TimerId id) {
  const auto found = state_->deadlines.find(id);
  if (found == state_->deadlines.end()) return;
  state_->timers.erase({found->second, id});
  state_->deadlines.erase(found);
  state_->arm();
}

std::chrono::milliseconds EventLoop::now() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

std::function<void(std::function<void()>)> EventLoop::poster() const {
  return [inbox = state_->inbox](std::function<void()> task) { inbox->post(std::move(task)); };
}

int EventLoop::shut_down(std::chrono::milliseconds patience) {
  state_->inbox->close();
  state_->timers.clear();
  state_->deadlines.clear();
  return state_->workers->stop(patience);
}

uv_loop_s* EventLoop::raw() {
  return &state_->loop;
}

}  // namespace lacuna::server
