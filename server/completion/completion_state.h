/// CompletionService's state and the steps of its work. Private to the service: completion_service.cpp has the way of a
/// query to the model, answering.cpp that from the text to the answer, alternatives.cpp the other texts for who asks by
/// hand, idle_work.cpp what is done while nobody waits. Loop thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/completion/completion_service.h"
#include "server/completion/dismissals.h"
#include "server/completion/finish_completion.h"
#include "server/completion/generation.h"
#include "server/completion/pending_query.h"
#include "server/completion/prompt_planner.h"
#include "server/completion/reference_texts.h"
#include "server/completion/stop_constraint.h"
#include "server/completion/typed_through_cache.h"
#include "server/completion/warm_up.h"

namespace lacuna::server {

/// An answer with text, as far as idle work needs it.
struct Offer {
  std::shared_ptr<const Snapshot> snapshot;
  uint32_t offset = 0;
  CompletionItem item;
};

/// What the service knows of one document. At most one query waits, and it waits for `running`, for `branches`, or for
/// a worker.
struct CompletionDocument {
  explicit CompletionDocument(ComputedPrompts& computed) : planner(computed) {}

  std::optional<PendingQuery> pending;
  std::optional<Generation> running;  ///< goes on without a query while what is typed agrees with it
  std::optional<Generation> next;     ///< as if the last offer had been accepted
  std::vector<Generation> branches;   ///< other ways on from a generation that has ended
  std::vector<Draft> drafts;          ///< texts of generations that have ended, for `pending`
  TypedThroughCache cache;
  Dismissals dismissals;
  PromptPlanner planner;
  std::optional<Offer> last_offer;
  /// Of the answer before: idle work is for there.
  std::optional<std::pair<std::shared_ptr<const Snapshot>, uint32_t>> last_query;
};

/// What happens to a query whose finished text offers nothing.
enum class IfSilent {
  answer,     ///< with the reason
  ask_model,  ///< the text was written for an earlier cursor
  wait,       ///< the model is still writing
};

struct CompletionService::State : std::enable_shared_from_this<CompletionService::State> {
  using Document = CompletionDocument;

  State(TokenSource& token_source, RunWorker worker, Timing time);

  TokenSource& source;
  RunWorker run_worker;
  Timing timing;
  CompletionSettings settings;
  QueryId next_query = 1;
  ComputedPrompts computed;
  ReferenceTexts references;
  std::unordered_map<std::string, Document> documents;
  WarmUp warm_up;
  uint64_t num_activities = 0;  ///< queries so far: idle work begins only if none came for a while
  bool idle_timer_runs = false;

  Document& document_of(const std::string& uri) { return documents.try_emplace(uri, computed).first->second; }

  // The way of a query, in this order. Each step answers it or hands it to the next.
  void begin(Document& document);
  bool answer_from_cache(Document& document);
  bool join(Document& document);
  void request(Document& document);
  void offer_what_is_written(Document& document);
  void conclude(Document& document, const engine::Update& update);
  bool branch_out(Document& document, const Generation& generation, const std::string& generated);
  void limit_branches(Document& document, const Draft& first);
  void end_branches(const std::string& uri, QueryId id);
  void conclude_branch(Document& document, size_t index, engine::FinishReason reason);
  void finish(Document& document, std::vector<Draft> drafts, IfSilent if_silent);
  void finished(Document& document, const std::vector<Suggestion>& suggestions, IfSilent if_silent);

  PromptQuery prompt_query(const Snapshot& snapshot, uint32_t offset, bool invoked) const;
  engine::RequestId submit(const std::string& uri, engine::Request request, StopRules rules);
  void receive(const std::string& uri, const engine::Update& update);
  bool take_token(Generation& generation, const engine::Update& update);
  void stop_running(Document& document);
  void stop_next(Document& document);
  void answer(Document& document, CompletionAnswer answer);

  // Idle work of the document that was answered last, in this order: the next completion, the whole window.
  void schedule_idle_work(const std::string& uri);
  void do_idle_work(const std::string& uri);
  bool begin_next(Document& document);
  void request_next(Document& document, std::shared_ptr<const Snapshot> accepted, uint32_t offset);
  void conclude_next(Document& document, const engine::Update& update);
  void grow_window(Document& document);
};

/// What ran into its length limit ends anywhere: only its whole lines are of use, unless it is a single one.
void drop_partial_line(std::string& generated);

}  // namespace lacuna::server
