#include "server/completion/typed_through_cache.h"

#include <utility>

namespace lacuna::server {

namespace {

constexpr size_t kMaxEntries = 16;

}  // namespace

void TypedThroughCache::add(const Place& place, Suggestion suggestion) {
  entries_.push_front({place, std::move(suggestion)});
  if (entries_.size() > kMaxEntries) entries_.pop_back();
}

std::optional<TypedThroughCache::Match> TypedThroughCache::find(std::string_view text, uint32_t offset) const {
  for (const Entry& entry : entries_) {
    const auto typed = entry.place.typed_since(text, offset);
    if (typed && std::string_view(entry.suggestion.generated).starts_with(typed->text)) {
      return Match{&entry.suggestion, typed->text.size(), typed->closers_inserted, typed->overtyped};
    }
  }
  return std::nullopt;
}

}  // namespace lacuna::server
