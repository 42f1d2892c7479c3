/// Session: what all features of the language server look at: the client and the user's choices. Owned by
/// LanguageServer.
#pragma once

#include "server/lsp/client_capabilities.h"
#include "server/lsp/settings.h"

namespace lacuna::server {

struct Session {
  ClientCapabilities client;
  Settings settings;
};

}  // namespace lacuna::server
