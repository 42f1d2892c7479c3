#include "engine/cache/cache_groups.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <random>

using namespace lacuna::engine;
using lacuna::kernels::BlockCopy;
using lacuna::kernels::kBlockTokens;

namespace {

std::vector<TokenId> numbers(int count, TokenId first = 0) {
  std::vector<TokenId> tokens(static_cast<size_t>(count));
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

/// A sequence that reused what it could and then computed all its tokens.
BlockTable compute(KvCache& cache, const std::vector<TokenId>& tokens) {
  BlockTable table;
  const int size = static_cast<int>(tokens.size());
  cache.reuse(table, tokens, size);
  cache.take_copies();
  REQUIRE(cache.reserve(table, size));
  cache.commit(table, tokens, size);
  return table;
}

int reusable(KvCache& cache, const std::vector<TokenId>& tokens) {
  BlockTable table;
  const int count = cache.reuse(table, tokens, static_cast<int>(tokens.size()));
  cache.release(table);
  return count;
}

}  // namespace

TEST_CASE("a block's hash depends on its tokens, on all before it, and on what the values belong to") {
  const auto tokens = numbers(16);
  const BlockHash root = root_hash({.model = 1});
  CHECK(chain_hash(root, tokens) == chain_hash(root, tokens));
  CHECK(chain_hash(root, tokens) != chain_hash(root, numbers(16, 1)));
  CHECK(chain_hash(root, tokens) != chain_hash(chain_hash(root, tokens), tokens));
  CHECK(root != root_hash({.model = 2}));
  CHECK(root != root_hash({.model = 1, .window_group = 1}));
  CHECK(root != root_hash({.model = 1, .adapter = 1}));
}

TEST_CASE("a finished sequence's prefix is shared block by block") {
  KvCache cache(8, {});
  const auto tokens = numbers(32);
  BlockTable first = compute(cache, tokens);
  const auto blocks = first.blocks;
  cache.release(first);

  BlockTable second;
  CHECK(cache.reuse(second, tokens, 32) == 32);
  CHECK(second.blocks == blocks);
  CHECK(cache.take_copies().empty());
  cache.release(second);
  cache.check_integrity({});
}

TEST_CASE("the last token is computed where the limit says so, from a copy of its block") {
  KvCache cache(8, {});
  const auto tokens = numbers(32);
  BlockTable first = compute(cache, tokens);
  BlockTable second;
  CHECK(cache.reuse(second, tokens, 31) == 31);
  const auto copies = cache.take_copies();
  REQUIRE(copies.size() == 1);
  CHECK(copies[0].from == first.blocks[1]);
  CHECK(copies[0].to == second.blocks[1]);
  CHECK(second.blocks[0] == first.blocks[0]);
  const BlockTable* tables[] = {&first, &second};
  cache.check_integrity(tables);
}

TEST_CASE("an edit costs the tokens behind it and not its block") {
  KvCache cache(8, {});
  auto tokens = numbers(40);
  BlockTable live = compute(cache, tokens);

  SUBCASE("in the partly filled last block of a live sequence") {
    tokens[37] = 999;
    CHECK(reusable(cache, tokens) == 37);
  }
  SUBCASE("in a full block") {
    tokens[20] = 999;
    CHECK(reusable(cache, tokens) == 20);
  }
  SUBCASE("at the front") {
    tokens[0] = 999;
    CHECK(reusable(cache, tokens) == 0);
  }
  SUBCASE("after the sequence has finished") {
    cache.release(live);
    tokens[39] = 999;
    CHECK(reusable(cache, tokens) == 39);
  }
  const BlockTable* tables[] = {&live};
  cache.check_integrity(live.blocks.empty() ? std::span<const BlockTable* const>() : tables);
}

TEST_CASE("nothing of another model's or adapter's values is reused") {
  KvCache one(4, {.model = 1}), other(4, {.model = 1, .adapter = 1});
  BlockTable table = compute(one, numbers(16));
  one.release(table);
  CHECK(reusable(one, numbers(16)) == 16);
  CHECK(reusable(other, numbers(16)) == 0);
}

TEST_CASE("reserving is all or nothing") {
  KvCache cache(4, {});
  BlockTable table;
  REQUIRE(cache.reserve(table, 33));
  CHECK(table.blocks.size() == 3);
  CHECK_FALSE(cache.reserve(table, 65));
  CHECK(table.blocks.size() == 3);
  CHECK(cache.reservable_tokens(table) == 64);
  CHECK(cache.reserve(table, 64));
  cache.release(table);
  CHECK(cache.num_available() == 4);
}

TEST_CASE("blocks that were never committed are not cached") {
  KvCache cache(4, {});
  BlockTable table;
  REQUIRE(cache.reserve(table, 40));
  cache.commit(table, numbers(40), 20);
  cache.release(table);
  CHECK(reusable(cache, numbers(40)) == 20);
  cache.check_integrity({});
}

TEST_CASE("the end of the oldest sequence is evicted first") {
  KvCache cache(4, {});
  BlockTable old = compute(cache, numbers(32));
  cache.release(old);
  BlockTable young = compute(cache, numbers(32, 100));
  cache.release(young);
  BlockTable table;
  REQUIRE(cache.reserve(table, 16));
  CHECK(reusable(cache, numbers(32, 100)) == 32);
  CHECK(reusable(cache, numbers(32)) == 16);
  cache.release(table);
}

TEST_CASE("clear forgets what nobody holds and keeps the rest") {
  KvCache cache(8, {});
  BlockTable held = compute(cache, numbers(32));
  BlockTable finished = compute(cache, numbers(32, 100));
  cache.release(finished);
  cache.clear();
  CHECK(reusable(cache, numbers(32)) == 32);
  CHECK(reusable(cache, numbers(32, 100)) == 0);
  const BlockTable* tables[] = {&held};
  cache.check_integrity(tables);
}

TEST_CASE("the source of a pending copy cannot be evicted, and is let go if the target is not needed") {
  KvCache cache(3, {});
  BlockTable first = compute(cache, numbers(16));
  cache.release(first);
  BlockTable second;
  REQUIRE(cache.reuse(second, numbers(16), 15) == 15);
  CHECK(cache.num_available() == 1);
  cache.release(second);
  CHECK(cache.take_copies().empty());
  CHECK(cache.num_available() == 3);
  cache.check_integrity({});
}

TEST_CASE("without a block for the copy only whole blocks are reused") {
  KvCache cache(2, {});
  BlockTable first = compute(cache, numbers(32));
  BlockTable second;
  CHECK(cache.reuse(second, numbers(32), 31) == 16);
  const BlockTable* tables[] = {&first, &second};
  cache.check_integrity(tables);
}

TEST_CASE("a window gives back the blocks behind it, but for one") {
  KvCache cache(20, {}, 32);
  const auto tokens = numbers(160);
  BlockTable table;
  int most = 0;
  for (int end = 16; end <= 160; end += 16) {
    REQUIRE(cache.reserve(table, end));
    most = std::max(most, cache.num_blocks() - cache.num_available());
    cache.commit(table, tokens, end);
    const BlockTable* tables[] = {&table};
    cache.check_integrity(tables);
  }
  // The next token sees tokens 129 to 160; from 113 on they are kept.
  CHECK(table.num_dropped_blocks == 7);
  CHECK(std::count(table.blocks.begin(), table.blocks.end(), -1) == 7);
  CHECK(most <= cache.most_blocks(160, 16));
  CHECK(cache.most_blocks(1 << 20, 16) == 6);
}

TEST_CASE("a prefix behind a window needs its last tokens only") {
  KvCache cache(6, {}, 32);
  const auto tokens = numbers(160);
  BlockTable first;
  for (int end = 16; end <= 160; end += 16) {
    REQUIRE(cache.reserve(first, end));
    cache.commit(first, tokens, end);
  }
  cache.release(first);
  BlockTable second;
  CHECK(cache.reuse(second, tokens, 160) == 160);
  CHECK(second.blocks[5] == -1);
  CHECK(second.blocks[9] >= 0);
  cache.take_copies();
  cache.release(second);
  // A token less, and a block less.
  CHECK(reusable(cache, numbers(159)) == 159);
  CHECK(reusable(cache, numbers(144)) == 144);
  // What lies further back is not there any more, so neither is a way to go on from it.
  CHECK(reusable(cache, numbers(32)) == 0);
  cache.check_integrity({});
}

TEST_CASE("groups reuse what all of them can go on from") {
  const WindowGroup groups[] = {{.window = 0, .num_blocks = 20}, {.window = 32, .num_blocks = 7}};
  CacheGroups cache(groups, {});
  const auto tokens = numbers(160);
  SequenceBlocks first;
  CHECK(cache.reuse(first, tokens, 160) == 0);
  for (int end = 16; end <= 160; end += 16) {
    REQUIRE(cache.reserve(first, end));
    cache.commit(first, tokens, end);
  }
  cache.release(first);
  const auto reused = [&](std::vector<TokenId> wanted) {
    SequenceBlocks blocks;
    const int count = cache.reuse(blocks, wanted, static_cast<int>(wanted.size()));
    CHECK(blocks.num_committed_tokens() == count);
    const SequenceBlocks* live[] = {&blocks};
    cache.check_integrity(live);
    cache.release(blocks);
    return count;
  };
  CHECK(reused(tokens) == 160);
  CHECK(reused(numbers(155)) == 155);
  auto edited = tokens;
  edited[150] = 999;
  CHECK(reused(edited) == 150);
  CHECK(reused(numbers(40)) == 0);  // the window's part of it is gone
  SequenceBlocks large;
  CHECK_FALSE(cache.reserve(large, 160));  // the window's group is too small for it in one step
  CHECK(large.empty());
  CHECK(cache.num_available() == 27);
}

// Contents are simulated: each slot remembers the tokens from the beginning up to itself. If a table ever names a slot
// that holds something else than its sequence says, reuse has gone wrong.
namespace {

/// Returns how many tokens were reused.
int run_random_sequences(int window) {
  std::mt19937 random(7);
  constexpr int kBlocks = 24;
  KvCache cache(kBlocks, {}, window);
  std::vector<uint64_t> slots(kBlocks * kBlockTokens, 0);
  struct Live {
    std::vector<TokenId> tokens;
    BlockTable table;
  };
  std::vector<std::unique_ptr<Live>> live;
  const auto prefix_value = [](const std::vector<TokenId>& tokens, int end) {
    return chain_hash(1, std::span(tokens).first(static_cast<size_t>(end)));
  };
  const auto slot_of = [](const BlockTable& table, int position) {
    return static_cast<size_t>(table.blocks[static_cast<size_t>(position / kBlockTokens)] * kBlockTokens +
                               position % kBlockTokens);
  };
  int reused = 0;
  for (int step = 0; step < 4000; ++step) {
    if (random() % 3 == 0 || live.empty()) {
      auto added = std::make_unique<Live>();
      const int size = 1 + static_cast<int>(random() % 60);
      for (int i = 0; i < size; ++i) added->tokens.push_back(random() % 12 == 0 ? 1 : 0);
      reused += cache.reuse(added->table, added->tokens, static_cast<int>(random() % static_cast<unsigned>(size + 1)));
      live.push_back(std::move(added));
      if (random() % 2 == 0) {  // sometimes given up before its copy was made
        for (const BlockCopy& copy : cache.take_copies()) {
          std::copy_n(slots.begin() + copy.from * kBlockTokens, kBlockTokens, slots.begin() + copy.to * kBlockTokens);
        }
      } else {
        cache.release(live.back()->table);
        REQUIRE(cache.take_copies().empty());
        live.pop_back();
      }
    } else {
      const size_t chosen = random() % live.size();
      Live& sequence = *live[chosen];
      const int done = sequence.table.num_committed_tokens;
      const int left = static_cast<int>(sequence.tokens.size()) - done;
      const int count = left == 0 ? 0 : 1 + static_cast<int>(random() % static_cast<unsigned>(left));
      if (left == 0 || !cache.reserve(sequence.table, done + count)) {
        cache.release(sequence.table);
        live.erase(live.begin() + static_cast<ptrdiff_t>(chosen));
      } else {
        for (int i = done; i < done + count; ++i)
          slots[slot_of(sequence.table, i)] = prefix_value(sequence.tokens, i + 1);
        cache.commit(sequence.table, sequence.tokens, done + count);
      }
    }
    std::vector<const BlockTable*> tables;
    for (const auto& sequence : live) {
      tables.push_back(&sequence->table);
      const int committed = sequence->table.num_committed_tokens;
      for (int i = window > 0 ? std::max(0, committed - window + 1) : 0; i < committed; ++i) {
        REQUIRE(slots[slot_of(sequence->table, i)] == prefix_value(sequence->tokens, i + 1));
      }
    }
    cache.check_integrity(tables);
  }
  return reused;
}

}  // namespace

TEST_CASE("random sequences never see the values of other prefixes") {
  for (const int window : {0, 1, 15, 16, 17, 33, 100}) {
    CAPTURE(window);
    CHECK(run_random_sequences(window) > 1000);
  }
}
