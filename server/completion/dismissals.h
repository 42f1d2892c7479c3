/// Dismissals: how often in a row a person has looked at an offer in a document and then written something else.
///
/// An offer that was on the screen too shortly to be read says nothing, and neither does a cursor that moves elsewhere.
/// Taking one, at once or by typing it, makes up for all that were not taken. Loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/completion/place.h"

namespace lacuna::server {

class Dismissals {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// `inserted` is offered at `offset` of `text`; the offer before it is forgotten.
  void offered(std::string_view text, uint32_t offset, std::string_view inserted, TimePoint now);
  /// The document is `text` now, with the cursor at `offset`.
  void moved_on(std::string_view text, uint32_t offset, TimePoint now);

  /// So many were dismissed that only what the model is sure of should be offered unasked.
  bool backs_off() const { return in_row_ >= kMany; }

 private:
  static constexpr int kMany = 3;

  struct Offer {
    Place place;
    std::string inserted;
    TimePoint since;
  };
  std::optional<Offer> offer_;
  int in_row_ = 0;
};

}  // namespace lacuna::server
