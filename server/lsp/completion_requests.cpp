#include "server/lsp/completion_requests.h"

#include <utility>

#include "support/log.h"

namespace lacuna::server {
namespace {

constexpr std::chrono::seconds kPatienceForModel{60};
constexpr std::chrono::seconds kPatienceWhileTyping{3};
constexpr std::chrono::milliseconds kPreviewBudget{100};

Json nothing(bool as_list) {
  if (as_list) return {{"isIncomplete", true}, {"items", Json::array()}};
  return {{"items", Json::array()}};
}

}  // namespace

struct CompletionRequests::Request {
  std::string uri;
  Position position;
  bool invoked = false;
  std::optional<SelectedCompletionInfo> selected;
  Form form = Form::inline_items;
  Reply reply;

  TimerId model_timer = 0;  ///< running while it waits for the model
  bool waits_for_model = false;
  std::optional<QueryId> query;
  SnapshotPointer snapshot;            ///< that the answer is for
  std::optional<SelectedEntry> entry;  ///< set with `previewed`
  std::shared_ptr<const std::string> previewed;
};

CompletionRequests::CompletionRequests(Scheduler& scheduler, DocumentStore& documents, Dispatcher& dispatcher,
                                       const Session& session, ModelHost& model, CompletionService& service,
                                       const Pauses& pauses)
    : scheduler_(scheduler),
      documents_(documents),
      session_(session),
      model_(model),
      service_(service),
      pauses_(pauses),
      usage_(scheduler, documents),
      parts_(scheduler, documents) {
  dispatcher.on_request<InlineCompletionParams>("textDocument/inlineCompletion",
                                                [this](const auto& params, Reply reply) {
                                                  ask(params.text_document.uri, params.position, params.invoked,
                                                      params.selected, Form::inline_items, std::move(reply));
                                                });
  // A list comes up by typing as well as by hand, and the request does not tell which: it never waits.
  dispatcher.on_request<CompletionParams>("textDocument/completion", [this](const auto& params, Reply reply) {
    ask(params.text_document.uri, params.position, false, std::nullopt, Form::list, std::move(reply));
  });
}

CompletionRequests::~CompletionRequests() {
  for (auto& [uri, request] : open_) scheduler_.cancel_timer(request->model_timer);
}

void CompletionRequests::opened(const SnapshotPointer& snapshot) {
  documents_.when_parsed(snapshot->uri, [this](const SnapshotPointer& parsed) {
    if (parsed != nullptr) service_.document_opened(parsed);
  });
}

void CompletionRequests::changed(const Snapshot& snapshot, const Edits& edits) {
  usage_.withdrawn(snapshot.uri);
  const auto found = open_.find(snapshot.uri);
  if (found != open_.end()) supersede(*RequestPointer(found->second), "the document has changed");
  foresee(snapshot, edits);
}

/// Who rests before asking would have most of it computed in vain.
void CompletionRequests::foresee(const Snapshot& snapshot, const Edits& edits) {
  const auto offset = foresight_.after(snapshot, edits);
  const bool rests = session_.client.quirks.waits >= kRested;
  if (!offset || rests || !pauses_.reason(snapshot.language).empty()) return service_.cancel_foreseen(snapshot.uri);
  documents_.when_parsed(snapshot.uri, [this, offset = *offset](const SnapshotPointer& parsed) {
    if (parsed != nullptr) service_.foresee({parsed, offset});
  });
}

void CompletionRequests::closed(const std::string& uri) {
  if (const auto found = open_.find(uri); found != open_.end())
    supersede(*RequestPointer(found->second), "the document was closed");
  usage_.withdrawn(uri);
  parts_.forget(uri);
  foresight_.forget(uri);
  service_.document_closed(uri);
}

void CompletionRequests::model_changed() {
  if (model_.state() == ModelHost::State::loading) return;
  std::vector<RequestPointer> waiting;
  for (const auto& [uri, request] : open_) {
    if (request->waits_for_model) waiting.push_back(request);
  }
  for (const RequestPointer& request : waiting) {
    request->waits_for_model = false;
    scheduler_.cancel_timer(std::exchange(request->model_timer, 0));
    wait_for_tree(request);
  }
}

void CompletionRequests::ask(const std::string& uri, Position position, bool invoked,
                             const std::optional<SelectedCompletionInfo>& selected, Form form, Reply reply) {
  ++counters_.requests;
  if (const auto found = open_.find(uri); found != open_.end()) {
    supersede(*RequestPointer(found->second), "a newer request was made for this document");
  }
  auto request = std::make_shared<Request>();
  request->uri = uri;
  request->position = position;
  request->invoked = invoked;
  if (!session_.client.quirks.selection_is_no_entry) request->selected = selected;
  request->form = form;
  request->reply = std::move(reply);
  open_[uri] = request;
  request->reply.on_cancel([this, weak = std::weak_ptr(request)] {
    const RequestPointer cancelled = weak.lock();
    if (cancelled == nullptr) return;
    ++counters_.superseded;
    cancelled->reply.error(RpcError::request_cancelled, "cancelled");
    finish(*cancelled);
  });

  const SnapshotPointer snapshot = documents_.find(uri);
  if (snapshot == nullptr) return answer_nothing(*request, "the document is not open");
  if (std::string reason = pauses_.reason(snapshot->language); !reason.empty()) {
    return answer_nothing(*request, std::move(reason));
  }
  // An editor shows no entry of its list before every source has answered; ghost text holds nothing up.
  const bool loading = model_.state() == ModelHost::State::loading;
  if (loading && form == Form::list) return answer_nothing(*request, model_.reason());
  if (form == Form::inline_items && !invoked) {
    request->selected ? foresight_.forget(uri) : foresight_.asked(uri, documents_.offset_of(uri, position));
  }
  loading ? wait_for_model(request) : wait_for_tree(request);
}

void CompletionRequests::wait_for_model(const RequestPointer& request) {
  request->waits_for_model = true;
  const std::chrono::seconds patience = request->invoked ? kPatienceForModel : kPatienceWhileTyping;
  request->model_timer = scheduler_.start_timer(patience, [this, weak = std::weak_ptr(request)] {
    if (const RequestPointer late = weak.lock()) answer_nothing(*late, model_.reason());
  });
}

void CompletionRequests::wait_for_tree(const RequestPointer& request) {
  documents_.when_parsed(request->uri, [this, request](const SnapshotPointer& snapshot) {
    if (!request->reply.pending()) return;
    if (snapshot == nullptr) return supersede(*request, "the document has changed");
    request->snapshot = snapshot;
    if (request->selected) return preview_entry(request);
    query(request, snapshot, documents_.offset_of(request->uri, request->position));
  });
}

/// Asks for the text as it would be with the selected entry of the editor's list chosen.
void CompletionRequests::preview_entry(const RequestPointer& request) {
  const Range& range = request->selected->range;
  request->entry =
      SelectedEntry{{documents_.offset_of(request->uri, range.start), documents_.offset_of(request->uri, range.end)},
                    request->selected->text};
  if (range.end < range.start) return answer_nothing(*request, "the selected entry's range is reversed");

  auto previewed = std::make_shared<Snapshot>(*request->snapshot);
  const PreviewedText text = preview(*request->snapshot, *request->entry);
  previewed->text = text.text;
  request->previewed = text.text;
  scheduler_.run_worker(
      [previewed, edit = text.edit, original = request->snapshot] {
        if (original->tree == nullptr) return;
        const syntax::ParseOptions options{.budget = kPreviewBudget};
        auto tree = original->tree->reparse({&edit, 1}, *original->text, *previewed->text, options);
        previewed->tree = tree.ok() ? std::make_shared<const syntax::SyntaxTree>(std::move(tree).value()) : nullptr;
      },
      [this, request, previewed, offset = text.offset] {
        if (request->reply.pending()) query(request, previewed, offset);
      });
}

void CompletionRequests::query(const RequestPointer& request, SnapshotPointer snapshot, uint32_t offset) {
  const bool rested = session_.client.quirks.waits >= kRested;
  CompletionQuery query{std::move(snapshot), offset, request->invoked, rested};
  const QueryId id = service_.complete(std::move(query), [this, request](const CompletionAnswer& completion) {
    request->query.reset();
    if (request->reply.pending()) answer(*request, completion);
  });
  if (request->reply.pending()) request->query = id;
}

void CompletionRequests::answer(Request& request, const CompletionAnswer& completion) {
  if (completion.cancelled || !documents_.is_current(*request.snapshot))
    return supersede(request, "the document has changed");
  count(completion);
  std::vector<CompletionItem> items = completion.items;
  if (request.entry) {
    items.clear();
    for (const CompletionItem& item : completion.items) {
      if (auto fitting = item_for_entry(item, *request.previewed, *request.entry)) items.push_back(std::move(*fitting));
    }
  }
  if (!items.empty()) return answer_items(request, items);
  answer_nothing(request, completion.items.empty() ? completion.silence : "it does not extend the selected entry");
}

void CompletionRequests::count(const CompletionAnswer& completion) {
  counters_.last_answer_ms = completion.elapsed_ms;
  counters_.last_source = completion.source;
  counters_.last_statistics = completion.statistics;
  counters_.typed_through += completion.source == AnswerSource::typed_through ? 1 : 0;
  counters_.joined += completion.source == AnswerSource::running_work ? 1 : 0;
  counters_.partial += completion.partial ? 1 : 0;
  log::debug("answered in {:.1f} ms: {}, {} of {} prompt tokens evaluated, {} generated", completion.elapsed_ms,
             name_of(completion.source), completion.statistics.evaluated_tokens, completion.statistics.prompt_tokens,
             completion.statistics.generated_tokens);
}

void CompletionRequests::answer_items(Request& request, const std::vector<CompletionItem>& items) {
  ++counters_.answered;
  counters_.last_silence.clear();
  const bool as_list = request.form == Form::list;
  Json result = nothing(as_list);
  usage_.offered(request.uri, next_item_, items.front().text, counters_.last_answer_ms);
  if (!request.entry) parts_.offered(request.snapshot, items.front());
  for (const CompletionItem& item : items) {
    const uint64_t id = next_item_++;
    result["items"].push_back(
        as_list ? list_item_json(documents_, *request.snapshot, item, id, session_.client)
                : inline_item_json(documents_, request.uri, ghost_item(request, item), id));
  }
  request.reply.result(std::move(result));
  finish(request);
  if (on_answer_) on_answer_();
}

/// As the client draws it best.
CompletionItem CompletionRequests::ghost_item(const Request& request, const CompletionItem& item) const {
  if (!session_.client.quirks.range_from_cursor || request.entry) return item;
  return from_cursor(item, *request.snapshot, documents_.offset_of(request.uri, request.position));
}

void CompletionRequests::answer_nothing(Request& request, std::string reason) {
  ++counters_.silent;
  log::debug("no completion: {}", reason);
  usage_.silent(reason);
  parts_.forget(request.uri);
  counters_.last_silence = std::move(reason);
  request.reply.result(nothing(request.form == Form::list));
  finish(request);
  if (on_answer_) on_answer_();
}

void CompletionRequests::supersede(Request& request, const char* reason) {
  ++counters_.superseded;
  request.reply.error(RpcError::content_modified, reason);
  finish(request, /*work_goes_on=*/true);
}

/// The request is answered or cancelled: what still works for it stops, unless a newer request may want it.
void CompletionRequests::finish(Request& request, bool work_goes_on) {
  scheduler_.cancel_timer(std::exchange(request.model_timer, 0));
  request.waits_for_model = false;
  if (request.query) {
    const QueryId query = *std::exchange(request.query, std::nullopt);
    work_goes_on ? service_.abandon(query) : service_.cancel(query);
  }
  const auto found = open_.find(request.uri);
  if (found != open_.end() && found->second.get() == &request) open_.erase(found);
}

}  // namespace lacuna::server
