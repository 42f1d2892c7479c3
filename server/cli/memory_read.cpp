#include "server/cli/memory_read.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <thread>
#include <vector>

#include "support/os.h"

namespace lacuna::server {
namespace {

using Clock = std::chrono::steady_clock;

/// Many sums side by side, so that the additions do not wait for each other. The compiler makes vector loads of it.
uint64_t sum_of(std::span<const uint64_t> words) {
  std::array<uint64_t, 32> sums{};
  for (size_t i = 0; i + sums.size() <= words.size(); i += sums.size()) {
    for (size_t lane = 0; lane < sums.size(); ++lane) sums[lane] += words[i + lane];
  }
  uint64_t sum = 0;
  for (const uint64_t lane : sums) sum += lane;
  return sum;
}

}  // namespace

Result<double> measure_memory_read(int num_threads, size_t bytes, int passes) {
  // Asked for without a look at the machine, such memory may be granted and then end the process when it is filled.
  if (bytes > os::total_memory_bytes()) {
    return Error::format(ErrorCode::exhausted, "{} bytes to read do not fit this machine's memory of {}", bytes,
                         os::total_memory_bytes());
  }
  const size_t part = bytes / sizeof(uint64_t) / static_cast<size_t>(num_threads);
  const size_t num_words = part * static_cast<size_t>(num_threads);
  const std::unique_ptr<uint64_t[]> words(new (std::nothrow) uint64_t[num_words]);
  if (!words) return Error::format(ErrorCode::exhausted, "no memory to read {} bytes of", bytes);

  std::atomic<uint64_t> sink{0};  // what is read is used, so that reading cannot be left out
  Clock::time_point begin;
  std::barrier filled(num_threads, [&]() noexcept { begin = Clock::now(); });
  const auto read_part = [&](int thread) {
    const std::span mine(words.get() + part * static_cast<size_t>(thread), part);
    std::fill(mine.begin(), mine.end(), 1);  // pages come from the system here, near the thread that reads them
    filled.arrive_and_wait();
    for (int pass = 0; pass < passes; ++pass) sink += sum_of(mine);
  };
  std::vector<std::thread> others;
  for (int thread = 1; thread < num_threads; ++thread) others.emplace_back(read_part, thread);
  read_part(0);
  for (std::thread& thread : others) thread.join();
  const std::chrono::duration<double> seconds = Clock::now() - begin;
  return static_cast<double>(num_words * sizeof(uint64_t)) * passes / seconds.count();
}

size_t memory_read_bytes() {
  constexpr size_t kBeyondCaches = size_t{512} << 20;
  return std::min<size_t>(kBeyondCaches, os::total_memory_bytes() / 4);
}

}  // namespace lacuna::server
