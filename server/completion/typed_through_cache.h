/// TypedThroughCache: generated texts of one document, found again while a person types them.
///
/// A later cursor matches an entry if the document differs from the entry's only by characters inserted at its place,
/// and those are the beginning of what the model wrote there. Backspacing within them matches as well. Used by one
/// thread; bounded memory.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "server/completion/place.h"

namespace lacuna::server {

struct Suggestion {
  std::string generated{};     ///< all that the model wrote, with the document's line ends
  std::string shown{};         ///< the beginning of it that was offered; empty if nothing was
  uint32_t replace_after = 0;  ///< bytes after the place that the offer replaces
  std::string silence{};       ///< why nothing was offered; empty where something was
  double certainty = 1;        ///< of the model, 0 to 1: its tokens' mean probability in the first line
};

class TypedThroughCache {
 public:
  struct Match {
    const Suggestion* suggestion;  ///< valid until the next add()
    size_t typed;                  ///< how much of `generated` stands in the document already
    bool closers_inserted;         ///< the editor has put closers behind the cursor since
    uint32_t overtyped;            ///< bytes of closers behind the place that were typed over since
  };

  void add(const Place& place, Suggestion suggestion);
  /// The newest entry that fits a cursor at `offset` of `text`.
  std::optional<Match> find(std::string_view text, uint32_t offset) const;

 private:
  struct Entry {
    Place place;
    Suggestion suggestion;
  };
  std::deque<Entry> entries_;  ///< newest first
};

}  // namespace lacuna::server
