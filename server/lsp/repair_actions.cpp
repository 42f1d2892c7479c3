#include "server/lsp/repair_actions.h"

#include <algorithm>
#include <utility>

#include "support/log.h"

namespace lacuna::server {
namespace {

constexpr size_t kMostErrors = 3;  // of one request; lines with more are rare, and nobody reads nine fixes
constexpr std::chrono::milliseconds kPatience{1500};      // then the answer is that there are none
constexpr std::chrono::milliseconds kSavePatience{1000};  // editors give a save about 1.5 s
constexpr std::chrono::milliseconds kRest{1000};          // without a change: nobody is typing
constexpr size_t kFewErrors = 3;  // with more the first one is not likely to be what is looked at
constexpr int64_t kSavedByHand = 1;

/// Whether an action of `kind` is asked for by `requested`, which names a kind or one of its parents.
bool kind_matches(std::string_view kind, std::string_view requested) {
  return requested.empty() || kind == requested || (kind.starts_with(requested) && kind[requested.size()] == '.');
}

}  // namespace

/// One search of a worker, and the request that waits for it.
struct RepairActions::Search : RepairTask {
  std::vector<size_t> listed;  ///< errors whose quick-fixes are answered, in this order; found before or by this search
  bool offer_fix_all = false;
  const char* fix_all_kind = kFixAll;
  std::vector<Json> diagnostics;  ///< the client's
  EditCallback deliver;           ///< takes the edit of `all`; null for a list
  bool before_save = false;       ///< the answer is the edits of fix-all, and empty rather than an error
  Reply reply;
  TimerId timer = 0;  ///< running while the search does

  /// On the loop, while a worker still runs.
  void give_up() {
    if (!reply.pending()) return;
    log::warning("a repair search in a text of {} bytes ran over its budget", analysis->snapshot->text->size());
    cancelled = true;
    if (!deliver) return reply.result(Json::array());
    reply.error(RpcError::request_failed, "the search for repairs took too long");
  }
};

RepairActions::RepairActions(Scheduler& scheduler, DocumentStore& documents, SyntaxAnalysis& analysis,
                             Dispatcher& dispatcher, const Session& session, TokenSource& model)
    : scheduler_(scheduler),
      documents_(documents),
      analysis_(analysis),
      dispatcher_(dispatcher),
      session_(session),
      items_(documents, session),
      found_(model, [&scheduler](auto work, auto done) { scheduler.run_worker(std::move(work), std::move(done)); }) {
  dispatcher.on_request<CodeActionParams>(
      "textDocument/codeAction",
      [this](const CodeActionParams& params, Reply reply) { list(params, std::move(reply)); });
  dispatcher.on_request<Json>("codeAction/resolve",
                              [this](const Json& action, Reply reply) { resolve(action, std::move(reply)); });
  dispatcher.on_request<WillSaveParams>(
      "textDocument/willSaveWaitUntil",
      [this](const WillSaveParams& params, Reply reply) { before_save(params, std::move(reply)); });
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
  const bool shown = session_.client.code_action_literals || session_.client.apply_edit;
  const bool able = session_.settings.repair && shown && documents_.find(uri) != nullptr;
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
  if (wanted.quick_fixes) {
    const std::string& uri = analysis->snapshot->uri;
    const uint32_t start = documents_.offset_of(uri, params.range.start);
    const uint32_t end = documents_.offset_of(uri, params.range.end);
    search->listed = syntax::errors_on_lines(analysis->errors, *analysis->snapshot->text,
                                             {std::min(start, end), std::max(start, end)}, kMostErrors);
  }
  // Among the quick-fixes it is offered beside others only, and there its edit is made when it is chosen.
  const bool beside_others = !search->listed.empty() && analysis->errors.size() > 1 && items_.edits_come_later();
  search->offer_fix_all = !analysis->errors.empty() && (wanted.fix_all || beside_others);
  search->fix_all_kind = wanted.fix_all ? kFixAll : kQuickFix;
  search->fix_all = search->offer_fix_all && !items_.edits_come_later();

  const FoundRepairs::Text& found = found_.of(analysis);
  if (found.grammar_errs) return search->reply.result(Json::array());
  search->holes = session_.settings.repair_with_model && found_.model_available();
  search->doubt = analysis->snapshot->as_opened && !analysis->errors.empty() && !found.tried_all;
  for (const size_t error : search->listed) {
    const auto known = found.errors.find(error);
    const bool complete = known != found.errors.end() && (!search->holes || known->second.knows_holes());
    if (!complete) search->errors.push_back(error);
  }
  start(std::move(search));
}

void RepairActions::resolve(const Json& action, Reply reply) {
  const Json& data = action.is_object() && action.contains("data") ? action["data"] : Json();
  const Result<RepairActionData> decoded = decode<RepairActionData>(data);
  if (!decoded.ok()) return reply.error(decoded.error());
  provide_edit(
      *decoded,
      [action](Json edit, Reply& answer) {
        Json resolved = action;
        resolved["edit"] = std::move(edit);
        answer.result(std::move(resolved));
      },
      std::move(reply));
}

void RepairActions::apply(const std::vector<Json>& arguments, Reply reply) {
  const Result<RepairActionData> decoded = decode<RepairActionData>(arguments.empty() ? Json() : arguments.front());
  if (!decoded.ok()) return reply.error(decoded.error());
  provide_edit(
      *decoded,
      [this](Json edit, Reply& answer) {
        // The client says whether it made the edit; nothing here hangs on it, since every edit comes back as a change.
        dispatcher_.request("workspace/applyEdit", {{"label", "Lacuna repair"}, {"edit", std::move(edit)}},
                            [](const Json&, const Json*) {});
        answer.result(nullptr);
      },
      std::move(reply));
}

void RepairActions::provide_edit(const RepairActionData& data, EditCallback callback, Reply reply) {
  const FoundRepairs::Text* found = found_.find(data.uri, static_cast<uint64_t>(data.revision));
  if (found == nullptr || !documents_.is_current(*found->analysis->snapshot))
    return reply.error(RpcError::content_modified, "the document has changed since the action was offered");

  if (data.error == -1) {
    auto search = std::make_shared<Search>();
    search->analysis = found->analysis;
    search->fix_all = true;
    search->deliver = std::move(callback);
    search->reply = std::move(reply);
    return start(std::move(search));
  }
  const auto error = found->errors.find(static_cast<size_t>(data.error));
  const syntax::Repair* repair =
      error == found->errors.end() ? nullptr : error->second.find(static_cast<size_t>(data.repair));
  if (repair == nullptr) return reply.error(RpcError::invalid_params, "data: no such repair was offered");
  callback(items_.workspace_edit(*found->analysis->snapshot, *repair), reply);
}

void RepairActions::before_save(const WillSaveParams& params, Reply reply) {
  const bool wanted = session_.settings.repair && session_.settings.fix_all_on_save && params.reason == kSavedByHand;
  const std::string& uri = params.text_document.uri;
  if (!wanted || documents_.find(uri) == nullptr) return reply.result(Json::array());
  analysis_.of(uri, [this, shared = std::make_shared<Reply>(std::move(reply))](const AnalysisPointer& analysis) {
    const bool mendable = analysis != nullptr && !analysis->errors.empty() && !found_.of(analysis).grammar_errs;
    if (!mendable) return shared->result(Json::array());
    auto search = std::make_shared<Search>();
    search->analysis = analysis;
    search->fix_all = true;
    search->before_save = true;
    search->reply = std::move(*shared);
    start(std::move(search));
  });
}

void RepairActions::changed(const std::string& uri) {
  found_.changed(uri);
  scheduler_.cancel_timer(rest_timer_);
  rest_timer_ = scheduler_.start_timer(kRest, [this, alive = std::weak_ptr(alive_), uri] {
    if (!alive.expired()) look_ahead(uri);
  });
}

void RepairActions::look_ahead(const std::string& uri) {
  const Settings& settings = session_.settings;
  if (!settings.repair || !settings.repair_with_model || !found_.model_available()) return;
  if (documents_.find(uri) == nullptr) return;
  analysis_.of(uri, [this](const AnalysisPointer& analysis) {
    if (analysis == nullptr || analysis->errors.empty() || analysis->errors.size() > kFewErrors) return;
    auto task = std::make_shared<RepairTask>();
    task->analysis = analysis;
    task->errors = {0};
    task->holes = true;
    scheduler_.run_worker([task] { task->run(); },
                          [this, alive = std::weak_ptr(alive_), task] {
                            if (alive.expired() || !documents_.is_current(*task->analysis->snapshot)) return;
                            keep(*task);
                            found_.ask_model(task->analysis, task->errors.front());
                          });
  });
}

/// The numbers of repairs that were listed before stay.
void RepairActions::keep(RepairTask& task) {
  FoundRepairs::Text& found = found_.of(task.analysis);
  for (size_t i = 0; i < task.errors.size(); ++i) {
    const auto [known, is_new] = found.errors.try_emplace(task.errors[i], task.repairs[i]);
    if (!is_new && task.holes) known->second.take_holes(task.repairs[i]);
  }
}

void RepairActions::start(std::shared_ptr<Search> search) {
  if (search->errors.empty() && !search->fix_all && !search->doubt) return finish(*search);
  search->reply.on_cancel([search = std::weak_ptr(search)] {
    if (const auto running = search.lock()) running->cancelled = true;
  });
  search->timer =
      scheduler_.start_timer(search->before_save ? kSavePatience : kPatience, [weak = std::weak_ptr(search)] {
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
  if (search.before_save) {
    return search.reply.result(documents_.is_current(snapshot) ? items_.text_edits(snapshot, search.all)
                                                               : Json::array());
  }
  if (!documents_.is_current(snapshot))
    return search.reply.error(RpcError::content_modified, "the document has changed");
  keep(search);
  FoundRepairs::Text& found = found_.of(search.analysis);
  if (search.doubt) found.tried_all = true;
  if (search.doubt && search.grammar_errs) {
    found.grammar_errs = true;
    log::info(
        "a {} text of {} bytes has, as it was opened, errors that no repair mends: the grammar may be wrong about it, "
        "and no fixes are offered before it changes",
        snapshot.language->id, snapshot.text->size());
    return search.reply.result(Json::array());
  }
  if (search.deliver) return search.deliver(items_.workspace_edit(snapshot, search.all), search.reply);
  const auto revision = static_cast<int64_t>(found.revision);
  Json actions = Json::array();
  for (const size_t error : search.listed) {
    const ErrorRepairs& repairs = found.errors[error];
    for (const ListedRepair& listed : repairs.listed()) {
      // One preferred action an answer: editors apply it by one key.
      actions.push_back(items_.quick_fix(
          *search.analysis,
          {.repair = *repairs.find(listed.number),
           .preferred = listed.preferred && error == search.listed.front(),
           .by_model = listed.by_model,
           .data = {snapshot.uri, revision, static_cast<int64_t>(error), static_cast<int64_t>(listed.number)},
           .sent = search.diagnostics}));
    }
  }
  // One error: the one that the editor is most likely to ask about again.
  if (!search.listed.empty() && session_.settings.repair_with_model) {
    found_.ask_model(search.analysis, search.listed.front());
  }
  const bool in_vain = search.fix_all ? search.all.changes.empty() : !search.listed.empty() && actions.empty();
  if (search.offer_fix_all && !in_vain) {
    actions.push_back(items_.fix_all(snapshot, search.fix_all_kind, search.fix_all ? &search.all : nullptr,
                                     {.uri = snapshot.uri, .revision = revision}));
  }
  search.reply.result(std::move(actions));
}

}  // namespace lacuna::server
