#include "server/lsp/client_capabilities.h"

#include <algorithm>
#include <string_view>

namespace lacuna::server {
namespace {

constexpr std::chrono::milliseconds kLongestWait{60'000};

using JsonPath = Json::json_pointer;

const Json& at(const Json& params, const char* path) {
  static const Json kNull;
  const JsonPath pointer(path);
  return params.contains(pointer) ? params[pointer] : kNull;
}

bool flag(const Json& params, const char* path) {
  return at(params, path) == true;
}

bool contains(const Json& array, const Json& element) {
  return array.is_array() && std::find(array.begin(), array.end(), element) != array.end();
}

/// Ours is UTF-8, so the client's is taken in the order of what costs us least.
PositionEncoding choose_encoding(const Json& offered) {
  for (const auto encoding : {PositionEncoding::utf8, PositionEncoding::utf32}) {
    if (contains(offered, name_of(encoding))) return encoding;
  }
  return PositionEncoding::utf16;
}

}  // namespace

ClientCapabilities read_client_capabilities(const Json& params) {
  ClientCapabilities client;
  const Json& name = at(params, "/clientInfo/name");
  if (name.is_string()) client.name = name.get<std::string>();
  client.quirks = quirks_of(client.name);
  // Our own plugins ask sooner than the clients that they run in.
  const Json& waits = at(params, "/capabilities/experimental/lacuna/waitsMs");
  if (waits.is_number_integer() && waits >= 0 && waits <= kLongestWait.count()) {
    client.quirks.waits = std::chrono::milliseconds(waits.get<int64_t>());
  }
  const Json& process = at(params, "/processId");
  if (process.is_number_integer()) client.process_id = process.get<int64_t>();

  client.encoding = choose_encoding(at(params, "/capabilities/general/positionEncodings"));
  client.inline_completion = at(params, "/capabilities/textDocument/inlineCompletion").is_object();
  client.pull_diagnostics = at(params, "/capabilities/textDocument/diagnostic").is_object();
  client.refresh_diagnostics = flag(params, "/capabilities/workspace/diagnostics/refreshSupport");
  client.related_information =
      flag(params, client.pull_diagnostics ? "/capabilities/textDocument/diagnostic/relatedInformation"
                                           : "/capabilities/textDocument/publishDiagnostics/relatedInformation");
  client.code_actions = at(params, "/capabilities/textDocument/codeAction").is_object();
  client.code_action_literals =
      at(params, "/capabilities/textDocument/codeAction/codeActionLiteralSupport").is_object();
  client.resolve_edits =
      contains(at(params, "/capabilities/textDocument/codeAction/resolveSupport/properties"), "edit");
  client.preferred_actions = flag(params, "/capabilities/textDocument/codeAction/isPreferredSupport");
  client.action_tags = contains(at(params, "/capabilities/textDocument/codeAction/tagSupport/valueSet"), 1);
  client.apply_edit = flag(params, "/capabilities/workspace/applyEdit");
  client.versioned_edits = flag(params, "/capabilities/workspace/workspaceEdit/documentChanges");
  client.insert_as_is =
      contains(at(params, "/capabilities/textDocument/completion/completionItem/insertTextModeSupport/valueSet"), 1);
  client.will_save_wait_until = flag(params, "/capabilities/textDocument/synchronization/willSaveWaitUntil");
  client.work_done_progress = flag(params, "/capabilities/window/workDoneProgress");
  client.configuration = flag(params, "/capabilities/workspace/configuration");
  client.register_configuration = flag(params, "/capabilities/workspace/didChangeConfiguration/dynamicRegistration");
  return client;
}

}  // namespace lacuna::server
