/// Outbox: where outgoing messages go. The program's one frames them onto stdout; a test's one keeps them.
#pragma once

#include "server/lsp/json.h"
#include "server/lsp/outbound_queue.h"

namespace lacuna::server {

class Outbox {
 public:
  virtual ~Outbox() = default;
  virtual void send(const Json& message, Traffic traffic) = 0;
};

}  // namespace lacuna::server
