#include "server/completion/place.h"

#include <algorithm>

namespace lacuna::server {

namespace {

constexpr size_t kNearBytes = 4096;
constexpr size_t kMaxInsertedClosers = 4;
constexpr std::string_view kClosers = ")]}>\"'`;";

}  // namespace

Place::Place(std::string_view text, uint32_t offset)
    : before_bytes_(offset),
      after_bytes_(text.size() - offset),
      before_(text.substr(offset - std::min<size_t>(offset, kNearBytes), std::min<size_t>(offset, kNearBytes))),
      after_(text.substr(offset, kNearBytes)) {}

std::optional<Place::Typed> Place::typed_since(std::string_view text, uint32_t offset) const {
  if (offset < before_bytes_ || offset > text.size()) return std::nullopt;
  std::string_view after = text.substr(offset);
  if (after.size() < after_bytes_ || after.size() > after_bytes_ + kMaxInsertedClosers) return std::nullopt;
  const size_t inserted = after.size() - after_bytes_;
  if (after.substr(0, inserted).find_first_not_of(kClosers) != std::string_view::npos) return std::nullopt;
  after.remove_prefix(inserted);
  if (!after.starts_with(after_) || !text.substr(0, before_bytes_).ends_with(before_)) return std::nullopt;
  return Typed{text.substr(before_bytes_, offset - before_bytes_), inserted > 0};
}

}  // namespace lacuna::server
