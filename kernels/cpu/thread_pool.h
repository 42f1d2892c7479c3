/// ThreadPool: fork-join for the CPU backend, without locks.
///
/// A fork publishes one task under a phase counter; the workers watch the counter, first spinning (the next fork of a
/// forward pass follows within microseconds), then asleep in the kernel, so that an idle engine costs nothing. The
/// caller is worker 0 and works too. Every fork runs the task once on each worker: how the work is split is the task's
/// matter.
///
/// Thread: run() and for_each() are called by one thread at a time, never from inside a task.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace lacuna::kernels {

class ThreadPool {
 public:
  /// Starts num_threads - 1 threads. `pin` binds the n-th worker (not the caller) to the n-th core.
  ThreadPool(int num_threads, bool pin);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return num_threads_; }

  /// Calls task(worker) on each worker, and returns when all have returned.
  template <class Task>
  void run(Task&& task) {
    using Plain = std::remove_reference_t<Task>;
    fork_join([](void* context, int worker) { (*static_cast<Plain*>(context))(worker); },
              const_cast<void*>(static_cast<const void*>(&task)));
  }

  /// Calls body(item, worker) for every item in [0, num_items), in any order, each once. The items go to whichever
  /// worker is free, so a core that others are using does not hold up the rest.
  template <class Body>
  void for_each(int64_t num_items, Body&& body) {
    if (num_items <= 1 || num_threads_ == 1) {
      for (int64_t i = 0; i < num_items && !asked_to_stop(); ++i) body(i, 0);
      return;
    }
    next_item_.store(0, std::memory_order_relaxed);
    run([&](int worker) {
      for (;;) {
        if (worker == 0 && asked_to_stop()) next_item_.store(num_items, std::memory_order_relaxed);
        const int64_t item = next_item_.fetch_add(1, std::memory_order_relaxed);
        if (item >= num_items) return;
        body(item, worker);
      }
    });
  }

  /// Calls body(begin, end, worker) for ranges that cover [0, num_items), each item once. A range is a share of what is
  /// left: long ones first, which read memory in one stream, and short ones at the end, so that nobody waits long for the
  /// last. At most `most` items are one range.
  template <class Body>
  void for_each_range(int64_t num_items, int64_t most, Body&& body) {
    if (num_items <= 1 || num_threads_ == 1) {
      for (int64_t i = 0; i < num_items && !asked_to_stop(); i += most) {
        body(i, i + most < num_items ? i + most : num_items, 0);
      }
      return;
    }
    next_item_.store(0, std::memory_order_relaxed);
    run([&](int worker) {
      for (;;) {
        if (worker == 0 && asked_to_stop()) next_item_.store(num_items, std::memory_order_relaxed);
        int64_t begin = next_item_.load(std::memory_order_relaxed);
        int64_t end = begin;
        do {
          if (begin >= num_items) return;
          const int64_t share = (num_items - begin) / (2 * num_threads_);
          end = begin + (share < 1 ? 1 : share > most ? most : share);
        } while (!next_item_.compare_exchange_weak(begin, end, std::memory_order_relaxed));
        body(begin, end, worker);
      }
    });
  }

  /// Memory that the forks to come will read: worker w probably from data + w * step on.
  struct ReadAhead {
    const std::byte* data = nullptr;
    size_t step = 0;
    size_t bytes = 0;  ///< that each worker asks for
  };
  /// From the next fork on, whoever has done his part asks for this memory while he waits, so that it lies in his
  /// second-level cache when it is wanted. Without it memory rests whenever the caller is alone between two forks.
  void read_ahead(const ReadAhead& ahead) { ahead_ = ahead; }

  /// From now on for_each() and for_each_range() ask `stop`, on the calling thread, before each item or range that it takes
  /// itself. Once that says yes, items that nobody has begun are left out, in all calls until this one is made again.
  /// Null: nothing is asked.
  void stop_when(std::function<bool()> stop) {
    stop_ = std::move(stop);
    stopped_ = false;
  }
  bool stopped() const { return stopped_; }

 private:
  using TaskFunction = void (*)(void* context, int worker);

  bool asked_to_stop() {
    if (stop_ && !stopped_) stopped_ = stop_();
    return stopped_;
  }
  void fork_join(TaskFunction function, void* context);
  void work(int worker, bool pin);

  const int num_threads_;
  TaskFunction function_ = nullptr;  // this and the next two: written before phase_ moves on, read after
  void* context_ = nullptr;
  ReadAhead ahead_;
  alignas(64) std::atomic<uint32_t> phase_{0};
  alignas(64) std::atomic<int> num_running_{0};
  alignas(64) std::atomic<int64_t> next_item_{0};
  std::atomic<bool> stopping_{false};
  std::function<bool()> stop_;  // this and the next: the calling thread's
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace lacuna::kernels
