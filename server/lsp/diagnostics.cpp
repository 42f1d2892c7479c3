#include "server/lsp/diagnostics.h"

#include <fmt/format.h>

#include <functional>
#include <utility>

namespace lacuna::server {
namespace {

constexpr std::chrono::milliseconds kTypingPause{300};
constexpr int kSeverityError = 1;

/// Equal items have equal ids, so that an edit that moves no error leaves the client's list alone.
std::string result_id(const Json& items) {
  return fmt::format("{:016x}", std::hash<std::string>()(dump_json(items)));
}

Json full_report(Json items, std::string id) {
  return {{"kind", "full"}, {"resultId", std::move(id)}, {"items", std::move(items)}};
}

}  // namespace

Json diagnostic_json(const DocumentStore& documents, const std::string& uri, const syntax::SyntaxError& error,
                     const ClientCapabilities& client) {
  Json diagnostic = {{"range", to_json(documents.range_of(uri, error.range))},
                     {"severity", kSeverityError},
                     {"code", "syntax-error"},
                     {"source", "lacuna"},
                     {"message", error.message}};
  if (error.opener && client.related_information) {
    const Json location = {{"uri", uri}, {"range", to_json(documents.range_of(uri, *error.opener))}};
    diagnostic["relatedInformation"] = Json::array({{{"location", location}, {"message", "opened here"}}});
  }
  return diagnostic;
}

Diagnostics::Diagnostics(Scheduler& scheduler, DocumentStore& documents, SyntaxAnalysis& analysis,
                         Dispatcher& dispatcher, const Session& session)
    : scheduler_(scheduler), documents_(documents), analysis_(analysis), dispatcher_(dispatcher), session_(session) {
  dispatcher_.on_request<DocumentParams>(
      "textDocument/diagnostic", [this](const DocumentParams& params, Reply reply) { pull(params, std::move(reply)); });
}

Diagnostics::~Diagnostics() {
  for (auto& [uri, document] : open_) scheduler_.cancel_timer(document.timer);
}

void Diagnostics::opened(const std::string& uri) {
  open_[uri];
  settle(uri);
}

void Diagnostics::changed(const std::string& uri, bool whole) {
  Document& document = open_[uri];
  scheduler_.cancel_timer(std::exchange(document.timer, 0));
  if (whole) return settle(uri);
  document.timer = scheduler_.start_timer(kTypingPause, [this, uri] {
    open_[uri].timer = 0;
    settle(uri);
  });
}

void Diagnostics::closed(const std::string& uri) {
  auto node = open_.extract(uri);
  if (node.empty()) return;
  scheduler_.cancel_timer(node.mapped().timer);
  for (Pull& pull : node.mapped().pulls) pull.reply.error(RpcError::content_modified, "the document was closed");
  if (!session_.client.pull_diagnostics) {
    dispatcher_.notify("textDocument/publishDiagnostics", {{"uri", uri}, {"diagnostics", Json::array()}},
                       Traffic::diagnostics);
  }
}

void Diagnostics::refresh() {
  if (session_.client.pull_diagnostics) {
    if (session_.client.refresh_diagnostics) {
      dispatcher_.request("workspace/diagnostic/refresh", nullptr, [](const Json&, const Json*) {});
    }
    return;
  }
  for (const auto& [uri, document] : open_) {
    if (document.timer == 0) settle(uri);
  }
}

void Diagnostics::pull(const DocumentParams& params, Reply reply) {
  const std::string& uri = params.text_document.uri;
  const auto found = open_.find(uri);
  if (found == open_.end()) return reply.result(full_report(Json::array(), result_id(Json::array())));
  found->second.pulls.push_back({params.previous_result_id.value_or(""), std::move(reply)});
  if (found->second.timer == 0) settle(uri);
}

/// A change that comes before the analysis is done settles the document anew, so a missing analysis needs no answer.
void Diagnostics::settle(const std::string& uri) {
  analysis_.of(uri, [this](const AnalysisPointer& analysis) {
    if (analysis != nullptr) deliver(*analysis);
  });
}

void Diagnostics::deliver(const Analysis& analysis) {
  const std::string& uri = analysis.snapshot->uri;
  const auto found = open_.find(uri);
  if (found == open_.end()) return;
  Json items = Json::array();
  if (session_.settings.diagnostics) {
    for (const auto& error : analysis.errors) items.push_back(diagnostic_json(documents_, uri, error, session_.client));
  }
  const std::string id = result_id(items);
  for (Pull& pull : std::exchange(found->second.pulls, {})) {
    pull.reply.result(pull.previous_result_id == id ? Json{{"kind", "unchanged"}, {"resultId", id}}
                                                    : full_report(items, id));
  }
  if (!session_.client.pull_diagnostics) publish(uri, analysis.snapshot->version, std::move(items));
}

void Diagnostics::publish(const std::string& uri, int64_t version, Json items) {
  dispatcher_.notify("textDocument/publishDiagnostics",
                     {{"uri", uri}, {"version", version}, {"diagnostics", std::move(items)}}, Traffic::diagnostics);
}

}  // namespace lacuna::server
