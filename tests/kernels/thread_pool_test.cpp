#include "kernels/cpu/thread_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <thread>
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

TEST_CASE("for_each_range covers every item once, in ranges no longer than asked for") {
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads, false);
    for (const int64_t items : {0, 1, 2, 7, 100, 4097}) {
      for (const int64_t most : {int64_t{1}, int64_t{16}, int64_t{5000}}) {
        std::vector<std::atomic<int>> visits(static_cast<size_t>(items));
        std::atomic<bool> sound{true};
        pool.for_each_range(items, most, [&](int64_t begin, int64_t end, int worker) {
          if (begin < 0 || begin >= end || end > items || end - begin > most || worker < 0 || worker >= threads) {
            sound = false;
            return;
          }
          for (int64_t i = begin; i < end; ++i) visits[static_cast<size_t>(i)].fetch_add(1);
        });
        CHECK(sound.load());
        for (const auto& count : visits) REQUIRE(count.load() == 1);
      }
    }
  }
}

TEST_CASE("a pool that reads ahead does the same work, and stops reading at the end") {
  const std::vector<std::byte> memory(3 * 1000);
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{1000}}) {
    ThreadPool pool(3, false);
    pool.read_ahead({.data = memory.data(), .step = 1000, .bytes = bytes});
    std::atomic<int> visits{0};
    for (int round = 0; round < 300; ++round) pool.for_each(7, [&](int64_t, int) { visits.fetch_add(1); });
    CHECK(visits == 300 * 7);
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

TEST_CASE("for_each leaves items out once it was asked to stop, until it is asked anew") {
  for (const int size : {1, 3}) {
    ThreadPool pool(size, false);
    constexpr int64_t kEndless = int64_t{1} << 40;
    std::atomic<int> visits{0};  // by the caller
    std::atomic<int> questions{0};
    pool.stop_when([&] { return ++questions > 5; });
    pool.for_each(kEndless, [&](int64_t, int worker) {
      if (worker == 0) visits.fetch_add(1);
      while (worker != 0 && questions <= 5) std::this_thread::yield();
    });
    CHECK(pool.stopped());
    CHECK(questions == 6);
    CHECK(visits == 5);
    pool.for_each(kEndless, [&](int64_t, int worker) { visits.fetch_add(worker == 0 ? 1 : 0); });
    CHECK(visits == 5);  // the caller does nothing more, and is not asked again
    CHECK(questions == 6);
    pool.stop_when(nullptr);
    CHECK_FALSE(pool.stopped());
    visits = 0;
    pool.for_each(1000, [&](int64_t, int) { visits.fetch_add(1); });
    CHECK(visits.load() == 1000);
  }
}

}  // namespace lacuna::kernels
