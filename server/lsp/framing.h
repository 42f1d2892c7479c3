/// FrameReader: bytes of the base protocol (`Content-Length: N`, blank line, N bytes) in, bodies out. Input is hostile.
///
/// One thread. What is wrong is reported once and skipped: reading goes on at the next thing that looks like a header,
/// which cannot occur inside valid JSON, because strings hold no raw line ends. Memory stays below twice the bytes
/// received: a length that is only announced reserves nothing.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "support/result.h"

namespace lacuna::server {

struct FrameLimits {
  size_t body_bytes = size_t{64} << 20;
  size_t header_bytes = size_t{8} << 10;
  int faults_in_a_row = 1000;  ///< then the input is not our protocol, and reading stops
};

class FrameReader {
 public:
  explicit FrameReader(FrameLimits limits = {}) : limits_(limits) {}

  void feed(std::string_view bytes);

  /// The next body, or what was wrong with the input before it; nothing when more bytes are needed. Errors: corrupt
  /// (reading goes on), exhausted (too many faults in a row: reading has ended).
  std::optional<Result<std::string>> next();

  /// Tells that the last body was not JSON. If its length was a lie it holds the next frame: reading goes on from
  /// there.
  void reject(std::string body);
  /// Tells that the last body was good.
  void accept() { num_faults_ = 0; }

  /// Bytes of an unfinished frame are held: the input must not end here.
  bool mid_frame() const { return state_ != State::header || num_buffered_ > 0 || !header_.empty(); }
  size_t buffered_bytes() const { return num_buffered_ + header_.size(); }

 private:
  enum class State { header, body, noise, ended };

  struct Header {
    std::optional<size_t> length;
    std::optional<Error> fault;  ///< known only at the end of the block, since the body must be skipped
  };

  std::optional<Result<std::string>> read_header();
  std::optional<Error> finish_line();
  Result<void> read_field(std::string_view line);
  std::optional<Result<std::string>> finish_header();
  std::optional<Result<std::string>> read_body();
  void skip_noise();
  Result<std::string> fault(Error error);
  void push_front(std::string bytes);
  std::string take(size_t count);

  FrameLimits limits_;
  State state_ = State::header;
  std::deque<std::string> chunks_;  ///< received, not looked at; `front_` bytes of the first one are used up
  size_t front_ = 0;
  size_t num_buffered_ = 0;
  std::string header_;     ///< the block so far
  size_t line_begin_ = 0;  ///< of the line being read, in header_
  Header fields_;
  int num_faults_ = 0;
};

}  // namespace lacuna::server
