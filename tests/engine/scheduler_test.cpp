#include "engine/scheduler/scheduler.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>

using namespace lacuna::engine;

namespace {

/// Sequences, a cache and a scheduler. The model is a rule: the next token is a function of all tokens so far.
class World {
 public:
  World(const SchedulerOptions& options, int num_blocks, std::vector<WindowGroup> windows = {})
      : cache(with_full_group(num_blocks, std::move(windows)), {}), scheduler(options, cache) {}

  RequestId add(std::vector<TokenId> prompt, int max_tokens, Priority priority = Priority::interactive) {
    auto sequence = std::make_unique<Sequence>();
    const RequestId id = ++last_id_;
    sequence->id = sequence->arrival = id;
    sequence->priority = priority;
    sequence->max_tokens = max_tokens;
    sequence->num_prompt_tokens = static_cast<int>(prompt.size());
    sequence->tokens = std::move(prompt);
    scheduler.add(sequence.get());
    sequences_[id] = std::move(sequence);
    return id;
  }

  /// A prompt that shares nothing with others.
  RequestId add(int num_prompt_tokens, int max_tokens, Priority priority = Priority::interactive) {
    const auto own = static_cast<TokenId>(1000 * (last_id_ + 1));
    return add(std::vector<TokenId>(static_cast<size_t>(num_prompt_tokens), own), max_tokens, priority);
  }

  void cancel(RequestId id) {
    scheduler.remove(sequences_.at(id).get());
    sequences_.erase(id);
  }

  /// What the step computed: tokens by sequence, in the batch's order.
  std::vector<std::pair<RequestId, int>> step(bool is_abandoned = false) {
    Batch batch;
    scheduler.schedule(batch);
    scheduler.check_integrity();
    std::vector<std::pair<RequestId, int>> computed;
    int total = 0;
    for (const BatchEntry& entry : batch.entries) {
      computed.emplace_back(entry.sequence->id, entry.num_tokens);
      REQUIRE(entry.num_tokens > 0);
      total += entry.num_tokens;
    }
    REQUIRE(total == batch.num_tokens);
    if (is_abandoned) return computed;
    scheduler.commit(batch);
    for (const BatchEntry& entry : batch.entries) advance(*entry.sequence, entry.wants_logits);
    finish_filled();
    scheduler.check_integrity();
    return computed;
  }

  bool is_running(RequestId id) const { return !sequences_.at(id)->blocks.empty(); }
  const Sequence& sequence(RequestId id) const { return *sequences_.at(id); }
  bool has(RequestId id) const { return sequences_.contains(id); }
  std::vector<RequestId> ids() const {
    std::vector<RequestId> found;
    for (const auto& [id, sequence] : sequences_) found.push_back(id);
    return found;
  }

  CacheGroups cache;
  Scheduler scheduler;
  std::map<RequestId, std::vector<TokenId>> results;  ///< tokens of finished sequences

 private:
  static std::vector<WindowGroup> with_full_group(int num_blocks, std::vector<WindowGroup> windows) {
    if (num_blocks > 0) windows.insert(windows.begin(), WindowGroup{.window = 0, .num_blocks = num_blocks});
    return windows;
  }

  void advance(Sequence& sequence, bool wants_logits) {
    REQUIRE(wants_logits == (sequence.max_tokens > 0 && sequence.num_pending_tokens() == 0));
    if (!wants_logits) return;
    sequence.tokens.push_back(static_cast<TokenId>(chain_hash(0, sequence.tokens) % 50));
    if (sequence.num_generated_tokens() == sequence.max_tokens) finish(sequence);
  }

  void finish_filled() {
    for (RequestId id : ids()) {
      if (sequence(id).max_tokens == 0 && sequence(id).num_pending_tokens() == 0) finish(*sequences_.at(id));
    }
  }

  void finish(Sequence& sequence) {
    results[sequence.id] = sequence.tokens;
    cancel(sequence.id);
  }

  std::map<RequestId, std::unique_ptr<Sequence>> sequences_;
  RequestId last_id_ = 0;
};

using Computed = std::vector<std::pair<RequestId, int>>;

}  // namespace

TEST_CASE("a long prompt is cut into chunks of the budget and then decodes") {
  World world({.max_batch_tokens = 32}, 100);
  const auto id = world.add(70, 2);
  CHECK(world.step() == Computed{{id, 32}});
  CHECK(world.step() == Computed{{id, 32}});
  CHECK(world.step() == Computed{{id, 6}});
  CHECK(world.step() == Computed{{id, 1}});
  CHECK(world.results.contains(id));
  CHECK_FALSE(world.scheduler.has_work());
  CHECK(world.step().empty());
}

TEST_CASE("decodes come before prompts, whose chunk is bounded beside them") {
  World world({.max_batch_tokens = 64, .shared_chunk_tokens = 20}, 100);
  const auto decoding = world.add(5, 10);
  world.step();
  const auto prompt = world.add(100, 1);
  CHECK(world.step() == Computed{{decoding, 1}, {prompt, 20}});
  world.cancel(decoding);
  CHECK(world.step() == Computed{{prompt, 64}});
}

TEST_CASE("prompts share what is left of a step in order of arrival") {
  World world({.max_batch_tokens = 64}, 100);
  const auto first = world.add(40, 1), second = world.add(40, 1);
  CHECK(world.step() == Computed{{first, 40}, {second, 24}});
}

TEST_CASE("only the most urgent class is served, and others go on where they were") {
  World world({.max_batch_tokens = 64, .shared_chunk_tokens = 16}, 100);
  const auto warm_up = world.add(100, 0, Priority::warm_up);
  CHECK(world.step() == Computed{{warm_up, 16}});
  const auto next = world.add(30, 1, Priority::next);
  const auto interactive = world.add(30, 2);
  CHECK(world.step() == Computed{{interactive, 30}});
  CHECK(world.step() == Computed{{interactive, 1}});
  CHECK(world.step() == Computed{{next, 16}});
  CHECK(world.step() == Computed{{next, 14}});
  CHECK(world.step() == Computed{{warm_up, 16}});
  CHECK(world.sequence(warm_up).num_computed_tokens == 32);
}

TEST_CASE("a request that only fills the cache ends without a token, at once where all is known") {
  World world({}, 100);
  const auto first = world.add(std::vector<TokenId>(40, 7), 0);
  CHECK(world.step() == Computed{{first, 40}});
  CHECK(world.results.at(first).size() == 40);
  const auto second = world.add(std::vector<TokenId>(40, 7), 0);
  CHECK(world.step().empty());
  CHECK(world.results.contains(second));
}

TEST_CASE("a prompt is taken from the cache but for what must be computed") {
  World world({}, 100);
  world.add(std::vector<TokenId>(40, 7), 1);
  world.step();
  auto edited = std::vector<TokenId>(40, 7);
  edited[38] = 8;
  const auto same = world.add(std::vector<TokenId>(40, 7), 1);
  CHECK(world.step() == Computed{{same, 1}});
  const auto changed = world.add(edited, 1);
  CHECK(world.step() == Computed{{changed, 2}});
}

TEST_CASE("without blocks the latest sequence is preempted and finishes later") {
  World world({.max_batch_tokens = 64}, 6);
  const auto first = world.add(32, 40), second = world.add(24, 40);
  while (world.has(first)) world.step();
  CHECK(world.scheduler.num_preemptions() > 0);
  while (world.scheduler.has_work()) world.step();
  CHECK(world.results.at(first).size() == 72);
  CHECK(world.results.at(second).size() == 64);
}

TEST_CASE("an interactive request takes blocks and places from less urgent ones") {
  World world({.max_batch_tokens = 64, .max_sequences = 1, .shared_chunk_tokens = 48}, 5);
  const auto warm_up = world.add(64, 0, Priority::warm_up);
  world.step();
  const auto interactive = world.add(60, 1);
  CHECK(world.step() == Computed{{interactive, 60}});
  CHECK(world.has(warm_up));
}

TEST_CASE("more sequences than places wait their turn") {
  World world({.max_sequences = 2}, 100);
  const auto first = world.add(4, 2), second = world.add(4, 2), third = world.add(4, 2);
  world.step();
  CHECK(world.is_running(first));
  CHECK(world.is_running(second));
  CHECK_FALSE(world.is_running(third));
  CHECK(world.scheduler.num_waiting() == 1);
  while (world.scheduler.has_work()) world.step();
  CHECK(world.results.size() == 3);
}

TEST_CASE("an abandoned step changes nothing") {
  World world({.max_batch_tokens = 32}, 100);
  const auto id = world.add(40, 1);
  CHECK(world.step(true) == Computed{{id, 32}});
  CHECK(world.step() == Computed{{id, 32}});
  CHECK(world.step(true) == Computed{{id, 8}});
  CHECK(world.step() == Computed{{id, 8}});
}

// Random arrivals, cancellations and abandoned steps under scarce blocks. Whatever happens, the books are right after
// each step, work never stands still, and each sequence gets the tokens that it would get alone.
TEST_CASE("random runs keep the books, make progress and change no result") {
  int preemptions = 0, finished = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    const SchedulerOptions options = {
        .max_batch_tokens = 1 + below(60), .max_sequences = 1 + below(6), .shared_chunk_tokens = 1 + below(30)};
    constexpr int kContext = 90;
    // Models with full attention, with windows, and with both.
    const int full = seed % 3 == 1 ? 0 : blocks_for(kContext) + 2 + below(12);
    std::vector<WindowGroup> windows;
    if (seed % 3 != 0) {
      const int window = 1 + below(50);
      const int least = blocks_for(window) + 5 + blocks_for(options.max_batch_tokens);
      windows.push_back({.window = window, .num_blocks = least + below(6)});
    }
    World world(options, full, windows);
    std::map<RequestId, std::pair<std::vector<TokenId>, int>> requests;
    int idle_steps = 0;
    for (int step = 0; step < 400 || world.scheduler.has_work(); ++step) {
      if (step < 400 && below(4) == 0) {
        const int size = 1 + below(kContext - 20), max_tokens = below(20);
        std::vector<TokenId> prompt;
        for (int i = 0; i < size; ++i) prompt.push_back(below(25) == 0 ? 1 : 0);
        const auto id = world.add(prompt, max_tokens, static_cast<Priority>(below(3)));
        requests[id] = {prompt, max_tokens};
      }
      if (below(12) == 0 && !world.ids().empty()) {
        const auto ids = world.ids();
        world.cancel(ids[static_cast<size_t>(below(static_cast<int>(ids.size())))]);
      }
      const bool had_work = world.scheduler.has_work();
      const size_t finished_before = world.results.size();
      const auto computed = world.step(below(10) == 0);
      int total = 0;
      for (const auto& [id, count] : computed) total += count;
      REQUIRE(total <= options.max_batch_tokens);
      const bool progressed = !computed.empty() || world.results.size() > finished_before || !had_work;
      idle_steps = progressed ? 0 : idle_steps + 1;
      REQUIRE(idle_steps < 3);
      REQUIRE(step < 20000);
    }
    for (const auto& [id, tokens] : world.results) {
      auto expected = requests.at(id).first;
      for (int i = 0; i < requests.at(id).second; ++i)
        expected.push_back(static_cast<TokenId>(chain_hash(0, expected) % 50));
      REQUIRE(tokens == expected);
    }
    preemptions += static_cast<int>(world.scheduler.num_preemptions());
    finished += static_cast<int>(world.results.size());
    REQUIRE(world.cache.num_available() == world.cache.num_blocks());
  }
  CHECK(preemptions > 100);
  CHECK(finished > 1000);
}
