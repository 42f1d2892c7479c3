/// The moment at which a search gives up, or the flag of somebody who no longer wants its answer.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

namespace lacuna::syntax {

class Deadline {
 public:
  Deadline(std::chrono::milliseconds budget, const std::atomic<bool>* cancel)
      : at_(Clock::now() + std::min(budget, longest())), cancel_(cancel) {}

  bool passed() const {
    return (cancel_ != nullptr && cancel_->load(std::memory_order_relaxed)) || Clock::now() >= at_;
  }

  /// What is left, at least zero.
  std::chrono::milliseconds left() const {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(at_ - Clock::now());
    return std::max(left, std::chrono::milliseconds{0});
  }

  const std::atomic<bool>* cancel() const { return cancel_; }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds longest() { return std::chrono::hours(24); }

  Clock::time_point at_;
  const std::atomic<bool>* cancel_;
};

}  // namespace lacuna::syntax
