/// The process's stdin and stdout as a source and a sink of bytes on the loop. Neither ever blocks it.
///
/// Loop thread only. Pipes, sockets and terminals are libuv streams; regular files and devices are read and written
/// through libuv's thread pool, since they cannot be polled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "server/event_loop.h"
#include "server/lsp/outbound_queue.h"
#include "support/result.h"

namespace lacuna::server {

/// Descriptors that only the protocol holds.
struct ProtocolDescriptors {
  int input = -1;
  int output = -1;
};

/// Takes stdin and stdout away from the rest of the process: descriptor 0 becomes /dev/null and descriptor 1 a second
/// stderr, so that no stray print of any library can damage a frame. Also keeps a stderr that nobody reads from
/// blocking us, and ignores SIGPIPE. Call once.
Result<ProtocolDescriptors> claim_standard_streams();

class InputStream {
 public:
  using OnBytes = std::function<void(std::string_view)>;
  using OnEnd = std::function<void()>;  ///< end of the input, or a read error

  /// Begins to read. Takes the descriptor over.
  static Result<std::unique_ptr<InputStream>> open(EventLoop& loop, int descriptor, OnBytes on_bytes, OnEnd on_end);
  virtual ~InputStream() = default;
};

/// Writes frames in order, as fast as the other side takes them; an OutboundQueue holds the rest.
class OutputStream {
 public:
  /// `on_failure` is called once, when the other side is gone. Takes the descriptor over.
  static Result<std::unique_ptr<OutputStream>> open(EventLoop& loop, int descriptor, std::function<void()> on_failure,
                                                    size_t capacity = OutboundQueue::kCapacityBytes);
  virtual ~OutputStream() = default;

  /// False if the frame was dropped.
  virtual bool write(std::string frame, Traffic traffic) = 0;
  virtual size_t queued_bytes() const = 0;
  virtual uint64_t num_dropped() const = 0;
  /// Calls `done` when everything that is queued now has been written, or can no longer be.
  virtual void when_drained(std::function<void()> done) = 0;
};

}  // namespace lacuna::server
