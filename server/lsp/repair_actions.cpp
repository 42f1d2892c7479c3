#include "server/lsp/repair_actions.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "server/lsp/diagnostics.h"
#include "support/log.h"

namespace lacuna::server {
namespace {

constexpr char kQuickFix[] = "quickfix";
constexpr char kFixAll[] = "source.fixAll.lacuna";
constexpr char kFixAllTitle[] = "Fix all syntax errors";
constexpr size_t kMostErrors = 3;  // of one request; lines with more are rare, and nobody reads nine fixes
constexpr std::chrono::milliseconds kBudget{500};     // of all searches of one request
constexpr std::chrono::milliseconds kPatience{1500};  // then the answer is that there are none

/// Whether an action of `kind` is asked for by `requested`, which names a kind or one of its parents.
bool kind_matches(std::string_view kind, std::string_view requested) {
  return requested.empty() || kind == requested || (kind.starts_with(requested) && kind[requested.size()] == '.');
}

bool same_diagnostic(const Json& a, const Json& b) {
  return a.is_object() && a.value("range", Json()) == b["range"] && a.value("message", Json()) == b["message"];
}

/// What an unresolved action carries, so that codeAction/resolve finds its repair again.
struct ActionData {
  std::string uri;
  int64_t revision = 0;
  int64_t error = -1;  ///< -1: fix all
  int64_t repair = -1;
};

Json to_json(const ActionData& data) {
  return {{"uri", data.uri}, {"revision", data.revision}, {"error", data.error}, {"repair", data.repair}};
}

bool read(const Json& value, ActionData& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("uri", out.uri) && object.required("revision", out.revision) &&
         object.required("error", out.error) && object.required("repair", out.repair);
}

struct UnresolvedAction {
  ActionData data;
};

bool read(const Json& value, UnresolvedAction& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("data", out.data);
}

}  // namespace

/// One search of a worker, and the request that waits for it.
struct RepairActions::Search {
  AnalysisPointer analysis;
  std::vector<size_t> errors;  ///< to be searched for
  bool fix_all = false;        ///< search for that as well
  std::atomic<bool> cancelled{false};

  std::vector<std::vector<syntax::Repair>> repairs;  ///< of `errors`
  syntax::Repair all;

  std::vector<size_t> listed;  ///< errors whose quick-fixes are answered, in this order; found before or by this search
  bool offer_fix_all = false;
  const char* fix_all_kind = kFixAll;
  std::vector<Json> diagnostics;  ///< the client's
  Json resolving;                 ///< the action that the answer fills in; null for a list
  Reply reply;
  TimerId timer = 0;  ///< running while the search does

  void run() {
    const syntax::SyntaxTree& tree = *analysis->snapshot->tree;
    const std::string& text = *analysis->snapshot->text;
    const auto share = static_cast<int>(errors.size()) + (fix_all ? 1 : 0);
    const syntax::RepairOptions options{.budget = kBudget / std::max(1, share), .cancel = &cancelled};
    for (const size_t error : errors)
      repairs.push_back(syntax::find_repairs(tree, text, analysis->errors[error], options));
    if (fix_all) all = syntax::fix_all(tree, text, options);
  }

  /// On the loop, while a worker still runs.
  void give_up() {
    if (!reply.pending()) return;
    log::warning("a repair search in a text of {} bytes ran over its budget", analysis->snapshot->text->size());
    cancelled = true;
    if (resolving.is_null()) return reply.result(Json::array());
    reply.error(RpcError::request_failed, "the search for repairs took too long");
  }
};

RepairActions::RepairActions(Scheduler& scheduler, DocumentStore& documents, SyntaxAnalysis& analysis,
                             Dispatcher& dispatcher, const Session& session)
    : scheduler_(scheduler), documents_(documents), analysis_(analysis), session_(session) {
  dispatcher.on_request<CodeActionParams>(
      "textDocument/codeAction",
      [this](const CodeActionParams& params, Reply reply) { list(params, std::move(reply)); });
  dispatcher.on_request<Json>("codeAction/resolve",
                              [this](const Json& action, Reply reply) { resolve(action, std::move(reply)); });
}

RepairActions::Wanted RepairActions::wanted_kinds(const CodeActionParams& params) {
  if (!params.only) return {true, false};
  const auto wants = [&params](std::string_view kind) {
    return std::any_of(params.only->begin(), params.only->end(),
                       [kind](const std::string& requested) { return kind_matches(kind, requested); });
  };
  return {wants(kQuickFix), wants(kFixAll)};
}

void RepairActions::list(const CodeActionParams& params, Reply reply) {
  const Wanted wanted = wanted_kinds(params);
  const std::string& uri = params.text_document.uri;
  const bool able = session_.settings.repair && session_.client.code_action_literals && documents_.find(uri) != nullptr;
  if (!able || (!wanted.quick_fixes && !wanted.fix_all)) return reply.result(Json::array());
  analysis_.of(uri,
               [this, params, shared = std::make_shared<Reply>(std::move(reply))](const AnalysisPointer& analysis) {
                 if (analysis == nullptr) return shared->error(RpcError::content_modified, "the document has changed");
                 list_analysed(params, analysis, std::move(*shared));
               });
}

void RepairActions::list_analysed(const CodeActionParams& params, const AnalysisPointer& analysis, Reply reply) {
  const Wanted wanted = wanted_kinds(params);
  auto search = std::make_shared<Search>();
  search->analysis = analysis;
  search->diagnostics = params.diagnostics;
  search->reply = std::move(reply);
  if (wanted.quick_fixes) search->listed = errors_at(*analysis, params.range);
  // Among the quick-fixes it is offered beside others only, and there its edit is made when it is chosen.
  const bool beside_others = !search->listed.empty() && analysis->errors.size() > 1 && session_.client.resolve_edits;
  search->offer_fix_all = !analysis->errors.empty() && (wanted.fix_all || beside_others);
  search->fix_all_kind = wanted.fix_all ? kFixAll : kQuickFix;
  search->fix_all = search->offer_fix_all && !session_.client.resolve_edits;

  const Found& found = found_in(analysis);
  for (const size_t error : search->listed) {
    if (!found.repairs.contains(error)) search->errors.push_back(error);
  }
  start(std::move(search));
}

void RepairActions::resolve(const Json& action, Reply reply) {
  const Result<UnresolvedAction> decoded = decode<UnresolvedAction>(action);
  if (!decoded.ok()) return reply.error(decoded.error());
  const ActionData& data = decoded->data;
  const auto entry = found_.find(data.uri);
  const bool known = entry != found_.end() && static_cast<int64_t>(entry->second.revision) == data.revision &&
                     documents_.is_current(*entry->second.analysis->snapshot);
  if (!known) return reply.error(RpcError::content_modified, "the document has changed since the action was offered");

  if (data.error == -1) {
    auto search = std::make_shared<Search>();
    search->analysis = entry->second.analysis;
    search->fix_all = true;
    search->resolving = action;
    search->reply = std::move(reply);
    return start(std::move(search));
  }
  const auto repairs = entry->second.repairs.find(static_cast<size_t>(data.error));
  if (repairs == entry->second.repairs.end() || data.repair < 0 ||
      data.repair >= static_cast<int64_t>(repairs->second.size())) {
    return reply.error(RpcError::invalid_params, "data: no such repair was offered");
  }
  Json resolved = action;
  resolved["edit"] =
      workspace_edit(*entry->second.analysis->snapshot, repairs->second[static_cast<size_t>(data.repair)]);
  reply.result(std::move(resolved));
}

RepairActions::Found& RepairActions::found_in(const AnalysisPointer& analysis) {
  Found& found = found_[analysis->snapshot->uri];
  if (found.analysis != analysis) found = {analysis, next_revision_++, {}};
  return found;
}

/// The errors whose line, or whose opener's line, the range touches; those that the range itself touches come first.
std::vector<size_t> RepairActions::errors_at(const Analysis& analysis, const Range& range) const {
  const std::string& uri = analysis.snapshot->uri;
  const auto first = std::min(range.start.line, range.end.line);
  const auto last = std::max(range.start.line, range.end.line);
  const auto in_lines = [&](syntax::ByteRange where) {
    const Range lines = documents_.range_of(uri, where);
    return lines.start.line <= last && lines.end.line >= first;
  };
  const auto touched = [&](size_t error) {
    const Range where = documents_.range_of(uri, analysis.errors[error].range);
    return where.start <= range.end && range.start <= where.end;
  };
  std::vector<size_t> errors;
  for (size_t i = 0; i < analysis.errors.size(); ++i) {
    const syntax::SyntaxError& error = analysis.errors[i];
    if (in_lines(error.range) || (error.opener && in_lines(*error.opener))) errors.push_back(i);
  }
  std::stable_partition(errors.begin(), errors.end(), touched);
  if (errors.size() > kMostErrors) errors.resize(kMostErrors);
  return errors;
}

void RepairActions::start(std::shared_ptr<Search> search) {
  if (search->errors.empty() && !search->fix_all) return finish(*search);
  search->reply.on_cancel([search = std::weak_ptr(search)] {
    if (const auto running = search.lock()) running->cancelled = true;
  });
  search->timer = scheduler_.start_timer(kPatience, [weak = std::weak_ptr(search)] {
    if (const auto late = weak.lock()) late->give_up();
  });
  scheduler_.run_worker([search] { search->run(); },
                        [this, alive = std::weak_ptr(alive_), search] {
                          if (alive.expired()) return;
                          scheduler_.cancel_timer(search->timer);
                          finish(*search);
                        });
}

void RepairActions::finish(Search& search) {
  if (!search.reply.pending()) return;
  const Snapshot& snapshot = *search.analysis->snapshot;
  if (!documents_.is_current(snapshot))
    return search.reply.error(RpcError::content_modified, "the document has changed");
  Found& found = found_in(search.analysis);
  for (size_t i = 0; i < search.errors.size(); ++i) found.repairs[search.errors[i]] = std::move(search.repairs[i]);

  if (!search.resolving.is_null()) {
    search.resolving["edit"] = workspace_edit(snapshot, search.all);
    return search.reply.result(std::move(search.resolving));
  }
  Json actions = Json::array();
  for (const size_t error : search.listed) {
    const std::vector<syntax::Repair>& repairs = found.repairs[error];
    for (size_t i = 0; i < repairs.size(); ++i) actions.push_back(quick_fix(search, error, i, repairs[i]));
  }
  const bool in_vain = search.fix_all ? search.all.changes.empty() : !search.listed.empty() && actions.empty();
  if (search.offer_fix_all && !in_vain) actions.push_back(fix_all_action(search, search.fix_all_kind));
  search.reply.result(std::move(actions));
}

Json RepairActions::quick_fix(const Search& search, size_t error, size_t index, const syntax::Repair& repair) const {
  const Snapshot& snapshot = *search.analysis->snapshot;
  Json diagnostic = diagnostic_json(documents_, snapshot.uri, search.analysis->errors[error], session_.client);
  for (const Json& sent : search.diagnostics) {
    if (same_diagnostic(sent, diagnostic)) diagnostic = sent;
  }
  Json action = {{"title", repair.title}, {"kind", kQuickFix}, {"diagnostics", Json::array({std::move(diagnostic)})}};
  // One preferred action an answer: editors apply it by one key.
  if (session_.client.preferred_actions && repair.preferred && index == 0 && error == search.listed.front()) {
    action["isPreferred"] = true;
  }
  if (session_.client.resolve_edits) {
    const auto revision = static_cast<int64_t>(found_.at(snapshot.uri).revision);
    action["data"] =
        to_json(ActionData{snapshot.uri, revision, static_cast<int64_t>(error), static_cast<int64_t>(index)});
  } else {
    action["edit"] = workspace_edit(snapshot, repair);
  }
  return action;
}

Json RepairActions::fix_all_action(const Search& search, const char* kind) const {
  const Snapshot& snapshot = *search.analysis->snapshot;
  Json action = {{"title", kFixAllTitle}, {"kind", kind}};
  if (search.fix_all) {
    action["edit"] = workspace_edit(snapshot, search.all);
  } else {
    action["data"] = to_json(ActionData{snapshot.uri, static_cast<int64_t>(found_.at(snapshot.uri).revision)});
  }
  return action;
}

Json RepairActions::workspace_edit(const Snapshot& snapshot, const syntax::Repair& repair) const {
  Json edits = Json::array();
  for (const syntax::TextChange& change : repair.changes) {
    edits.push_back(lacuna::server::to_json(TextEdit{documents_.range_of(snapshot.uri, change.range), change.text}));
  }
  if (!session_.client.versioned_edits) return {{"changes", {{snapshot.uri, std::move(edits)}}}};
  const Json document = {{"uri", snapshot.uri}, {"version", snapshot.version}};
  return {{"documentChanges", Json::array({{{"textDocument", document}, {"edits", std::move(edits)}}})}};
}

}  // namespace lacuna::server
