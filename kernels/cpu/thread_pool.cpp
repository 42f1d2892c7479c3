#include "kernels/cpu/thread_pool.h"

#include "support/check.h"
#include "support/os.h"

namespace lacuna::kernels {
namespace {

// About 100 microseconds: longer than the gap between two forks of a forward pass, shorter than anyone notices.
constexpr int kSpins = 3000;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/// Asks for the next few lines; one at a time would leave memory idle, many at once would hide that the wait is over.
void ask_for_lines(ThreadPool::ReadAhead& ahead) {
  constexpr size_t kLine = 64;
  for (int i = 0; i < 8 && ahead.bytes > 0; ++i) {
    __builtin_prefetch(ahead.data, 0, 2);
    ahead.data += kLine;
    ahead.bytes -= ahead.bytes < kLine ? ahead.bytes : kLine;
  }
}

/// Returns once `value` differs from `old`: reads ahead, spins, then sleeps.
template <class T>
void await_change(const std::atomic<T>& value, T old, ThreadPool::ReadAhead& ahead) {
  for (int i = 0; i < kSpins;) {
    if (value.load(std::memory_order_acquire) != old) return;
    if (ahead.bytes > 0) {
      ask_for_lines(ahead);
    } else {
      pause();
      ++i;
    }
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int num_threads, bool pin) : num_threads_(num_threads) {
  LACUNA_CHECK(num_threads >= 1);
  for (int worker = 1; worker < num_threads; ++worker) {
    threads_.emplace_back([this, worker, pin] { work(worker, pin); });
  }
}

ThreadPool::~ThreadPool() {
  stopping_.store(true, std::memory_order_relaxed);
  phase_.fetch_add(1, std::memory_order_release);
  phase_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::fork_join(TaskFunction function, void* context) {
  if (num_threads_ == 1) return function(context, 0);
  function_ = function;
  context_ = context;
  num_running_.store(num_threads_ - 1, std::memory_order_relaxed);
  phase_.fetch_add(1, std::memory_order_release);
  phase_.notify_all();
  function(context, 0);
  ReadAhead ahead = ahead_;
  for (int left = num_running_.load(std::memory_order_acquire); left > 0;
       left = num_running_.load(std::memory_order_acquire)) {
    await_change(num_running_, left, ahead);
  }
}

void ThreadPool::work(int worker, bool pin) {
  os::name_thread("lacuna-cpu");
  if (pin) os::pin_thread(worker);
  ReadAhead ahead;
  for (uint32_t phase = 0;; ++phase) {
    await_change(phase_, phase, ahead);
    if (stopping_.load(std::memory_order_relaxed)) return;
    function_(context_, worker);
    ahead = ahead_;
    ahead.data += static_cast<size_t>(worker) * ahead.step;
    if (num_running_.fetch_sub(1, std::memory_order_acq_rel) == 1) num_running_.notify_one();
  }
}

}  // namespace lacuna::kernels
