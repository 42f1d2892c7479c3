#include "support/channel.h"

#include <doctest/doctest.h>

#include <memory>
#include <thread>
#include <vector>

namespace lacuna {

TEST_CASE("a channel keeps the order of its items and drains after close") {
  Channel<int> channel;
  CHECK(channel.push(1));
  CHECK(channel.push(2));
  channel.close();
  CHECK_FALSE(channel.push(3));
  CHECK(channel.pop() == 1);
  CHECK(channel.try_pop() == 2);
  CHECK(channel.pop() == std::nullopt);
}

TEST_CASE("items of several producers all arrive, each producer's in its order") {
  Channel<std::unique_ptr<int>> channel;
  std::vector<std::thread> producers;
  for (int p = 0; p < 4; ++p) {
    producers.emplace_back([&channel, p] {
      for (int i = 0; i < 500; ++i) channel.push(std::make_unique<int>(p * 1000 + i));
    });
  }
  std::vector<int> last(4, -1);
  for (int n = 0; n < 2000; ++n) {
    const int value = **channel.pop();
    CHECK(last[static_cast<size_t>(value / 1000)] < value % 1000);
    last[static_cast<size_t>(value / 1000)] = value % 1000;
  }
  for (auto& p : producers) p.join();
  CHECK(channel.try_pop() == std::nullopt);
}

TEST_CASE("closing wakes a waiting reader") {
  Channel<int> channel;
  std::thread reader([&channel] { CHECK(channel.pop() == std::nullopt); });
  channel.close();
  reader.join();
}

}  // namespace lacuna
