/// Settings: what a user may choose, read from `initializationOptions` and from the editor's configuration section
/// "lacuna".
///
/// Both have one schema. What chooses a model or costs the machine is taken from `initializationOptions` only, which
/// the editor's own configuration makes; a workspace's files can reach the configuration section, and must not start
/// anything.
#pragma once

#include <string>
#include <vector>

#include "server/completion/completion_service.h"
#include "server/lsp/json.h"

namespace lacuna::server {

/// Whether completions are also offered in the completion list of `textDocument/completion`.
enum class CompletionList { automatic, always, never };  ///< automatic: for clients without inline completion

struct Settings {
  CompletionSettings completion;
  CompletionList completion_list = CompletionList::automatic;
  bool diagnostics = true;
  bool repair = true;
  bool repair_with_model = true;
  bool fix_all_on_save = false;
  bool status_notifications = false;  ///< the client wants `lacuna/status`
  bool safe_mode = false;             ///< no model is loaded: for an editor whose server has crashed repeatedly
  std::string model;                  ///< empty: the command line's
  int num_threads = -1;               ///< -1: the command line's
  std::string isa;                    ///< empty: the command line's
};

enum class SettingsSource {
  initialization,  ///< chosen by the user or the editor: everything counts
  workspace,       ///< may come from the files being edited: "model", "threads", "isa" and "safeMode" are ignored
};

struct SettingsReading {
  Settings settings;
  std::vector<std::string> warnings;  ///< "completion.maxLines: expected an integer from 1 to 1000; using 3"
};

/// `base` with what `value` (an object, or null) sets. A wrong value is warned about and leaves the one of `base`.
SettingsReading read_settings(const Json& value, const Settings& base, SettingsSource source);

}  // namespace lacuna::server
