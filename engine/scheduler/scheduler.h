/// Scheduler: decides which tokens the next step computes.
///
/// There is no prefill and no decode phase: every sequence has tokens and computed tokens, and the latter catch up
/// under a budget of tokens per step. A generated token makes the sequence one token longer, and so it goes on.
///
/// - A step serves one priority class, the most urgent that has work, so that nobody who waits is slowed by
/// speculation.
/// - Sequences that lack one token come first; then prompts, in order of arrival, cut into chunks.
/// - When blocks run out, the least urgent sequence is preempted: it gives its blocks back, waits, and is computed
/// again
///   (from what is still cached). The most urgent sequence can always go on, so work never stands still.
///
/// It knows no clock, no thread and no model: tests drive it with seeds. Sequences belong to the caller and must stay
/// where they are from add() to remove(). Engine thread only.
#pragma once

#include <vector>

#include "engine/cache/cache_groups.h"
#include "engine/scheduler/batch.h"
#include "engine/scheduler/sequence.h"

namespace lacuna::engine {

struct SchedulerOptions {
  int max_batch_tokens = 512;
  int max_sequences = 16;  ///< that hold blocks at once; also the most logits rows of a step
  /// A prompt's share of a step while others decode beside it, or of any step if the prompt is not interactive: it
  /// bounds how long a new interactive request waits for the running step.
  int shared_chunk_tokens = 64;
};

class Scheduler {
 public:
  Scheduler(const SchedulerOptions& options, CacheGroups& cache);

  void add(Sequence* sequence);
  /// Also of a sequence in the middle of its work. Its committed blocks stay cached.
  void remove(Sequence* sequence);
  bool has_work() const;

  /// Fills in the next batch; empty only if no sequence has pending tokens. The caller computes it and calls commit(),
  /// or drops it (its copies must be done all the same). Nothing is allocated if `batch` was used before.
  void schedule(Batch& batch);
  /// The batch was computed: its tokens count as computed, and its blocks can be reused.
  void commit(const Batch& batch);

  /// One more of the sequence's tokens counts as computed: a guess that was in its last batch was right.
  void commit_draft(Sequence& sequence);

  int num_running() const { return static_cast<int>(running_.size()); }
  int num_waiting() const { return static_cast<int>(waiting_.size()); }
  uint64_t num_preemptions() const { return num_preemptions_; }

  /// Aborts if tables, counts and queues contradict each other.
  void check_integrity() const;

 private:
  void find_candidates();
  bool is_running(const Sequence* sequence) const;
  bool admit(Sequence* sequence, const Batch& batch);
  int chunk_for(const Sequence& sequence, const Batch& batch) const;
  bool make_room(Sequence* sequence, int num_tokens, const Batch& batch);
  Sequence* victim_for(const Sequence* sequence, const Batch& batch) const;
  void preempt(Sequence* sequence);
  void schedule_one(Sequence* sequence, Batch& batch);

  SchedulerOptions options_;
  CacheGroups& cache_;
  std::vector<Sequence*> running_;  // hold blocks
  std::vector<Sequence*> waiting_;  // hold none
  std::vector<Sequence*> candidates_;  // of the running schedule()
  uint64_t num_preemptions_ = 0;
};

}  // namespace lacuna::engine
