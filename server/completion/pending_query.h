/// PendingQuery: a query that waits for its answer, and the rules that need nothing but it.
///
/// Loop thread only; the functions are pure apart from the reply.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "server/completion/completion_service.h"
#include "server/completion/finish_completion.h"
#include "server/completion/prompt_builder.h"
#include "syntax/completion_context.h"

namespace lacuna::server {

struct PendingQuery {
  using Clock = std::chrono::steady_clock;

  QueryId id = 0;
  CompletionQuery query;
  std::function<void(CompletionAnswer)> reply{};
  Clock::time_point start{};
  std::optional<syntax::CompletionContext> context{};  ///< none without a tree
  engine::RequestStatistics statistics{};
  AnswerSource source = AnswerSource::none;
  bool heal = true;              ///< until the model would not write what stands before the cursor
  bool trying = false;           ///< a worker trims what has been written so far
  Clock::time_point next_try{};  ///< not before then again

  const std::string& uri() const { return query.snapshot->uri; }
  std::string_view text() const { return *query.snapshot->text; }
  uint32_t offset() const { return query.offset; }

  /// Calls the reply with the query's own figures.
  void answer(CompletionAnswer answer) const;
};

/// Why a person would not want a suggestion there; empty if they would.
std::string restraint(const PendingQuery& query, const CompletionSettings& settings);

/// The item that inserts `inserted` at the cursor. It replaces the word being typed, so that editors can match and
/// redraw it whole.
CompletionItem make_item(const PendingQuery& query, std::string_view inserted, uint32_t replace_after);

/// Budgets that fit the model's context together with the answer, at most a quarter of it for the suffix.
PromptBudget prompt_budget(const CompletionSettings& settings, int context_tokens);

/// How long the model may write for someone who only types before what it has written is offered as it is. The rest
/// is there by the time it is wanted. A block that was opened just now is worth waiting for a little.
std::chrono::milliseconds patience(const PendingQuery& query);

/// Tokens to generate for it.
int token_limit(const PendingQuery& query, const CompletionSettings& settings);

/// When to stop generating at the query's cursor: for someone who only types after one line, unless a block was
/// opened. The function is for the engine's thread and keeps its own copies.
std::function<bool(std::string_view)> stop_rule(const PendingQuery& query);

/// How finished texts are checked. Who asked waits for a better answer; who only types does not.
FinishOptions finish_options(const PendingQuery& query, const CompletionSettings& settings);

CompletionAnswer silent_answer(std::string reason);
CompletionAnswer cancelled_answer();

}  // namespace lacuna::server
