#include "server/lsp/status_notice.h"

#include <utility>

namespace lacuna::server {
namespace {

constexpr std::chrono::milliseconds kGather{100};

}  // namespace

void StatusNotice::changed() {
  if (!ready_ || timer_ != 0) return;
  timer_ = scheduler_.start_timer(kGather, [this] {
    timer_ = 0;
    send();
  });
}

void StatusNotice::send() {
  Json now = report_.brief();
  if (now == last_) return;
  last_ = std::move(now);
  dispatcher_.notify("lacuna/status", last_);
}

}  // namespace lacuna::server
