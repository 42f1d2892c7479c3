#include "server/worker_pool.h"

#include <semaphore>
#include <utility>

#include "support/channel.h"
#include "support/os.h"

namespace lacuna::server {

struct WorkerPool::Shared {
  Channel<std::function<void()>> queue;
  std::counting_semaphore<> ended{0};  ///< released by each thread as its last act
};

WorkerPool::WorkerPool(int num_threads) : shared_(std::make_shared<Shared>()) {
  for (int i = 0; i < num_threads; ++i) {
    threads_.emplace_back([shared = shared_] {
      os::name_thread("lacuna-worker");
      while (auto work = shared->queue.pop()) (*work)();
      shared->ended.release();
    });
  }
}

WorkerPool::~WorkerPool() {
  stop(std::chrono::milliseconds(0));
}

void WorkerPool::submit(std::function<void()> work) {
  shared_->queue.push(std::move(work));
}

int WorkerPool::stop(std::chrono::milliseconds patience) {
  shared_->queue.close();
  while (shared_->queue.try_pop()) {
  }
  const auto deadline = std::chrono::steady_clock::now() + patience;
  size_t num_ended = 0;
  while (num_ended < threads_.size() && shared_->ended.try_acquire_until(deadline)) ++num_ended;

  // Which of them ended is not known, but where all did, joining is immediate.
  const int num_left = static_cast<int>(threads_.size() - num_ended);
  for (std::thread& thread : threads_) num_left == 0 ? thread.join() : thread.detach();
  threads_.clear();
  return num_left;
}

}  // namespace lacuna::server
