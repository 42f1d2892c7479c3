#include "engine/runner/speculator.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "engine/cache/block_hash.h"
#include "support/check.h"

namespace lacuna::engine {

namespace {

constexpr int kMostCandidates = 16;  // places looked at for the longest match

uint64_t key_of(std::span<const TokenId> tokens) {
  uint64_t key = 0x9e3779b97f4a7c15ull;
  for (const TokenId token : tokens) key = mix_bits(key ^ static_cast<uint32_t>(token));
  return key;
}

}  // namespace

// -- DraftPlanner -----------------------------------------------------------------------------------------------------

void DraftPlanner::note_step(int num_rows, double seconds) {
  if (num_rows < 1 || num_rows > kMost + 1 || !(seconds > 0)) return;
  constexpr double kNew = 0.1;
  double& mean = seconds_[static_cast<size_t>(num_rows)];
  mean = mean == 0 ? seconds : mean + kNew * (std::min(seconds, 4 * mean) - mean);  // a hiccup says nothing
}

/// A length that was not measured yet is guessed from the nearest shorter one that was.
double DraftPlanner::relative_cost(int num_rows) const {
  constexpr double kRowCost = 0.1;
  const double one = seconds_[1];
  if (one == 0) return 1 + kRowCost * (num_rows - 1);
  for (int rows = num_rows; rows > 1; --rows) {
    const double measured = seconds_[static_cast<size_t>(rows)];
    if (measured > 0) return std::max(1.0, measured / one) + kRowCost * (num_rows - rows);
  }
  return 1 + kRowCost * (num_rows - 1);
}

int DraftPlanner::best_length(double chance, int most) const {
  constexpr double kMargin = 1.05;  // what is won must be more than the noise
  int best = 0;
  double best_rate = kMargin;  // tokens in the time of a step without guesses
  double expected = 1, all_right = 1;
  for (int length = 1; length <= std::min(most, kMost); ++length) {
    all_right *= chance;
    expected += all_right;
    const double rate = expected / relative_cost(length + 1);
    if (rate > best_rate) {
      best = length;
      best_rate = rate;
    }
  }
  return best;
}

DraftPlanner::Record& DraftPlanner::record_of(int match_length) {
  return records_[match_length <= 2 ? 0 : match_length <= 4 ? 1 : match_length <= 8 ? 2 : 3];
}

void DraftPlanner::note_guesses(int match_length, int num_tried, int num_right) {
  LACUNA_CHECK(num_right >= 0 && num_right <= num_tried);
  if (num_tried == 0) return;
  constexpr double kKept = 0.9;  // about ten proposals are remembered
  Record& record = record_of(match_length);
  record.right = record.right * kKept + num_right;
  record.tried = record.tried * kKept + num_right + (num_right < num_tried ? 1 : 0);
}

/// A record that allows no guesses is slowly forgotten, so that they are tried again some time.
int DraftPlanner::plan(int match_length, int most) {
  Record& record = record_of(match_length);
  const int length = best_length(record.right / record.tried, most);
  if (length == 0 && most > 0) {
    constexpr double kForgotten = 0.02;
    record.right += kForgotten * (kFirstChance - record.right);
    record.tried += kForgotten * (1 - record.tried);
  }
  return length;
}

// -- DraftText --------------------------------------------------------------------------------------------------------

DraftText::DraftText(size_t capacity) : last_end_(std::bit_ceil(capacity + 1), -1) {
  tokens_.reserve(capacity);
  previous_.reserve(capacity);
}

void DraftText::append(TokenId token) {
  tokens_.push_back(token);
  previous_.push_back(-1);
  if (tokens_.size() < kShortest) return;
  int32_t& last_end = last_end_[key_of(std::span(tokens_).last(kShortest)) & (last_end_.size() - 1)];
  previous_.back() = std::exchange(last_end, static_cast<int32_t>(tokens_.size()));
}

DraftText::Match DraftText::find(std::span<const TokenId> context) const {
  Match best;
  if (context.size() < kShortest) return best;
  int32_t end = last_end_[key_of(context.last(kShortest)) & (last_end_.size() - 1)];
  for (int i = 0; i < kMostCandidates && end > 0; ++i, end = previous_[static_cast<size_t>(end) - 1]) {
    const auto place = static_cast<size_t>(end);
    if (place == tokens_.size()) continue;  // nothing follows
    int length = 0;
    const auto longest = static_cast<int>(std::min({place, context.size(), size_t{kLongest}}));
    while (length < longest && tokens_[place - 1 - static_cast<size_t>(length)] ==
                                   context[context.size() - 1 - static_cast<size_t>(length)]) {
      length += 1;
    }
    if (length >= kShortest && length > best.length) best = {place, length};
  }
  return best;
}

// -- Speculator -------------------------------------------------------------------------------------------------------

Speculator::Speculator(std::span<const TokenId> prompt, std::span<const TokenId> references, int max_tokens)
    : text_(prompt.size() + static_cast<size_t>(max_tokens)), references_(references.size()) {
  for (const TokenId token : prompt) text_.append(token);
  for (const TokenId token : references) references_.append(token);
}

std::span<const TokenId> Speculator::propose(DraftPlanner& planner, int most) {
  const DraftText::Match here = text_.find(text_.tokens());
  const DraftText::Match there = references_.find(text_.tokens());
  const bool other = there.length > here.length;
  const DraftText::Match match = other ? there : here;
  match_length_ = match.length;
  if (match.length == 0) return {};
  const auto follows = (other ? references_ : text_).tokens().subspan(match.next);
  const int length = planner.plan(match.length, std::min(most, static_cast<int>(follows.size())));
  return follows.first(static_cast<size_t>(length));
}

}  // namespace lacuna::engine
