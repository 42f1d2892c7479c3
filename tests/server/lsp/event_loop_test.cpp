#include "server/event_loop.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

using namespace lacuna::server;
using namespace std::chrono_literals;

TEST_CASE("every post runs, though wake-ups coalesce, and those of one thread in order") {
  EventLoop loop;
  constexpr int kThreads = 4;
  constexpr int kPosts = 5000;
  std::vector<int> last(kThreads, -1);
  bool ordered = true;
  int total = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        loop.post([&, t, i] {
          ordered = ordered && last[t] == i - 1;
          last[t] = i;
          if (++total == kThreads * kPosts) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (auto& thread : threads) thread.join();
  CHECK(ordered);
  CHECK(total == kThreads * kPosts);
}

TEST_CASE("work runs on another thread and is finished on the loop's") {
  EventLoop loop;
  const auto here = std::this_thread::get_id();
  std::thread::id worker;
  std::thread::id finisher;
  loop.run_worker([&] { worker = std::this_thread::get_id(); },
                  [&] {
                    finisher = std::this_thread::get_id();
                    loop.stop();
                  });
  loop.run();
  CHECK(worker != here);
  CHECK(worker != std::thread::id());
  CHECK(finisher == here);
}

TEST_CASE("timers fire in the order of their deadlines, cancelled ones never") {
  EventLoop loop;
  std::vector<int> fired;
  // The deadlines are set before the loop runs, so their order holds however long it is held up. What a timer starts comes
  // last here because it is started last.
  loop.start_timer(6ms, [&] {
    fired.push_back(2);
    loop.start_timer(1ms, [&] {
      fired.push_back(3);
      loop.stop();
    });
  });
  const TimerId cancelled = loop.start_timer(3ms, [&] { fired.push_back(0); });
  loop.start_timer(1ms, [&] {
    fired.push_back(1);
    loop.cancel_timer(cancelled);
  });
  loop.cancel_timer(12345);
  loop.run();
  CHECK(fired == std::vector<int>{1, 2, 3});
}

TEST_CASE("a poster may outlive its loop") {
  std::function<void(std::function<void()>)> post;
  {
    EventLoop loop;
    post = loop.poster();
  }
  auto held = std::make_shared<int>(1);
  post([held] {});
  CHECK(held.use_count() == 1);
}

TEST_CASE("posts race with the end of the loop without harm") {
  for (int round = 0; round < 50; ++round) {
    std::atomic<bool> go{false};
    auto loop = std::make_unique<EventLoop>(1);
    std::thread poster([&go, post = loop->poster()] {
      while (!go) std::this_thread::yield();
      for (int i = 0; i < 100; ++i) post([] {});
    });
    go = true;
    loop.reset();
    poster.join();
  }
}

TEST_CASE("work that does not end in time is left behind, and harms nobody when it ends") {
  std::promise<void> gate;
  std::promise<void> running;
  auto ended = std::make_shared<std::promise<void>>();
  std::future<void> end = ended->get_future();
  bool done = false;
  {
    EventLoop loop(1);
    loop.run_worker(
        [&running, open = gate.get_future().share(), ended] {
          running.set_value();
          open.wait();
          ended->set_value();
        },
        [&done] { done = true; });
    running.get_future().wait();
    CHECK(loop.shut_down(0ms) == 1);
  }
  gate.set_value();
  end.wait();
  CHECK_FALSE(done);
}

TEST_CASE("idle workers end at once") {
  EventLoop loop(3);
  CHECK(loop.shut_down(10s) == 0);
}
