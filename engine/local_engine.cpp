#include "engine/local_engine.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "support/check.h"

namespace lacuna::engine {

namespace {

double milliseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

/// NaN is outside every range.
Result<void> check_range(const char* name, double value, double least, double greatest) {
  if (value >= least && value <= greatest) return {};
  return Error::format(ErrorCode::invalid_argument, "sampling parameter {} is {}, expected {} to {}", name, value,
                       least, greatest);
}

Result<void> check_sampling(const SamplingParameters& sampling) {
  LACUNA_RETURN_IF_ERROR(check_range("temperature", sampling.temperature, 0, 100));
  LACUNA_RETURN_IF_ERROR(check_range("top_k", sampling.top_k, 0, 1 << 30));
  LACUNA_RETURN_IF_ERROR(check_range("top_p", sampling.top_p, 1e-6, 1));
  LACUNA_RETURN_IF_ERROR(check_range("min_p", sampling.min_p, 0, 1));
  LACUNA_RETURN_IF_ERROR(check_range("repetition_penalty", sampling.repetition_penalty, 0.01, 100));
  return check_range("repetition_window", sampling.repetition_window, 0, 1 << 30);
}

/// `what`: of what they are.
Result<void> check_ids(std::string_view what, std::span<const TokenId> tokens, int vocabulary_size) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] >= 0 && tokens[i] < vocabulary_size) continue;
    return Error::format(ErrorCode::invalid_argument, "{} token {} is {}, the vocabulary has {}", what, i, tokens[i],
                         vocabulary_size);
  }
  return {};
}

Result<void> check_tokens(std::span<const TokenId> tokens, int vocabulary_size, int context_tokens) {
  if (tokens.empty()) return Error{ErrorCode::invalid_argument, "the prompt is empty"};
  if (tokens.size() > static_cast<size_t>(context_tokens)) {
    return Error::format(ErrorCode::invalid_argument, "the prompt has {} tokens, the context holds {}", tokens.size(),
                         context_tokens);
  }
  return check_ids("prompt", tokens, vocabulary_size);
}

}  // namespace

LocalEngine::LocalEngine(Parts parts)
    : parts_(std::move(parts)),
      cache_(parts_.window_groups, parts_.identity),
      scheduler_(parts_.scheduling, cache_),
      runner_(std::move(parts_.decoder), *parts_.backend),
      sampler_(parts_.model.vocabulary_size) {
  constexpr size_t kLongPiece = 256;
  update_.piece.reserve(kLongPiece);
}

Result<void> LocalEngine::check_request(const Request& request) const {
  if (parts_.file.changed()) {
    return Error{ErrorCode::unavailable, "the model's file was changed while it was in use: start again"};
  }
  if (active_.contains(request.id)) {
    return Error::format(ErrorCode::invalid_argument, "request {} is in flight already", request.id);
  }
  if (request.max_tokens < 0) {
    return Error::format(ErrorCode::invalid_argument, "max_tokens is {}, expected 0 or more", request.max_tokens);
  }
  if (request.scored_tokens < 0 || (request.scored_tokens > 0 && request.max_tokens > 0)) {
    return Error::format(ErrorCode::invalid_argument, "scored_tokens is {} and max_tokens {}: one of them must be 0",
                         request.scored_tokens, request.max_tokens);
  }
  const int room = parts_.context_tokens - (request.max_tokens > 0 ? 1 : 0);
  LACUNA_RETURN_IF_ERROR(check_tokens(request.prompt, parts_.model.vocabulary_size, room));
  if (static_cast<size_t>(request.scored_tokens) >= request.prompt.size()) {
    return Error::format(ErrorCode::invalid_argument,
                         "{} tokens are to be scored behind at least one, the prompt has {}", request.scored_tokens,
                         request.prompt.size());
  }
  if (request.references) {
    LACUNA_RETURN_IF_ERROR(check_ids("reference", *request.references, parts_.model.vocabulary_size));
  }
  return check_sampling(request.sampling);
}

Result<void> LocalEngine::submit(Request request, UpdateCallback on_update) {
  LACUNA_RETURN_IF_ERROR(check_request(request));
  auto active = std::make_unique<ActiveRequest>();
  Sequence& sequence = active->sequence;
  sequence.id = request.id;
  sequence.priority = request.priority;
  sequence.arrival = num_submitted_++;
  sequence.num_prompt_tokens = static_cast<int>(request.prompt.size());
  sequence.num_scored_tokens = request.scored_tokens;
  active->prompt_log_probabilities.resize(static_cast<size_t>(request.scored_tokens));
  sequence.max_tokens = std::min(request.max_tokens, parts_.context_tokens - sequence.num_prompt_tokens);
  sequence.tokens = std::move(request.prompt);
  sequence.tokens.reserve(sequence.tokens.size() + static_cast<size_t>(sequence.max_tokens));
  const SamplingParameters& sampling = request.sampling;
  const bool penalized = sampling.repetition_penalty != 1 && sampling.repetition_window > 0;
  sequence.best_only = request.estimate_probabilities && sampling.temperature == 0 && !penalized;
  active->speculates = request.speculate && sampling.temperature == 0 && !penalized;
  active->references = std::move(request.references);
  active->sampling = request.sampling;
  active->stop_tokens = std::move(request.stop_tokens);
  if (!request.ignore_end_tokens) std::ranges::copy(tokenizer().end_tokens(), std::back_inserter(active->stop_tokens));
  active->constraint = std::move(request.constraint);
  active->on_update = std::move(on_update);
  active->statistics.prompt_tokens = sequence.num_prompt_tokens;
  active->submitted = Clock::now();
  constexpr size_t kPieceBytes = 8;  // most are shorter
  active->generated.reserve(kPieceBytes * static_cast<size_t>(sequence.max_tokens));
  sequence.allowed.reserve(sequence.best_only && active->constraint ? kMostAllowed + active->stop_tokens.size() + 1
                                                                    : 0);
  scheduler_.add(&sequence);
  active_.emplace(request.id, std::move(active));
  return {};
}

void LocalEngine::cancel(RequestId id) {
  const auto found = active_.find(id);
  if (found != active_.end()) finish(*found->second, FinishReason::cancelled);
}

void LocalEngine::step_unless(const AbandonStep& abandon) {
  add_drafts();
  scheduler_.schedule(batch_);
  keep_whole_drafts(batch_);
  note_start(batch_);
  const bool computed = batch_.empty() || compute(batch_, abandon);
  drop_drafts();
  if (computed) finish_filled_sequences();
}

/// One forward pass and what comes of it; false if it was abandoned.
bool LocalEngine::compute(Batch& batch, const AbandonStep& abandon) {
  for (const BatchEntry& entry : batch.entries) {
    if (entry.wants_logits && entry.sequence->best_only) narrow_choice(active_of(entry));
  }
  const bool decodes_one = batch.entries.size() == 1 && batch.entries.front().sequence->is_decoding();
  const auto start = Clock::now();
  if (!runner_.run(batch, [&] { return abandon && abandon(batch.entries); })) return false;
  if (decodes_one) draft_planner_.note_step(batch.num_tokens, milliseconds(Clock::now() - start) / 1000);
  for (BatchEntry& entry : batch.entries) entry.num_tokens -= entry.sequence->num_draft_tokens;
  scheduler_.commit(batch);
  totals_.steps += 1;
  for (const BatchEntry& entry : batch.entries) account(entry);
  int index = 0;
  for (const BatchEntry& entry : batch.entries) {
    if (entry.wants_logits) generate_all(entry, index);
  }
  int first_row = 0;
  for (const BatchEntry& entry : batch.entries) {
    if (entry.scores_prompt) score_prompt(entry, first_row);
    first_row += entry.num_tokens;
  }
  return true;
}

/// The log-probabilities of the prompt's tokens that this step's logits speak of. `first_row` is the entry's first one.
void LocalEngine::score_prompt(const BatchEntry& entry, int first_row) {
  const Sequence& sequence = *entry.sequence;
  const int begin = sequence.num_computed_tokens - entry.num_tokens;
  const int first = std::max(begin, sequence.first_scoring_token());
  const int end = std::min(sequence.num_computed_tokens, sequence.num_prompt_tokens - 1);
  if (first >= end) return;
  std::vector<float>& scores = active_of(entry).prompt_log_probabilities;
  runner_.score_rows(first_row + first - begin, end - first, [&](int row, std::span<const float> logits) {
    const int position = begin + row - first_row;
    const auto token = static_cast<size_t>(sequence.tokens[static_cast<size_t>(position) + 1]);
    const double log_probability = static_cast<double>(logits[token]) - log_sum_exp(logits);
    scores[static_cast<size_t>(position - sequence.first_scoring_token())] = static_cast<float>(log_probability);
  });
}

void LocalEngine::note_start(const Batch& batch) {
  for (const BatchEntry& entry : batch.entries) {
    ActiveRequest& active = active_of(entry);
    if (std::exchange(active.has_started, true)) continue;
    active.started = Clock::now();
  }
}

void LocalEngine::account(const BatchEntry& entry) {
  const Sequence& sequence = *entry.sequence;
  const int first = sequence.num_computed_tokens - entry.num_tokens;
  const int of_prompt = std::clamp(sequence.num_prompt_tokens - first, 0, entry.num_tokens);
  active_of(entry).statistics.evaluated_tokens += of_prompt;
  totals_.evaluated_tokens += static_cast<uint64_t>(of_prompt);
}

void LocalEngine::generate(ActiveRequest& active, int index) {
  const auto sampled = choose(active, index);
  if (!std::exchange(active.has_first_token, true)) active.first_token = Clock::now();
  if (!sampled) {
    Update update;
    update.error = sampled.error();
    finish(active, FinishReason::failed, std::move(update));
  } else if (!*sampled) {
    finish(active, FinishReason::constraint);
  } else if (is_stop_token(active, (*sampled)->token)) {
    finish(active, FinishReason::stop_token);
  } else {
    deliver(active, **sampled);
  }
}

void LocalEngine::deliver(ActiveRequest& active, const SampledToken& sampled) {
  Sequence& sequence = active.sequence;
  sequence.tokens.push_back(sampled.token);
  if (active.speculator) active.speculator->append(sampled.token);
  totals_.generated_tokens += 1;
  update_.id = sequence.id;
  update_.token = sampled.token;
  update_.piece.assign(tokenizer().piece(sampled.token));
  update_.log_probability = sampled.log_probability;
  update_.statistics = active.statistics;
  update_.statistics.cached_tokens = std::clamp(sequence.num_cached_tokens, 0, sequence.num_prompt_tokens);
  update_.statistics.generated_tokens = sequence.num_generated_tokens();
  active.generated += update_.piece;
  if (active.constraint && active.constraint->complete(active.generated)) {
    finish(active, FinishReason::constraint, update_);
  } else if (sequence.num_generated_tokens() >= sequence.max_tokens) {
    finish(active, FinishReason::length, update_);
  } else {
    active.on_update(update_);
  }
}

/// Requests that only fill the cache are done when everything is computed, which may be at once.
void LocalEngine::finish_filled_sequences() {
  std::vector<ActiveRequest*> filled;
  for (const auto& [id, active] : active_) {
    if (active->sequence.num_pending_tokens() == 0) filled.push_back(active.get());
  }
  for (ActiveRequest* active : filled) finish_filled(*active);
}

void LocalEngine::finish_filled(ActiveRequest& active) {
  Update update;
  update.prompt_log_probabilities = std::move(active.prompt_log_probabilities);
  if (std::ranges::all_of(update.prompt_log_probabilities, [](float value) { return std::isfinite(value); })) {
    return finish(active, FinishReason::length, std::move(update));
  }
  update.prompt_log_probabilities.clear();
  update.error = {ErrorCode::corrupt, "the model gives logits that are no numbers"};
  finish(active, FinishReason::failed, std::move(update));
}

void LocalEngine::finish(ActiveRequest& active, FinishReason reason, Update update) {
  const auto now = Clock::now();
  Sequence& sequence = active.sequence;
  RequestStatistics& statistics = active.statistics;
  statistics.cached_tokens = std::clamp(sequence.num_cached_tokens, 0, sequence.num_prompt_tokens);
  statistics.generated_tokens = sequence.num_generated_tokens();
  const auto started = active.has_started ? active.started : now;
  const auto first_token = active.has_first_token ? active.first_token : now;
  statistics.queue_ms = milliseconds(started - active.submitted);
  statistics.prompt_ms = milliseconds(first_token - started);
  statistics.decode_ms = milliseconds(now - first_token);
  totals_.prompt_tokens += static_cast<uint64_t>(statistics.prompt_tokens);
  totals_.cached_tokens += static_cast<uint64_t>(statistics.cached_tokens);

  update.id = sequence.id;
  update.finished = true;
  update.reason = reason;
  update.statistics = statistics;
  if (drafted_ == &sequence) drop_drafts();
  if (reason != FinishReason::cancelled) remember(sequence);
  scheduler_.remove(&sequence);
  const auto node = active_.extract(sequence.id);  // alive until the callback returns
  active.on_update(update);
}

EngineStatistics LocalEngine::statistics() const {
  EngineStatistics statistics = totals_;
  statistics.running = scheduler_.num_running();
  statistics.waiting = scheduler_.num_waiting();
  statistics.total_blocks = cache_.num_blocks();
  statistics.free_blocks = cache_.num_available();
  statistics.allocated_bytes = parts_.backend->allocated_bytes();
  statistics.shared_bytes = parts_.sidecar ? parts_.sidecar->shared_bytes() : 0;
  return statistics;
}

void LocalEngine::check_integrity() const {
  scheduler_.check_integrity();
  LACUNA_CHECK(static_cast<size_t>(scheduler_.num_running() + scheduler_.num_waiting()) == active_.size());
  for (const auto& [id, active] : active_) {
    LACUNA_CHECK(active->sequence.id == id);
    LACUNA_CHECK(active->sequence.num_tokens() <= parts_.context_tokens);
  }
}

std::vector<RequestId> LocalEngine::active_requests() const {
  std::vector<RequestId> ids;
  for (const auto& [id, active] : active_) ids.push_back(id);
  std::ranges::sort(ids);
  return ids;
}

Result<void> LocalEngine::score(std::span<const TokenId> tokens,
                                const std::function<void(int, std::span<const float>)>& on_logits) {
  LACUNA_RETURN_IF_ERROR(check_tokens(tokens, parts_.model.vocabulary_size, parts_.context_tokens));
  Sequence sequence;
  sequence.tokens.assign(tokens.begin(), tokens.end());
  const int max_step = parts_.scheduling.max_batch_tokens;
  if (!cache_.has_room_for(sequence.num_tokens(), max_step)) {
    return Error::format(ErrorCode::exhausted, "scoring {} tokens needs {} cache blocks, {} are free", tokens.size(),
                         blocks_for(sequence.num_tokens()), cache_.num_available());
  }
  while (sequence.num_pending_tokens() > 0) {
    const int chunk = std::min(sequence.num_pending_tokens(), max_step);
    LACUNA_CHECK(cache_.reserve(sequence.blocks, sequence.num_computed_tokens + chunk));
    runner_.run(Batch{.copies = {}, .entries = {{&sequence, chunk, false}}, .num_tokens = chunk});
    runner_.score_rows(0, chunk, [&](int row, std::span<const float> logits) {
      on_logits(sequence.num_computed_tokens + row, logits);
    });
    sequence.num_computed_tokens += chunk;
    cache_.commit(sequence.blocks, sequence.tokens, sequence.num_computed_tokens);
  }
  cache_.release(sequence.blocks);
  return {};
}

}  // namespace lacuna::engine
