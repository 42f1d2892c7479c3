#include "server/lsp/message_reader.h"

#include <optional>
#include <utility>

namespace lacuna::server {
namespace {

constexpr size_t kLargeBodyBytes = size_t{64} << 10;  // about a millisecond of parsing

}  // namespace

struct MessageReader::Parse {
  std::string body;
  std::optional<Result<Json>> message;
};

MessageReader::MessageReader(Scheduler& scheduler, Handlers handlers, FrameLimits limits)
    : scheduler_(scheduler), handlers_(std::move(handlers)), frames_(limits) {}

void MessageReader::feed(std::string_view bytes) {
  frames_.feed(bytes);
  pump();
}

void MessageReader::end() {
  ended_ = true;
  pump();
}

void MessageReader::pump() {
  if (pumping_) return;
  pumping_ = true;
  while (!parsing_) {
    auto frame = frames_.next();
    if (!frame) break;
    if (frame->ok()) {
      handle_body(std::move(*frame).value());
    } else if (frame->error().code == ErrorCode::exhausted) {
      handlers_.failed(frame->error());
    } else {
      handlers_.malformed(frame->error());
    }
  }
  pumping_ = false;
  if (ended_ && !parsing_) handlers_.ended(frames_.mid_frame());
}

void MessageReader::handle_body(std::string body) {
  if (body.size() < kLargeBodyBytes) {
    Result<Json> message = parse_json(body);
    return finish(std::move(message), std::move(body));
  }
  parsing_ = true;
  auto parse = std::make_shared<Parse>();
  parse->body = std::move(body);
  scheduler_.run_worker([parse] { parse->message = parse_json(parse->body); },
                        [this, parse, alive = std::weak_ptr(alive_)] {
                          if (alive.expired()) return;
                          parsing_ = false;
                          finish(std::move(*parse->message), std::move(parse->body));
                          pump();
                        });
}

void MessageReader::finish(Result<Json> message, std::string body) {
  if (message.ok()) {
    frames_.accept();
    return handlers_.message(std::move(message).value());
  }
  frames_.reject(std::move(body));
  handlers_.malformed(message.error());
}

}  // namespace lacuna::server
