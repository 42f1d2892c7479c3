/// CompletionService: from a cursor in a snapshot to the text that an editor shows, or to the reason why there is none.
///
/// The way: context of the tree → restraint → typed-through cache → prompt → engine (streamed, stopped in the tree) →
/// trim → parse-error check → answer. docs/completion.md tells it with its reasons. Loop thread only; parsing work that
/// could take long runs on workers through `run_worker`.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/request.h"
#include "server/snapshot.h"
#include "server/token_source.h"
#include "syntax/syntax_tree.h"

namespace lacuna::server {

struct CompletionSettings {
  bool enabled = true;
  bool in_comments = false;  ///< offer completions there in Automatic mode
  bool in_strings = false;
  int max_lines = 3;         ///< unless an empty block is completed
  int prefix_tokens = 1024;  ///< budget of text before the cursor
  int suffix_tokens = 384;   ///< and after it
  int max_tokens = 96;       ///< generated
};

struct CompletionQuery {
  std::shared_ptr<const Snapshot> snapshot;
  uint32_t offset = 0;    ///< bytes; at a character boundary
  bool invoked = false;   ///< the user asked; otherwise Automatic
  bool rested = false;    ///< Automatic, but after a pause: the whole text is worth waiting for
  bool foreseen = false;  ///< not asked yet: its answer is only kept, for the query that follows
};

struct CompletionItem {
  std::string text;           ///< replaces `replace`; never empty
  syntax::ByteRange replace;  ///< one line, contains the cursor
};

/// Where an answer's text came from, from the cheapest to the dearest.
enum class AnswerSource { none, typed_through, running_work, new_request };

constexpr const char* name_of(AnswerSource source) {
  constexpr const char* names[] = {"none", "typed through", "running work", "new request"};
  return names[static_cast<int>(source)];
}

struct CompletionAnswer {
  std::vector<CompletionItem> items;  ///< best first; at most 3 when invoked, 1 otherwise
  std::string silence;                ///< why there are none, for people; empty where there are
  bool cancelled = false;             ///< superseded or cancelled
  AnswerSource source = AnswerSource::none;
  bool partial = false;  ///< the model was still writing: the rest comes once this much is typed or accepted
  engine::RequestStatistics statistics;  ///< of the model's work for this query; none where it came from a cache
  double elapsed_ms = 0;
};

using QueryId = uint64_t;

/// Runs `work` on a worker thread, then `done` on the loop thread.
using RunWorker = std::function<void(std::function<void()> work, std::function<void()> done)>;

/// What the service knows of time. Tests bring their own.
struct Timing {
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
  /// Runs a function on the loop thread once, later. Without it nothing is computed in idle time.
  std::function<void(std::chrono::milliseconds, std::function<void()>)> after{};
};

class CompletionService {
 public:
  /// `source` (a ModelHost, outside tests) outlives the service.
  CompletionService(TokenSource& source, RunWorker run_worker, Timing timing = {});
  ~CompletionService();  ///< answers what is open as cancelled

  void set_settings(const CompletionSettings& settings);

  /// `reply` is called exactly once, on the loop, possibly before this returns. A newer query for the same document
  /// supersedes the older one, which is answered at once as cancelled.
  QueryId complete(CompletionQuery query, std::function<void(CompletionAnswer)> reply);
  /// Answers the query as cancelled and frees the engine within one step. Unknown ids are ignored.
  void cancel(QueryId id);

  /// Answers the query as cancelled; the work for it goes on until a query for the document shows that it is not
  /// wanted.
  void abandon(QueryId id);

  /// Begins with a query that is to be expected soon: that one then finds its answer, or joins the work for it.
  void foresee(CompletionQuery query);
  /// The document has changed otherwise. Does nothing where no foreseen query is open.
  void cancel_foreseen(const std::string& uri);

  /// A document was opened, changed or focused: chances to warm the cache.
  void document_opened(std::shared_ptr<const Snapshot> snapshot);
  void document_closed(const std::string& uri);

 private:
  struct State;
  std::shared_ptr<State> state_;  ///< callbacks of workers and requests hold it weakly
};

}  // namespace lacuna::server
