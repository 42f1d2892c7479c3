/// WorkerPool: a few threads that run pure functions, each of which may be abandoned.
///
/// Any thread may submit. Work that polls a cancel flag ends soon; a parser that hangs does not, and nothing can stop
/// it from outside. So the threads own all that they touch, and the destructor waits for them only for a moment.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace lacuna::server {

class WorkerPool {
 public:
  explicit WorkerPool(int num_threads);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  /// Like stop() with no patience.
  ~WorkerPool();

  void submit(std::function<void()> work);

  /// Drops what has not begun, waits at most `patience` for what has, and leaves the rest running. Returns how many
  /// threads were left: with any, the process must end without running destructors of statics (std::_Exit).
  int stop(std::chrono::milliseconds patience);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  std::vector<std::thread> threads_;
};

}  // namespace lacuna::server
