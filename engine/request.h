/// What is asked of the engine and what it answers: plain data, and the one interface through which a caller steers
/// decoding without the engine knowing what the tokens mean.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/result.h"

namespace lacuna::engine {

using TokenId = int32_t;
using RequestId = uint64_t;

struct SamplingParameters {
  float temperature = 0;         ///< 0: greedy
  int top_k = 0;                 ///< 0: off
  float top_p = 1;               ///< 1: off
  float min_p = 0;               ///< 0: off
  float repetition_penalty = 1;  ///< 1: off
  int repetition_window = 64;    ///< last tokens that the penalty looks at
  uint64_t seed = 0;
};

/// The caller's knowledge about the text that is being generated. Called on the engine's thread between steps; each
/// call must take less than a millisecond. Texts are bytes: a token may end inside a UTF-8 character.
class Constraint {
 public:
  virtual ~Constraint() = default;
  /// May `piece` follow `generated`? Tokens that are refused are never sampled.
  virtual bool accepts(std::string_view generated, std::string_view piece) = 0;
  /// The text that must come next, as far as it is known: a token that accepts() lets pass is a beginning of it or
  /// begins with it. Empty: nothing is known. It narrows what has to be computed and changes nothing else.
  virtual std::string_view forced(std::string_view generated) {
    (void)generated;
    return {};
  }
  /// Is `generated` complete? Asked after every token; true ends the request with FinishReason::constraint.
  virtual bool complete(std::string_view generated) = 0;
};

/// Smaller runs first. Interactive work is never delayed by the others for more than a step.
enum class Priority : uint8_t { interactive, next, warm_up };

struct Request {
  RequestId id = 0;  ///< unique among the requests in flight; chosen by the caller
  std::vector<TokenId> prompt;
  int max_tokens = 64;  ///< 0: only fill the cache (warm-up)
  /// Of the prompt's last tokens the log-probabilities are wanted (Update::prompt_log_probabilities). Fewer than the
  /// prompt has; max_tokens must be 0.
  int scored_tokens = 0;
  SamplingParameters sampling{};
  std::vector<TokenId> stop_tokens{};  ///< the model's end-of-text tokens are added
  bool ignore_end_tokens = false;      ///< of the model: they are text like any other. For measurements
  std::shared_ptr<Constraint> constraint{};
  Priority priority = Priority::interactive;
  /// Update::log_probability may be an estimate (within about 0.05, or of the tokens that the constraint's forced()
  /// leaves). Then greedy decoding finds the same tokens with about half of the output head's work.
  bool estimate_probabilities = false;
  /// Guess greedy answers from text that is there: the prompt, earlier answers and `references`. The same tokens come,
  /// sooner.
  bool speculate = true;
  std::shared_ptr<const std::vector<TokenId>> references{};  ///< texts that the answer may repeat parts of
};

enum class FinishReason { stop_token, length, constraint, cancelled, failed };

constexpr const char* name_of(FinishReason reason) {
  constexpr const char* names[] = {"stop_token", "length", "constraint", "cancelled", "failed"};
  return names[static_cast<int>(reason)];
}

struct RequestStatistics {
  int prompt_tokens = 0;
  int cached_tokens = 0;     ///< of the prompt, taken from the prefix cache
  int evaluated_tokens = 0;  ///< of the prompt, computed
  int generated_tokens = 0;
  int guessed_tokens = 0;   ///< tried by speculation
  int accepted_tokens = 0;  ///< of these, the right ones
  double queue_ms = 0;
  double prompt_ms = 0;  ///< from the first step to the first token
  double decode_ms = 0;
};

/// One token, or the end, of one request. The last update of a request has `finished` set, exactly once.
struct Update {
  RequestId id = 0;
  TokenId token = -1;         ///< -1: none with this update; a stop token is not delivered
  std::string piece;          ///< the token's bytes
  float log_probability = 0;  ///< of the token under the unmodified distribution
  bool finished = false;
  FinishReason reason = FinishReason::stop_token;
  Error error{};  ///< set where reason is failed
  /// With the last update of a request with scored_tokens, unless it failed or was cancelled: one for each, in the
  /// order of the prompt.
  std::vector<float> prompt_log_probabilities{};
  RequestStatistics statistics;  ///< of the tokens so far; the times are set where finished
};

/// Called on the engine's thread; must return quickly and must not call the engine.
using UpdateCallback = std::function<void(const Update&)>;

}  // namespace lacuna::engine
