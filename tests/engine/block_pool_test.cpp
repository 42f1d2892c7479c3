#include "engine/cache/block_pool.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

using namespace lacuna::engine;

TEST_CASE("a pool gives each block once and then nothing") {
  BlockPool pool(3);
  std::vector<int32_t> blocks;
  for (int i = 0; i < 3; ++i) blocks.push_back(*pool.allocate());
  CHECK(blocks == std::vector<int32_t>{0, 1, 2});
  CHECK_FALSE(pool.allocate().has_value());
  CHECK(pool.num_available() == 0);
  pool.check_integrity();
}

TEST_CASE("free blocks go before cached ones, and cached ones in order of release") {
  BlockPool pool(3);
  for (int i = 0; i < 3; ++i) pool.allocate();
  pool.release(1, true);
  pool.release(0, true);
  pool.release(2, false);
  CHECK(pool.num_cached() == 2);
  CHECK(*pool.allocate() == 2);
  CHECK(*pool.allocate() == 1);
  CHECK(*pool.allocate() == 0);
  pool.check_integrity();
}

TEST_CASE("a cached block that is retained leaves the order of eviction") {
  BlockPool pool(2);
  pool.allocate();
  pool.allocate();
  pool.release(0, true);
  pool.release(1, true);
  pool.retain(0);
  CHECK(pool.num_holders(0) == 1);
  CHECK(*pool.allocate() == 1);
  CHECK_FALSE(pool.allocate().has_value());
  pool.check_integrity();
}

TEST_CASE("a block with two holders outlives the first") {
  BlockPool pool(1);
  pool.allocate();
  pool.retain(0);
  pool.release(0, true);
  CHECK(pool.num_available() == 0);
  pool.release(0, false);
  CHECK(pool.num_available() == 1);
  pool.check_integrity();
}

TEST_CASE("random use keeps the books of a pool") {
  std::mt19937 random(1);
  BlockPool pool(17);
  std::vector<int32_t> held;
  for (int step = 0; step < 20000; ++step) {
    const auto choice = random() % 4;
    if (choice <= 1) {
      const bool expected = pool.num_available() > 0;
      const auto block = pool.allocate();
      REQUIRE(block.has_value() == expected);
      if (block) held.push_back(*block);
    } else if (!held.empty() && choice == 2) {
      const size_t i = random() % held.size();
      pool.release(held[i], random() % 2 == 0);
      held.erase(held.begin() + static_cast<ptrdiff_t>(i));
    } else if (!held.empty()) {
      const int32_t block = held[random() % held.size()];
      pool.retain(block);
      held.push_back(block);
    }
    pool.check_integrity();
  }
  for (int32_t block : held) pool.release(block, true);
  CHECK(pool.num_available() == 17);
}
