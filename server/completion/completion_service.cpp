#include "server/completion/completion_service.h"

#include <chrono>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "server/completion/finish_completion.h"
#include "server/completion/generation.h"
#include "server/completion/prompt_builder.h"
#include "server/completion/stop_constraint.h"
#include "server/completion/typed_through_cache.h"
#include "support/log.h"
#include "syntax/completion_context.h"
#include "syntax/trim.h"

namespace lacuna::server {

namespace {

using Clock = std::chrono::steady_clock;

/// A query that waits for its answer.
struct Pending {
  QueryId id = 0;
  CompletionQuery query;
  std::function<void(CompletionAnswer)> reply;
  std::optional<syntax::CompletionContext> context{};  ///< none without a tree
  Clock::time_point start;
  engine::RequestStatistics statistics{};

  std::string_view text() const { return *query.snapshot->text; }
  uint32_t offset() const { return query.offset; }
};

struct Document {
  std::optional<Pending> pending;
  std::optional<Generation> running;
  TypedThroughCache cache;
};

/// Why a person would not want a suggestion here; empty if they would.
std::string restraint(const Pending& pending, const CompletionSettings& settings) {
  if (!settings.enabled) return "completions are off";
  if (!pending.context || pending.query.invoked) return {};
  if (pending.context->inside_word) return "the cursor is inside a word";
  if (pending.context->in_comment && !settings.in_comments) return "completions in comments are off";
  if (pending.context->in_string && !settings.in_strings) return "completions in strings are off";
  return {};
}

/// The start of the word being typed: what an item replaces, so that editors can match and redraw it whole.
uint32_t item_begin(const Pending& pending) {
  return pending.context && pending.context->word.end == pending.offset() ? pending.context->word.begin : pending.offset();
}

CompletionItem make_item(const Pending& pending, std::string_view inserted, uint32_t replace_after) {
  const uint32_t begin = item_begin(pending);
  CompletionItem item;
  item.text = pending.text().substr(begin, pending.offset() - begin);
  item.text += inserted;
  item.replace = {begin, pending.offset() + replace_after};
  return item;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// Budgets that fit the model's context together with the answer; a quarter of it for the suffix.
PromptBudget prompt_budget(const CompletionSettings& settings, int context_tokens) {
  constexpr int kMarks = 64;  // control tokens, the file's name, the current line
  const int room = std::max(0, context_tokens - settings.max_tokens - kMarks);
  PromptBudget budget{settings.prefix_tokens, settings.suffix_tokens};
  budget.suffix_tokens = std::min(budget.suffix_tokens, room / 4);
  budget.prefix_tokens = std::min(budget.prefix_tokens, room - budget.suffix_tokens);
  return budget;
}

/// The stop rule for what is generated at the cursor. Used on the engine's thread, hence its own copies.
std::function<bool(std::string_view)> stop_rule(const Pending& pending) {
  if (!pending.context) return line_is_complete;
  const Snapshot& snapshot = *pending.query.snapshot;
  auto stop = std::make_shared<syntax::CompletionStop>(*snapshot.tree, snapshot.text, pending.offset(), *pending.context);
  return [stop](std::string_view generated) { return stop->complete(generated); };
}

/// A generation that ran into its limit ends anywhere: only its whole lines are of use, unless it is a single one.
void drop_partial_line(std::string& generated) {
  const size_t text = generated.find_first_not_of(" \t\r\n");
  const size_t newline = generated.rfind('\n');
  if (text != std::string::npos && newline != std::string::npos && newline > text) generated.resize(newline);
}

CompletionAnswer cancelled_answer() {
  CompletionAnswer answer;
  answer.silence = "cancelled";
  answer.cancelled = true;
  return answer;
}

void reply_to(const Pending& pending, CompletionAnswer answer) {
  answer.statistics = pending.statistics;
  answer.elapsed_ms = std::chrono::duration<double, std::milli>(Clock::now() - pending.start).count();
  pending.reply(std::move(answer));
}

}  // namespace

struct CompletionService::State : std::enable_shared_from_this<CompletionService::State> {
  State(TokenSource& token_source, RunWorker worker) : source(token_source), run_worker(std::move(worker)) {}

  TokenSource& source;
  RunWorker run_worker;
  CompletionSettings settings;
  QueryId next_query = 1;
  std::unordered_map<std::string, Document> documents;

  void begin(Document& document);
  bool answer_from_cache(Document& document);
  bool join_running(Document& document);
  void request(Document& document);
  void receive(const std::string& uri, const engine::Update& update);
  void conclude(Document& document, const engine::Update& update);
  void finish(Document& document, std::string generated, bool ask_model_if_silent);
  void finished(Document& document, const Suggestion& suggestion, bool ask_model_if_silent);

  void stop_running(Document& document);
  void answer(Document& document, CompletionAnswer answer);
  void answer_item(Document& document, std::string_view inserted, uint32_t replace_after);
  void answer_silence(Document& document, std::string reason);
  void answer_cancelled(Document& document);
};

void CompletionService::State::begin(Document& document) {
  Pending& pending = *document.pending;
  const Snapshot& snapshot = *pending.query.snapshot;
  if (snapshot.tree) pending.context = syntax::completion_context(*snapshot.tree, *snapshot.text, pending.offset());
  if (std::string reason = restraint(pending, settings); !reason.empty()) {
    stop_running(document);
    answer_silence(document, std::move(reason));
    return;
  }
  if (answer_from_cache(document) || join_running(document)) return;
  request(document);
}

/// True if the cache answers, now or after a worker has trimmed what it holds.
bool CompletionService::State::answer_from_cache(Document& document) {
  const Pending& pending = *document.pending;
  const auto match = document.cache.find(pending.text(), pending.offset());
  if (!match) return false;
  const Suggestion& suggestion = *match->suggestion;
  const std::string_view generated = suggestion.generated;
  const std::string_view shown = suggestion.shown;
  if (match->typed == 0 && !match->closers_inserted && !suggestion.silence.empty()) {
    stop_running(document);
    answer_silence(document, suggestion.silence);
    return true;
  }
  if (!match->closers_inserted && shown.size() > match->typed && generated.starts_with(shown) &&
      !is_blank(shown.substr(match->typed))) {
    stop_running(document);
    answer_item(document, shown.substr(match->typed), suggestion.replace_after);
    return true;
  }
  if (is_blank(generated.substr(match->typed))) return false;
  stop_running(document);
  finish(document, std::string(generated.substr(match->typed)), /*ask_model_if_silent=*/true);
  return true;
}

/// True if the running generation may still answer the query: the person types what it predicts.
bool CompletionService::State::join_running(Document& document) {
  if (!document.running) return false;
  if (document.running->typed(document.pending->text(), document.pending->offset())) return true;
  stop_running(document);
  return false;
}

void CompletionService::State::request(Document& document) {
  stop_running(document);
  const Pending& pending = *document.pending;
  const engine::Tokenizer* tokenizer = source.tokenizer();
  if (!tokenizer) {
    answer_silence(document, source.reason());
    return;
  }
  PromptText text{.text = pending.text(), .path = pending.query.snapshot->path, .cursor = pending.offset()};
  text.anchor = text.heal_from = text.cursor;
  Prompt prompt = build_prompt(*tokenizer, text, prompt_budget(settings, source.context_tokens()));
  if (prompt.tokens.empty()) {
    answer_silence(document, "there is no text before the cursor");
    return;
  }

  engine::Request request;
  request.prompt = std::move(prompt.tokens);
  request.max_tokens = settings.max_tokens;
  request.constraint = std::make_shared<StopConstraint>(prompt.forced, stop_rule(pending));
  Generation generation{.place = Place(pending.text(), pending.offset()),
                        .line_end = std::string(line_end_of(pending.text())),
                        .forced = prompt.forced.size()};
  const std::string& uri = pending.query.snapshot->uri;
  generation.request = source.submit(std::move(request), [weak = weak_from_this(), uri](const engine::Update& update) {
    if (auto state = weak.lock()) state->receive(uri, update);
  });
  document.running = std::move(generation);
}

void CompletionService::State::receive(const std::string& uri, const engine::Update& update) {
  const auto found = documents.find(uri);
  if (found == documents.end()) return;
  Document& document = found->second;
  if (!document.running || document.running->request != update.id) return;
  const engine::Tokenizer* tokenizer = source.tokenizer();
  const bool control = update.token >= 0 && tokenizer && tokenizer->is_control(update.token);
  const bool stopped = update.finished && update.reason == engine::FinishReason::stop_token;
  if (!control && !stopped) document.running->raw += update.piece;
  if (update.finished) {
    conclude(document, update);
  } else if (control) {
    source.cancel(update.id);
    conclude(document, update);
  } else if (!document.running->typed(document.pending->text(), document.pending->offset())) {
    stop_running(document);
    request(document);
  }
}

/// The generation has ended: keep its text and answer the query that waits for it.
void CompletionService::State::conclude(Document& document, const engine::Update& update) {
  const Generation generation = std::move(*document.running);
  document.running.reset();
  Pending& pending = *document.pending;
  pending.statistics = update.statistics;
  if (update.reason == engine::FinishReason::failed) {
    answer_silence(document, "the model failed: " + update.error.message);
    return;
  }
  if (update.finished && update.reason == engine::FinishReason::cancelled) {
    answer_cancelled(document);
    return;
  }
  std::string generated = generation.text();
  if (update.finished && update.reason == engine::FinishReason::length) drop_partial_line(generated);
  const auto typed = generation.typed(pending.text(), pending.offset());
  document.cache.add(generation.place, {.generated = generated});
  if (!typed || *typed > generated.size()) {
    request(document);
    return;
  }
  finish(document, generated.substr(*typed), /*ask_model_if_silent=*/*typed > 0);
}

/// Trims `generated`, written for the pending query's cursor, on a worker and answers with what is left.
void CompletionService::State::finish(Document& document, std::string generated, bool ask_model_if_silent) {
  const Pending& pending = *document.pending;
  auto suggestion = std::make_shared<Suggestion>();
  auto work = [suggestion, snapshot = pending.query.snapshot, offset = pending.offset(), context = pending.context,
               max_lines = settings.max_lines, generated = std::move(generated)] {
    *suggestion = finish_completion(*snapshot, offset, context, generated, max_lines);
  };
  auto done = [weak = weak_from_this(), suggestion, id = pending.id, uri = pending.query.snapshot->uri,
               ask_model_if_silent] {
    const auto state = weak.lock();
    if (!state) return;
    const auto found = state->documents.find(uri);
    if (found == state->documents.end() || !found->second.pending || found->second.pending->id != id) return;
    state->finished(found->second, *suggestion, ask_model_if_silent);
  };
  run_worker(std::move(work), std::move(done));
}

void CompletionService::State::finished(Document& document, const Suggestion& suggestion, bool ask_model_if_silent) {
  if (suggestion.shown.empty() && ask_model_if_silent) {
    request(document);
    return;
  }
  document.cache.add(Place(document.pending->text(), document.pending->offset()), suggestion);
  if (suggestion.shown.empty()) {
    answer_silence(document, suggestion.silence);
  } else {
    answer_item(document, suggestion.shown, suggestion.replace_after);
  }
}

void CompletionService::State::stop_running(Document& document) {
  if (!document.running) return;
  source.cancel(document.running->request);
  document.running.reset();
}

/// The reply may ask again, so the document is left without a query before it is called.
void CompletionService::State::answer(Document& document, CompletionAnswer answer) {
  const Pending pending = std::move(*document.pending);
  document.pending.reset();
  reply_to(pending, std::move(answer));
}

void CompletionService::State::answer_item(Document& document, std::string_view inserted, uint32_t replace_after) {
  CompletionAnswer answered;
  answered.items.push_back(make_item(*document.pending, inserted, replace_after));
  answer(document, std::move(answered));
}

void CompletionService::State::answer_silence(Document& document, std::string reason) {
  log::debug("no completion: {}", reason);
  CompletionAnswer answered;
  answered.silence = std::move(reason);
  answer(document, std::move(answered));
}

void CompletionService::State::answer_cancelled(Document& document) { answer(document, cancelled_answer()); }

CompletionService::CompletionService(TokenSource& source, RunWorker run_worker)
    : state_(std::make_shared<State>(source, std::move(run_worker))) {}

CompletionService::~CompletionService() {
  auto documents = std::exchange(state_->documents, {});
  for (auto& [uri, document] : documents) {
    state_->stop_running(document);
    if (document.pending) state_->answer_cancelled(document);
  }
}

void CompletionService::set_settings(const CompletionSettings& settings) { state_->settings = settings; }

QueryId CompletionService::complete(CompletionQuery query, std::function<void(CompletionAnswer)> reply) {
  const QueryId id = state_->next_query++;
  const std::string uri = query.snapshot->uri;
  Pending newer{.id = id, .query = std::move(query), .reply = std::move(reply), .start = Clock::now()};
  const std::optional<Pending> older = std::exchange(state_->documents[uri].pending, std::move(newer));
  if (older) reply_to(*older, cancelled_answer());
  // The older query's owner may have asked again or closed the document meanwhile.
  const auto found = state_->documents.find(uri);
  if (found != state_->documents.end() && found->second.pending && found->second.pending->id == id) {
    state_->begin(found->second);
  }
  return id;
}

void CompletionService::cancel(QueryId id) {
  for (auto& [uri, document] : state_->documents) {
    if (!document.pending || document.pending->id != id) continue;
    state_->stop_running(document);
    state_->answer_cancelled(document);
    return;
  }
}

void CompletionService::document_opened(std::shared_ptr<const Snapshot>) {}

void CompletionService::document_closed(const std::string& uri) {
  const auto found = state_->documents.find(uri);
  if (found == state_->documents.end()) return;
  Document document = std::move(found->second);
  state_->documents.erase(found);
  state_->stop_running(document);
  if (document.pending) state_->answer_cancelled(document);
}

}  // namespace lacuna::server
