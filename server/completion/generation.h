/// Generation: one engine request of a document while its text arrives.
///
/// It belongs to the document, not to the query that began it: a later query whose text is what the model predicts joins it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/request.h"
#include "server/completion/place.h"
#include "server/completion/text_hygiene.h"

namespace lacuna::server {

struct Generation {
  engine::RequestId request = 0;
  Place place;
  std::string line_end;  ///< of the document
  size_t forced = 0;     ///< bytes before the place that the model repeats first
  std::string raw{};     ///< all that has arrived
  /// Written for the place so far, with the document's line ends.
  std::string text() const {
    return with_line_ends(std::string_view(raw).substr(std::min(forced, raw.size())), line_end);
  }

  /// The number of characters typed at the place since, if they agree with what has arrived.
  std::optional<size_t> typed(std::string_view document, uint32_t offset) const {
    const auto since = place.typed_since(document, offset);
    if (!since) return std::nullopt;
    const std::string written = text();
    const bool agrees = written.starts_with(since->text) || since->text.starts_with(written);
    return agrees ? std::optional(since->text.size()) : std::nullopt;
  }
};

}  // namespace lacuna::server
