#include "server/completion/dismissals.h"

namespace lacuna::server {
namespace {

using namespace std::chrono_literals;

constexpr auto kReadingTime = 700ms;  // from when on an offer has been seen rather than flashed up

}  // namespace

void Dismissals::offered(std::string_view text, uint32_t offset, std::string_view inserted, TimePoint now) {
  offer_ = Offer{Place(text, offset), std::string(inserted), now};
}

void Dismissals::moved_on(std::string_view text, uint32_t offset, TimePoint now) {
  if (!offer_) return;
  const auto typed = offer_->place.typed_since(text, offset);
  const std::string_view inserted = offer_->inserted;
  if (typed && inserted.starts_with(typed->text) && typed->text.size() < inserted.size()) return;  // on its way
  const bool seen = now - offer_->since >= kReadingTime;
  if (typed && typed->text.starts_with(inserted)) {
    in_row_ = 0;
  } else if (typed && seen) {
    ++in_row_;
  }
  offer_.reset();
}

}  // namespace lacuna::server
