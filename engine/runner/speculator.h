/// Speculator: guesses a request's next tokens from text that is there already.
///
/// Code repeats itself: where the last tokens have occurred before (in the prompt, in what was generated, in texts that
/// the request names, in earlier answers), what followed them there is a good guess ("prompt lookup", Saxena 2023). The
/// guesses are computed together with the token that is due, and only those that the model would have chosen are kept,
/// so the answer is the same (Leviathan, Kalman and Matias 2023) and only its time differs.
///
/// A guess is worth the time that a longer batch takes only if it is often right. Both are measured: how often guesses
/// were right, by the length of the match; and how long batches of each length took. Engine thread only.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/request.h"

namespace lacuna::engine {

/// What guesses are worth: how often they were right, by the length of the match that they followed, and what batches
/// of 1 to kMost + 1 rows cost. It outlives requests, which are short.
class DraftPlanner {
 public:
  static constexpr int kMost = 7;

  /// The time of a step of so many rows that decoded one sequence.
  void note_step(int num_rows, double seconds);
  /// Of `num_tried` guesses behind a match of so many tokens the first `num_right` were right.
  void note_guesses(int match_length, int num_tried, int num_right);
  /// How many guesses to try behind such a match, at most `most`; 0: none pays.
  int plan(int match_length, int most);
  /// The same where the chance of each to be right, if those before it were, is `chance`.
  int best_length(double chance, int most) const;
  /// Of a batch of so many rows, relative to one of one row.
  double relative_cost(int num_rows) const;

 private:
  /// Running sums, of which the older are worth less.
  struct Record {
    double right = kFirstChance;
    double tried = 1;
  };
  static constexpr double kFirstChance = 0.7;  // before anything is known

  Record& record_of(int match_length);

  std::array<Record, 4> records_{};
  std::array<double, kMost + 2> seconds_{};  // by rows; a running mean; 0: not measured
};

/// An index of one text that grows at its end: for each place the place before it with the same last tokens. Different
/// tokens may share a list, as the match itself is compared. Nothing is allocated up to the capacity.
class DraftText {
 public:
  /// The last kLongest tokens at most have to match, kShortest at least.
  static constexpr int kShortest = 2;
  static constexpr int kLongest = 12;

  struct Match {
    size_t next = 0;  ///< where what followed begins
    int length = 0;   ///< how many tokens match; 0: none
  };

  explicit DraftText(size_t capacity);

  void append(TokenId token);
  std::span<const TokenId> tokens() const { return tokens_; }
  /// The latest place of the longest match of the end of `context`, which is not the end of this text itself.
  Match find(std::span<const TokenId> context) const;

 private:
  std::vector<TokenId> tokens_;
  std::vector<int32_t> previous_;  // by place: the next one of its list, or -1
  std::vector<int32_t> last_end_;  // by hash of kShortest tokens: where such tokens ended last, or -1
};

class Speculator {
 public:
  /// `references`: texts beside the prompt that the answer, of at most `max_tokens`, may repeat.
  Speculator(std::span<const TokenId> prompt, std::span<const TokenId> references, int max_tokens);

  /// At most `most` guesses of what follows, valid until the next call. None where they would not pay.
  std::span<const TokenId> propose(DraftPlanner& planner, int most);
  /// Of the last proposal.
  int match_length() const { return match_length_; }
  /// The answer has grown.
  void append(TokenId token) { text_.append(token); }

 private:
  DraftText text_;  // the prompt and the answer
  DraftText references_;
  int match_length_ = 0;
};

}  // namespace lacuna::engine
