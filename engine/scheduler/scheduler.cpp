#include "engine/scheduler/scheduler.h"

#include <algorithm>
#include <tuple>

#include "support/check.h"

namespace lacuna::engine {

namespace {

bool more_urgent(const Sequence* a, const Sequence* b) {
  return std::tie(a->priority, a->arrival) < std::tie(b->priority, b->arrival);
}

bool contains(const Batch& batch, const Sequence* sequence) {
  return std::ranges::count(batch.entries, sequence, &BatchEntry::sequence) > 0;
}

bool has_pending(const Sequence* sequence) {
  return sequence->num_pending_tokens() > 0;
}

}  // namespace

Scheduler::Scheduler(const SchedulerOptions& options, CacheGroups& cache) : options_(options), cache_(cache) {
  LACUNA_CHECK(options.max_batch_tokens > 0 && options.max_sequences > 0 && options.shared_chunk_tokens > 0);
}

void Scheduler::add(Sequence* sequence) {
  LACUNA_CHECK(sequence->num_computed_tokens == 0 && !sequence->tokens.empty());
  waiting_.push_back(sequence);
}

void Scheduler::remove(Sequence* sequence) {
  cache_.release(sequence->blocks);
  const auto removed = std::erase(running_, sequence) + std::erase(waiting_, sequence);
  LACUNA_CHECK(removed == 1);
}

bool Scheduler::has_work() const {
  return std::ranges::any_of(running_, has_pending) || std::ranges::any_of(waiting_, has_pending);
}

void Scheduler::schedule(Batch& batch) {
  batch.entries.clear();
  batch.num_tokens = 0;
  find_candidates();
  for (Sequence* sequence : candidates_) schedule_one(sequence, batch);
  batch.copies = cache_.take_copies();
}

/// The sequences of the most urgent class that has work: those that decode, then prompts, each in order of arrival.
void Scheduler::find_candidates() {
  std::vector<Sequence*>& found = candidates_;
  found.clear();
  std::ranges::copy_if(running_, std::back_inserter(found), has_pending);
  std::ranges::copy_if(waiting_, std::back_inserter(found), has_pending);
  if (found.empty()) return;
  const Priority urgent = (*std::ranges::min_element(found, {}, &Sequence::priority))->priority;
  std::erase_if(found, [&](const Sequence* s) { return s->priority != urgent; });
  std::ranges::sort(found, [&](const Sequence* a, const Sequence* b) {
    const bool a_decodes = a->is_decoding() && is_running(a);
    const bool b_decodes = b->is_decoding() && is_running(b);
    return a_decodes != b_decodes ? a_decodes : more_urgent(a, b);
  });
}

void Scheduler::schedule_one(Sequence* sequence, Batch& batch) {
  if (batch.num_tokens >= options_.max_batch_tokens) return;
  if (!is_running(sequence) && !admit(sequence, batch)) return;
  int num_tokens = chunk_for(*sequence, batch);
  if (!make_room(sequence, num_tokens, batch)) {
    num_tokens = std::min(num_tokens, cache_.reservable_tokens(sequence->blocks) - sequence->num_computed_tokens);
    if (num_tokens <= 0) return;
    LACUNA_CHECK(cache_.reserve(sequence->blocks, sequence->num_computed_tokens + num_tokens));
  }
  if (num_tokens == 0) return;
  const bool completes = num_tokens == sequence->num_pending_tokens();
  const bool scores_prompt = sequence->num_scored_tokens > 0 &&
                             sequence->num_computed_tokens + num_tokens > sequence->first_scoring_token();
  batch.entries.push_back({sequence, num_tokens, completes && sequence->max_tokens > 0, scores_prompt});
  batch.num_tokens += num_tokens;
}

bool Scheduler::is_running(const Sequence* sequence) const {
  return std::ranges::count(running_, sequence) > 0;
}

/// Makes a waiting sequence a running one, with what the cache knows of it. Where neither the blocks suffice nor
/// anybody less urgent could give some, it waits: started now, it would only be preempted again.
bool Scheduler::admit(Sequence* sequence, const Batch& batch) {
  const bool full = num_running() >= options_.max_sequences;
  const bool short_of_blocks =
      !running_.empty() && !cache_.has_room_for(sequence->num_tokens(), options_.max_batch_tokens);
  Sequence* victim = victim_for(sequence, batch);
  if ((full || short_of_blocks) && !victim) return false;
  if (full) preempt(victim);
  std::erase(waiting_, sequence);
  running_.push_back(sequence);
  sequence->num_computed_tokens = cache_.reuse(sequence->blocks, sequence->tokens, sequence->reuse_limit());
  cache_.make_room_for_tables(sequence->blocks, sequence->num_prompt_tokens + sequence->max_tokens);
  if (sequence->num_cached_tokens < 0) sequence->num_cached_tokens = sequence->num_computed_tokens;
  return true;
}

int Scheduler::chunk_for(const Sequence& sequence, const Batch& batch) const {
  const int left = options_.max_batch_tokens - batch.num_tokens;
  const bool shared = !batch.empty() && batch.entries.front().sequence->is_decoding();
  const bool bounded = shared || sequence.priority != Priority::interactive;
  const int limit = bounded ? std::min(left, options_.shared_chunk_tokens) : left;
  return std::min(sequence.num_pending_tokens(), limit);
}

/// Reserves blocks for the sequence's next tokens, at the cost of less urgent ones.
bool Scheduler::make_room(Sequence* sequence, int num_tokens, const Batch& batch) {
  while (!cache_.reserve(sequence->blocks, sequence->num_computed_tokens + num_tokens)) {
    Sequence* victim = victim_for(sequence, batch);
    if (!victim) return false;
    preempt(victim);
  }
  return true;
}

/// The least urgent running sequence that is less urgent than this one and not in the batch yet.
Sequence* Scheduler::victim_for(const Sequence* sequence, const Batch& batch) const {
  Sequence* victim = nullptr;
  for (Sequence* candidate : running_) {
    if (!more_urgent(sequence, candidate) || contains(batch, candidate)) continue;
    if (!victim || more_urgent(victim, candidate)) victim = candidate;
  }
  return victim;
}

void Scheduler::preempt(Sequence* sequence) {
  cache_.release(sequence->blocks);
  sequence->num_computed_tokens = 0;
  std::erase(running_, sequence);
  waiting_.push_back(sequence);
  num_preemptions_ += 1;
}

void Scheduler::commit(const Batch& batch) {
  for (const BatchEntry& entry : batch.entries) {
    Sequence& sequence = *entry.sequence;
    sequence.num_computed_tokens += entry.num_tokens;
    cache_.commit(sequence.blocks, sequence.tokens, sequence.num_computed_tokens);
  }
}

void Scheduler::commit_draft(Sequence& sequence) {
  sequence.num_computed_tokens += 1;
  cache_.commit(sequence.blocks, sequence.tokens, sequence.num_computed_tokens);
}

void Scheduler::check_integrity() const {
  std::vector<const SequenceBlocks*> tables;
  for (const Sequence* sequence : running_) {
    tables.push_back(&sequence->blocks);
    LACUNA_CHECK(sequence->num_computed_tokens == sequence->blocks.num_committed_tokens());
    LACUNA_CHECK(sequence->num_computed_tokens <= sequence->num_tokens());
  }
  for (const Sequence* sequence : waiting_) {
    LACUNA_CHECK(sequence->blocks.empty() && sequence->num_computed_tokens == 0);
    LACUNA_CHECK(!is_running(sequence));
  }
  LACUNA_CHECK(num_running() <= options_.max_sequences);
  cache_.check_integrity(tables);
}

}  // namespace lacuna::engine
