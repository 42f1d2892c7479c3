#include "server/lsp/repair_items.h"

#include <utility>

#include "server/lsp/decode.h"
#include "server/lsp/diagnostics.h"

namespace lacuna::server {
namespace {

constexpr char kFixAllTitle[] = "Fix all syntax errors";
constexpr int kLlmGenerated = 1;  // CodeActionTag

bool same_diagnostic(const Json& a, const Json& b) {
  return a.is_object() && a.value("range", Json()) == b["range"] && a.value("message", Json()) == b["message"];
}

}  // namespace

Json to_json(const RepairActionData& data) {
  return {{"uri", data.uri}, {"revision", data.revision}, {"error", data.error}, {"repair", data.repair}};
}

bool read(const Json& value, RepairActionData& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("uri", out.uri) && object.required("revision", out.revision) &&
         object.required("error", out.error) && object.required("repair", out.repair);
}

bool RepairItems::edits_come_later() const {
  return session_.client.resolve_edits || !session_.client.code_action_literals;
}

Json RepairItems::quick_fix(const Analysis& analysis, const QuickFix& fix) const {
  const Snapshot& snapshot = *analysis.snapshot;
  const auto error = static_cast<size_t>(fix.data.error);
  Json diagnostic = diagnostic_json(documents_, snapshot.uri, analysis.errors[error], session_.client);
  for (const Json& sent : fix.sent) {
    if (same_diagnostic(sent, diagnostic)) diagnostic = sent;
  }
  // Clients show tags as they like, or not at all: the title says it in any case.
  const std::string title = fix.by_model ? fix.repair.title + " (written by the model)" : fix.repair.title;
  Json action = {{"title", title}, {"kind", kQuickFix}, {"diagnostics", Json::array({std::move(diagnostic)})}};
  if (fix.by_model && session_.client.action_tags) action["tags"] = Json::array({kLlmGenerated});
  if (fix.preferred && session_.client.preferred_actions) action["isPreferred"] = true;
  if (edits_come_later()) {
    action["data"] = to_json(fix.data);
  } else {
    action["edit"] = workspace_edit(snapshot, fix.repair);
  }
  return as_client_knows(std::move(action));
}

Json RepairItems::fix_all(const Snapshot& snapshot, const char* kind, const syntax::Repair* all,
                          const RepairActionData& data) const {
  Json action = {{"title", kFixAllTitle}, {"kind", kind}};
  if (all != nullptr) {
    action["edit"] = workspace_edit(snapshot, *all);
  } else {
    action["data"] = to_json(data);
  }
  return as_client_knows(std::move(action));
}

/// The action itself, or the command that stands for it.
Json RepairItems::as_client_knows(Json action) const {
  if (session_.client.code_action_literals) return action;
  return {{"title", action["title"]}, {"command", kApplyCommand}, {"arguments", Json::array({action["data"]})}};
}

Json RepairItems::text_edits(const Snapshot& snapshot, const syntax::Repair& repair) const {
  Json edits = Json::array();
  for (const syntax::TextChange& change : repair.changes) {
    edits.push_back(lacuna::server::to_json(TextEdit{documents_.range_of(snapshot.uri, change.range), change.text}));
  }
  return edits;
}

Json RepairItems::workspace_edit(const Snapshot& snapshot, const syntax::Repair& repair) const {
  Json edits = text_edits(snapshot, repair);
  if (!session_.client.versioned_edits) return {{"changes", {{snapshot.uri, std::move(edits)}}}};
  const Json document = {{"uri", snapshot.uri}, {"version", snapshot.version}};
  return {{"documentChanges", Json::array({{{"textDocument", document}, {"edits", std::move(edits)}}})}};
}

}  // namespace lacuna::server
