/// OutboundQueue: frames that wait for a client that may never read. Pure; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace lacuna::server {

/// How dear a message is. Beyond the capacity cheaper ones are dropped first: diagnostics, then notices, then our own
/// requests. Replies are always kept.
enum class Traffic { diagnostics, notice, request, reply };

class OutboundQueue {
 public:
  static constexpr size_t kCapacityBytes = size_t{16} << 20;

  explicit OutboundQueue(size_t capacity = kCapacityBytes) : capacity_(capacity) {}

  /// False if this frame was dropped. Others may have been dropped to make room for it.
  bool push(std::string frame, Traffic traffic);
  bool empty() const { return frames_.empty(); }
  /// The oldest frame; there must be one.
  std::string pop();

  size_t bytes() const { return bytes_; }
  uint64_t num_dropped() const { return num_dropped_; }

 private:
  struct Frame {
    std::string bytes;
    Traffic traffic;
  };
  void make_room(size_t needed, Traffic traffic);

  size_t capacity_;
  std::deque<Frame> frames_;
  size_t bytes_ = 0;
  uint64_t num_dropped_ = 0;
};

}  // namespace lacuna::server
