/// Generation: one engine request of a document while its text arrives.
///
/// It belongs to the document, not to the query that began it: a later query whose text is what the model predicts
/// joins it. Loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/request.h"
#include "server/completion/place.h"

namespace lacuna::server {

struct WrittenToken {
  engine::TokenId token = 0;
  std::string piece{};
  float log_probability = 0;
};

struct Generation {
  engine::RequestId request = 0;
  Place place;
  std::string line_end;                                 ///< of the document
  std::vector<engine::TokenId> prompt{};                ///< what the engine was given
  size_t forced = 0;                                    ///< bytes before the place that the model repeats first
  std::vector<WrittenToken> tokens{};                   ///< all that has arrived
  float end_log_probability = 0;                        ///< of the token that ended it, where one did
  std::chrono::steady_clock::time_point first_token{};  ///< when it arrived

  /// The model has written again what it was forced to.
  bool healed() const;
  /// Written for the place so far, with the document's line ends.
  std::string text() const;
  /// The number of bytes typed at the place since, if they agree with what has arrived.
  std::optional<size_t> typed(std::string_view document, uint32_t offset) const;
  /// Of the first line that has something on it, with its end.
  double line_log_probability() const;
  /// The geometric mean of its tokens' probabilities; 1 where nothing was written.
  double line_certainty() const;
};

/// Another way on from a generation: its first tokens, and then not what it wrote there.
struct Branch {
  size_t kept = 0;        ///< tokens
  std::string forced{};   ///< what they leave of the text that the model must write again
  std::string head{};     ///< their text behind that
  std::string avoided{};  ///< what the generation wrote after them
};

/// Branches at the least certain tokens of the generation's first line, the least certain first.
std::vector<Branch> branches_of(const Generation& generation, size_t max_branches);

}  // namespace lacuna::server
