#include "server/lsp/outbound_queue.h"

#include <algorithm>
#include <utility>

#include "support/check.h"

namespace lacuna::server {

bool OutboundQueue::push(std::string frame, Traffic traffic) {
  if (bytes_ + frame.size() > capacity_) make_room(frame.size(), traffic);
  if (bytes_ + frame.size() > capacity_ && traffic != Traffic::reply) {
    ++num_dropped_;
    return false;
  }
  bytes_ += frame.size();
  frames_.push_back({std::move(frame), traffic});
  return true;
}

std::string OutboundQueue::pop() {
  LACUNA_CHECK(!frames_.empty());
  std::string frame = std::move(frames_.front().bytes);
  frames_.pop_front();
  bytes_ -= frame.size();
  return frame;
}

/// Drops whole classes, the cheapest first, and none as dear as the frame that wants room: within a class the older
/// ones stay, so that a client which reads again sees no gap in the middle.
void OutboundQueue::make_room(size_t needed, Traffic traffic) {
  for (const Traffic victim : {Traffic::diagnostics, Traffic::notice}) {
    if (victim >= traffic || bytes_ + needed <= capacity_) return;
    const auto kept = std::stable_partition(frames_.begin(), frames_.end(),
                                            [victim](const Frame& frame) { return frame.traffic != victim; });
    for (auto frame = kept; frame != frames_.end(); ++frame) bytes_ -= frame->bytes.size();
    num_dropped_ += static_cast<uint64_t>(frames_.end() - kept);
    frames_.erase(kept, frames_.end());
  }
}

}  // namespace lacuna::server
