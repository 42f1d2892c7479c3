/// What the client on the other side can do, from the parameters of `initialize`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/lsp/client_quirks.h"
#include "server/lsp/json.h"
#include "server/lsp/line_index.h"

namespace lacuna::server {

struct ClientCapabilities {
  std::string name;                                     ///< clientInfo.name
  ClientQuirks quirks;                                  ///< by its name, and what it tells of itself
  std::optional<int64_t> process_id;                    ///< whose death ends us
  PositionEncoding encoding = PositionEncoding::utf16;  ///< the one that we choose of those offered
  bool inline_completion = false;
  bool pull_diagnostics = false;
  bool refresh_diagnostics = false;  ///< workspace/diagnostic/refresh
  bool related_information = false;
  bool code_actions = false;
  bool code_action_literals = false;  ///< else only commands can be offered
  bool resolve_edits = false;         ///< codeAction/resolve may fill in `edit`
  bool preferred_actions = false;
  bool action_tags = false;      ///< CodeAction.tags, with LLMGenerated
  bool apply_edit = false;       ///< workspace/applyEdit
  bool versioned_edits = false;  ///< WorkspaceEdit.documentChanges
  bool insert_as_is = false;     ///< CompletionItem.insertTextMode 1
  bool will_save_wait_until = false;
  bool work_done_progress = false;
  bool configuration = false;           ///< workspace/configuration
  bool register_configuration = false;  ///< dynamic registration of workspace/didChangeConfiguration
};

/// Lenient: what is missing or has a wrong type is a capability that the client lacks.
ClientCapabilities read_client_capabilities(const Json& initialize_params);

}  // namespace lacuna::server
