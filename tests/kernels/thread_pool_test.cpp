#include "kernels/cpu/thread_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <vector>

namespace lacuna::kernels {

TEST_CASE("run calls the task once on each worker and joins") {
  for (const int size : {1, 2, 5}) {
    ThreadPool pool(size, false);
    std::vector<int> calls(static_cast<size_t>(size));
    for (int round = 0; round < 300; ++round) {
      pool.run([&](int worker) { ++calls[static_cast<size_t>(worker)]; });
    }
    for (const int count : calls) CHECK(count == 300);
  }
}

TEST_CASE("for_each visits every item once, whatever the number of items") {
  ThreadPool pool(3, false);
  for (const int64_t items : {0, 1, 2, 3, 100, 4097}) {
    std::vector<std::atomic<int>> visits(static_cast<size_t>(items));
    pool.for_each(items, [&](int64_t i, int worker) {
      CHECK((worker >= 0 && worker < 3));
      visits[static_cast<size_t>(i)].fetch_add(1);
    });
    for (const auto& count : visits) REQUIRE(count.load() == 1);
  }
}

TEST_CASE("a pool that has slept takes the next task") {
  ThreadPool pool(2, true);
  std::atomic<int> calls{0};
  std::atomic<int> turns{0};
  const auto spin = [&](int) {
    for (int i = 0; i < 2000000; ++i) turns.fetch_add(1, std::memory_order_relaxed);
    calls.fetch_add(1);
  };
  spin(0);  // long enough for the worker to have gone to sleep
  pool.run(spin);
  CHECK(calls.load() == 3);
}

}  // namespace lacuna::kernels
