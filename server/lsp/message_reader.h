/// MessageReader: received bytes in, JSON messages out, in order. Large bodies are parsed on a worker while the loop
/// goes on.
///
/// Loop thread only. Handlers run from within feed(), end(), or a later turn of the loop; the reader must outlive them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "server/lsp/framing.h"
#include "server/lsp/json.h"
#include "server/scheduler.h"

namespace lacuna::server {

class MessageReader {
 public:
  struct Handlers {
    std::function<void(Json)> message;
    std::function<void(const Error&)> malformed;  ///< a frame was skipped; reading goes on
    std::function<void(const Error&)> failed;     ///< the input is not our protocol; nothing is read any more
    std::function<void(bool mid_frame)> ended;    ///< the input is over, and everything before its end was handed out
  };

  MessageReader(Scheduler& scheduler, Handlers handlers, FrameLimits limits = {});

  void feed(std::string_view bytes);
  void end();

 private:
  struct Parse;
  void pump();
  void handle_body(std::string body);
  void finish(Result<Json> message, std::string body);

  Scheduler& scheduler_;
  Handlers handlers_;
  FrameReader frames_;
  bool parsing_ = false;  ///< a worker has a body: the bytes after it wait
  bool pumping_ = false;
  bool ended_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lacuna::server
