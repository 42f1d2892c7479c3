/// CompletionRequests: `textDocument/inlineCompletion` and `textDocument/completion`, from the request to the answer.
///
/// Loop thread only. One request a document is open at a time: a newer one supersedes it, and so does an edit, before
/// its answer can be wrong. While the model loads, a request for ghost text waits for it: at most a minute if the
/// user made it by hand, three seconds if it was made by typing. A list is answered at once, with nothing and a reason.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/completion/completion_service.h"
#include "server/lsp/completion_items.h"
#include "server/lsp/counters.h"
#include "server/lsp/dispatcher.h"
#include "server/lsp/documents.h"
#include "server/lsp/foresight.h"
#include "server/lsp/pauses.h"
#include "server/lsp/session.h"
#include "server/lsp/suggestion_parts.h"
#include "server/lsp/usage.h"
#include "server/model_host.h"

namespace lacuna::server {

class CompletionRequests {
 public:
  CompletionRequests(Scheduler& scheduler, DocumentStore& documents, Dispatcher& dispatcher, const Session& session,
                     ModelHost& model, CompletionService& service, const Pauses& pauses);
  ~CompletionRequests();

  /// Called after every answer that is not superseded.
  void on_answer(std::function<void()> observer) { on_answer_ = std::move(observer); }

  void opened(const SnapshotPointer& snapshot);
  /// An open request for the document is answered as superseded. Editors cancel it next and then ask for the new text;
  /// the work for it goes on until that request shows whether it is wanted.
  /// Where the next request can be foreseen, work for it begins now.
  void changed(const Snapshot& snapshot, const Edits& edits);
  void closed(const std::string& uri);
  /// The model's state has changed: requests that wait for it go on.
  void model_changed();

  CompletionCounters& counters() { return counters_; }
  const CompletionCounters& counters() const { return counters_; }
  Usage& usage() { return usage_; }
  const Usage& usage() const { return usage_; }
  SuggestionParts& parts() { return parts_; }

 private:
  enum class Form { inline_items, list };
  struct Request;
  using RequestPointer = std::shared_ptr<Request>;

  void ask(const std::string& uri, Position position, bool invoked,
           const std::optional<SelectedCompletionInfo>& selected, Form form, Reply reply);
  void wait_for_model(const RequestPointer& request);
  void wait_for_tree(const RequestPointer& request);
  void preview_entry(const RequestPointer& request);
  void query(const RequestPointer& request, SnapshotPointer snapshot, uint32_t offset);
  void answer(Request& request, const CompletionAnswer& answer);
  void count(const CompletionAnswer& completion);
  CompletionItem ghost_item(const Request& request, const CompletionItem& item) const;
  void answer_items(Request& request, const std::vector<CompletionItem>& items);
  void answer_nothing(Request& request, std::string reason);
  void foresee(const Snapshot& snapshot, const Edits& edits);
  void supersede(Request& request, const char* reason);
  void finish(Request& request, bool work_goes_on = false);

  Scheduler& scheduler_;
  DocumentStore& documents_;
  const Session& session_;
  ModelHost& model_;
  CompletionService& service_;
  const Pauses& pauses_;
  std::function<void()> on_answer_;
  CompletionCounters counters_;
  Usage usage_;
  SuggestionParts parts_;
  Foresight foresight_;
  uint64_t next_item_ = 1;
  std::unordered_map<std::string, RequestPointer> open_;  ///< by document
};

}  // namespace lacuna::server
