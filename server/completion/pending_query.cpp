#include "server/completion/pending_query.h"

#include <algorithm>
#include <utility>

#include "server/completion/stop_constraint.h"
#include "syntax/trim.h"

namespace lacuna::server {

namespace {

using namespace std::chrono_literals;

/// The start of the word that ends at the cursor.
uint32_t word_begin(const PendingQuery& query) {
  return query.context && query.context->word.end == query.offset() ? query.context->word.begin : query.offset();
}

}  // namespace

void PendingQuery::answer(CompletionAnswer answer) const {
  answer.statistics = statistics;
  answer.source = source;
  answer.elapsed_ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  reply(std::move(answer));
}

std::string restraint(const PendingQuery& query, const CompletionSettings& settings) {
  if (!settings.enabled) return "completions are off";
  if (!query.context || query.query.invoked) return {};
  if (query.context->inside_word) return "the cursor is inside a word";
  if (query.context->in_comment && !settings.in_comments) return "completions in comments are off";
  if (query.context->in_string && !settings.in_strings) return "completions in strings are off";
  return {};
}

CompletionItem make_item(const PendingQuery& query, std::string_view inserted, uint32_t replace_after) {
  const uint32_t begin = word_begin(query);
  CompletionItem item;
  item.text = query.text().substr(begin, query.offset() - begin);
  item.text += inserted;
  item.replace = {begin, query.offset() + replace_after};
  return item;
}

PromptBudget prompt_budget(const CompletionSettings& settings, int context_tokens) {
  constexpr int kMarks = 64;  // control tokens, the file's name, the text between anchor and cursor
  const int room = std::max(0, context_tokens - settings.max_tokens - kMarks);
  PromptBudget budget{settings.prefix_tokens, settings.suffix_tokens};
  budget.suffix_tokens = std::min(budget.suffix_tokens, room / 4);
  budget.prefix_tokens = std::min(budget.prefix_tokens, room - budget.suffix_tokens);
  return budget;
}

std::chrono::milliseconds patience(const PendingQuery& query) {
  const bool opened = query.context && query.context->in_empty_block && query.context->line_blank_before;
  return opened ? 300ms : 110ms;
}

int token_limit(const PendingQuery& query, const CompletionSettings& settings) {
  constexpr int kLineTokens = 48;
  const bool line = !query.query.invoked && !(query.context && query.context->in_empty_block);
  return line ? std::min(kLineTokens, settings.max_tokens) : settings.max_tokens;
}

std::function<bool(std::string_view)> stop_rule(const PendingQuery& query) {
  const bool opened = query.context && query.context->in_empty_block;
  if (!query.context) return line_is_complete;
  const Snapshot& snapshot = *query.query.snapshot;
  auto stop = std::make_shared<syntax::CompletionStop>(*snapshot.tree, snapshot.text, query.offset(), *query.context,
                                                       query.query.invoked ? 500ms : 100ms);
  const bool line = !query.query.invoked && !opened;
  return [stop, line](std::string_view generated) {
    return (line && line_is_complete(generated)) || stop->complete(generated);
  };
}

FinishOptions finish_options(const PendingQuery& query, const CompletionSettings& settings) {
  return {.max_lines = settings.max_lines, .budget = query.query.invoked ? 500ms : 150ms};
}

CompletionAnswer silent_answer(std::string reason) {
  CompletionAnswer answer;
  answer.silence = std::move(reason);
  return answer;
}

CompletionAnswer cancelled_answer() {
  CompletionAnswer answer = silent_answer("cancelled");
  answer.cancelled = true;
  return answer;
}

}  // namespace lacuna::server
