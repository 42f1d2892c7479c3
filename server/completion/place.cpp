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
  if (!text.substr(0, before_bytes_).ends_with(before_)) return std::nullopt;
  const std::string_view typed = text.substr(before_bytes_, offset - before_bytes_);
  std::string_view after = text.substr(offset);
  if (after.size() < after_bytes_) return typed_over(typed, after);
  const size_t inserted = after.size() - after_bytes_;
  if (inserted > kMaxInsertedClosers) return std::nullopt;
  if (after.substr(0, inserted).find_first_not_of(kClosers) != std::string_view::npos) return std::nullopt;
  after.remove_prefix(inserted);
  if (!after.starts_with(after_)) return std::nullopt;
  return Typed{typed, inserted > 0, 0};
}

/// The closers that are missing behind the cursor must be what was typed last.
std::optional<Place::Typed> Place::typed_over(std::string_view typed, std::string_view after) const {
  const size_t missing = after_bytes_ - after.size();
  if (missing > kMaxInsertedClosers || missing > after_.size()) return std::nullopt;
  const std::string_view closers = std::string_view(after_).substr(0, missing);
  if (closers.find_first_not_of(kClosers) != std::string_view::npos || !typed.ends_with(closers)) return std::nullopt;
  if (!after.starts_with(std::string_view(after_).substr(missing))) return std::nullopt;
  return Typed{typed, false, static_cast<uint32_t>(missing)};
}

}  // namespace lacuna::server
