#include "server/completion/completion_service.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "server/completion/finish_completion.h"
#include "server/completion/generation.h"
#include "server/completion/pending_query.h"
#include "server/completion/prompt_builder.h"
#include "server/completion/stop_constraint.h"
#include "server/completion/text_hygiene.h"
#include "server/completion/typed_through_cache.h"
#include "server/completion/warm_up.h"
#include "support/log.h"

namespace lacuna::server {

namespace {

constexpr size_t kMaxItems = 3;
constexpr size_t kMaxBranches = 3;
constexpr int kMaxBranchTokens = 48;  // they are waited for: a long block's alternatives end early, at a line

/// What the service knows of one document. At most one query waits, and it waits for `running`, for `branches`, or for
/// a worker.
struct Document {
  std::optional<PendingQuery> pending;
  std::optional<Generation> running;
  std::vector<Generation> branches;  ///< other ways on from a generation that has ended
  std::vector<Draft> drafts;         ///< texts of generations that have ended, for `pending`
  TypedThroughCache cache;
};

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// What ran into its length limit ends anywhere: only its whole lines are of use, unless it is a single one.
void drop_partial_line(std::string& generated) {
  const size_t text = generated.find_first_not_of(" \t\r\n");
  const size_t newline = generated.rfind('\n');
  if (text != std::string::npos && newline != std::string::npos && newline > text) generated.resize(newline);
}

}  // namespace

struct CompletionService::State : std::enable_shared_from_this<CompletionService::State> {
  State(TokenSource& token_source, RunWorker worker)
      : source(token_source), run_worker(std::move(worker)), warm_up(token_source) {}

  TokenSource& source;
  RunWorker run_worker;
  CompletionSettings settings;
  QueryId next_query = 1;
  std::unordered_map<std::string, Document> documents;
  WarmUp warm_up;

  // The way of a query, in this order. Each step answers it or hands it to the next.
  void begin(Document& document);
  bool answer_from_cache(Document& document);
  bool join_running(Document& document);
  void request(Document& document);
  void conclude(Document& document, const engine::Update& update);
  bool branch_out(Document& document, const Generation& generation, const std::string& generated);
  void conclude_branch(Document& document, size_t index, engine::FinishReason reason);
  void finish(Document& document, std::vector<Draft> drafts, bool ask_model_if_silent);
  void finished(Document& document, const std::vector<Suggestion>& suggestions, bool ask_model_if_silent);

  engine::RequestId submit(const Document& document, std::vector<engine::TokenId> prompt, int max_tokens,
                           StopRules rules);
  void receive(const std::string& uri, const engine::Update& update);
  bool take_token(Generation& generation, const engine::Update& update);
  void stop_running(Document& document);
  void answer(Document& document, CompletionAnswer answer);
};

void CompletionService::State::begin(Document& document) {
  PendingQuery& pending = *document.pending;
  const Snapshot& snapshot = *pending.query.snapshot;
  if (snapshot.tree) pending.context = syntax::completion_context(*snapshot.tree, *snapshot.text, pending.offset());
  if (std::string reason = restraint(pending, settings); !reason.empty()) {
    stop_running(document);
    answer(document, silent_answer(std::move(reason)));
    return;
  }
  if (answer_from_cache(document) || join_running(document)) return;
  request(document);
}

/// True if the cache answers, now or after a worker has trimmed what it holds.
bool CompletionService::State::answer_from_cache(Document& document) {
  const PendingQuery& pending = *document.pending;
  const auto match = document.cache.find(pending.text(), pending.offset());
  if (!match) return false;
  const Suggestion& suggestion = *match->suggestion;
  const std::string_view generated = suggestion.generated;
  const std::string_view shown = suggestion.shown;
  if (match->typed == 0 && !match->closers_inserted && !suggestion.silence.empty()) {
    stop_running(document);
    answer(document, silent_answer(suggestion.silence));
    return true;
  }
  if (!match->closers_inserted && shown.size() > match->typed && generated.starts_with(shown) &&
      !is_blank(shown.substr(match->typed))) {
    stop_running(document);
    CompletionAnswer cached;
    cached.items.push_back(make_item(pending, shown.substr(match->typed), suggestion.replace_after));
    answer(document, std::move(cached));
    return true;
  }
  if (is_blank(generated.substr(match->typed))) return false;
  stop_running(document);
  finish(document, {{.generated = std::string(generated.substr(match->typed))}}, /*ask_model_if_silent=*/true);
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
  warm_up.stop();
  const PendingQuery& pending = *document.pending;
  const engine::Tokenizer* tokenizer = source.tokenizer();
  if (!tokenizer) {
    answer(document, silent_answer(source.reason()));
    return;
  }
  PromptText text{.text = pending.text(), .path = pending.query.snapshot->path, .cursor = pending.offset()};
  text.anchor = text.heal_from = text.cursor;
  Prompt prompt = build_prompt(*tokenizer, text, prompt_budget(settings, source.context_tokens()));
  if (prompt.tokens.empty()) {
    answer(document, silent_answer("there is no text before the cursor"));
    return;
  }
  Generation generation{.place = Place(pending.text(), pending.offset()),
                        .line_end = std::string(line_end_of(pending.text())),
                        .prompt = prompt.tokens,
                        .forced = prompt.forced.size()};
  generation.request = submit(document, std::move(prompt.tokens), settings.max_tokens,
                              {.stop = stop_rule(pending), .forced = std::move(prompt.forced)});
  document.running = std::move(generation);
}

engine::RequestId CompletionService::State::submit(const Document& document, std::vector<engine::TokenId> prompt,
                                                   int max_tokens, StopRules rules) {
  engine::Request request;
  request.prompt = std::move(prompt);
  request.max_tokens = max_tokens;
  request.constraint = std::make_shared<StopConstraint>(std::move(rules));
  return source.submit(std::move(request),
                       [weak = weak_from_this(), uri = document.pending->uri()](const engine::Update& update) {
                         if (auto state = weak.lock()) state->receive(uri, update);
                       });
}

void CompletionService::State::receive(const std::string& uri, const engine::Update& update) {
  const auto found = documents.find(uri);
  if (found == documents.end()) return;
  Document& document = found->second;
  if (document.running && document.running->request == update.id) {
    if (take_token(*document.running, update)) {
      conclude(document, update);
    } else if (!document.running->typed(document.pending->text(), document.pending->offset())) {
      request(document);
    }
    return;
  }
  for (size_t i = 0; i < document.branches.size(); ++i) {
    if (document.branches[i].request != update.id) continue;
    if (take_token(document.branches[i], update)) conclude_branch(document, i, update.reason);
    return;
  }
}

/// Adds what has arrived. True if the generation is over: control tokens are no text, wherever they turn up.
bool CompletionService::State::take_token(Generation& generation, const engine::Update& update) {
  const engine::Tokenizer* tokenizer = source.tokenizer();
  const bool control = update.token >= 0 && tokenizer && tokenizer->is_control(update.token);
  const bool stopped = update.finished && update.reason == engine::FinishReason::stop_token;
  if (control || stopped) {
    generation.end_log_probability = update.log_probability;
  } else if (update.token >= 0) {
    generation.tokens.push_back({update.token, update.piece, update.log_probability});
  }
  if (control && !update.finished) source.cancel(update.id);
  return update.finished || control;
}

/// The generation has ended: keep its text and answer the query that waits for it, or try other ways on for who asked.
void CompletionService::State::conclude(Document& document, const engine::Update& update) {
  const Generation generation = std::move(*document.running);
  document.running.reset();
  PendingQuery& pending = *document.pending;
  pending.statistics = update.statistics;
  if (update.finished && update.reason == engine::FinishReason::failed) {
    answer(document, silent_answer("the model failed: " + update.error.message));
    return;
  }
  if (update.finished && update.reason == engine::FinishReason::cancelled) {
    answer(document, cancelled_answer());
    return;
  }
  std::string generated = generation.text();
  if (update.finished && update.reason == engine::FinishReason::length) drop_partial_line(generated);
  document.cache.add(generation.place, {.generated = generated});
  const auto typed = generation.typed(pending.text(), pending.offset());
  if (!typed || *typed > generated.size()) {
    request(document);
    return;
  }
  if (pending.query.invoked && *typed == 0 && branch_out(document, generation, generated)) return;
  finish(document, {{.generated = generated.substr(*typed)}}, /*ask_model_if_silent=*/*typed > 0);
}

/// Requests other ways on from `generation`, whose prompt the engine still has in its cache. False if there are none.
bool CompletionService::State::branch_out(Document& document, const Generation& generation,
                                          const std::string& generated) {
  const std::vector<Branch> branches = branches_of(generation, kMaxBranches);
  if (branches.empty() || generation.forced > 0) return false;
  document.drafts = {{generated, generation.line_log_probability()}};
  for (const Branch& branch : branches) {
    Generation other{.place = generation.place, .line_end = generation.line_end, .prompt = generation.prompt};
    other.tokens.assign(generation.tokens.begin(), generation.tokens.begin() + static_cast<ptrdiff_t>(branch.kept));
    for (const WrittenToken& token : other.tokens) other.prompt.push_back(token.token);
    other.request = submit(document, other.prompt, std::min(settings.max_tokens, kMaxBranchTokens),
                           {.stop = stop_rule(*document.pending), .head = branch.head, .avoided = branch.avoided});
    document.branches.push_back(std::move(other));
  }
  return true;
}

/// A branch that failed or was cancelled is left out; the draft that it branched from is there in any case.
void CompletionService::State::conclude_branch(Document& document, size_t index, engine::FinishReason reason) {
  const Generation branch = std::move(document.branches[index]);
  document.branches.erase(document.branches.begin() + static_cast<ptrdiff_t>(index));
  std::string text = branch.text();
  if (reason == engine::FinishReason::length) drop_partial_line(text);
  const bool well = reason != engine::FinishReason::failed && reason != engine::FinishReason::cancelled;
  if (well && !text.empty()) document.drafts.push_back({std::move(text), branch.line_log_probability()});
  if (document.branches.empty()) finish(document, std::exchange(document.drafts, {}), /*ask_model_if_silent=*/false);
}

/// Trims drafts, written for the pending query's cursor, on a worker and answers with what is left.
void CompletionService::State::finish(Document& document, std::vector<Draft> drafts, bool ask_model_if_silent) {
  const PendingQuery& pending = *document.pending;
  auto suggestions = std::make_shared<std::vector<Suggestion>>();
  auto work = [suggestions, snapshot = pending.query.snapshot, offset = pending.offset(), context = pending.context,
               options = finish_options(pending, settings), drafts = std::move(drafts)] {
    *suggestions = finish_drafts(*snapshot, offset, context, drafts, options);
  };
  auto done = [weak = weak_from_this(), suggestions, id = pending.id, uri = pending.uri(), ask_model_if_silent] {
    const auto state = weak.lock();
    if (!state) return;
    const auto found = state->documents.find(uri);
    if (found == state->documents.end() || !found->second.pending || found->second.pending->id != id) return;
    state->finished(found->second, *suggestions, ask_model_if_silent);
  };
  run_worker(std::move(work), std::move(done));
}

void CompletionService::State::finished(Document& document, const std::vector<Suggestion>& suggestions,
                                        bool ask_model_if_silent) {
  const PendingQuery& pending = *document.pending;
  if (suggestions.front().shown.empty() && ask_model_if_silent) {
    request(document);
    return;
  }
  const Place place(pending.text(), pending.offset());
  for (auto suggestion = suggestions.rbegin(); suggestion != suggestions.rend(); ++suggestion) {
    document.cache.add(place, *suggestion);
  }
  CompletionAnswer answered = silent_answer(suggestions.front().silence);
  for (const Suggestion& suggestion : suggestions) {
    if (suggestion.shown.empty() || answered.items.size() == kMaxItems) break;
    answered.items.push_back(make_item(pending, suggestion.shown, suggestion.replace_after));
  }
  answer(document, std::move(answered));
}

void CompletionService::State::stop_running(Document& document) {
  if (document.running) source.cancel(document.running->request);
  for (const Generation& branch : document.branches) source.cancel(branch.request);
  document.running.reset();
  document.branches.clear();
  document.drafts.clear();
}

/// The reply may ask again, so the document is left without a query before it is called.
void CompletionService::State::answer(Document& document, CompletionAnswer answer) {
  const PendingQuery pending = std::move(*document.pending);
  document.pending.reset();
  if (!answer.silence.empty()) log::debug("no completion: {}", answer.silence);
  pending.answer(std::move(answer));
}

CompletionService::CompletionService(TokenSource& source, RunWorker run_worker)
    : state_(std::make_shared<State>(source, std::move(run_worker))) {}

CompletionService::~CompletionService() {
  state_->warm_up.stop();
  auto documents = std::exchange(state_->documents, {});
  for (auto& [uri, document] : documents) {
    state_->stop_running(document);
    if (document.pending) state_->answer(document, cancelled_answer());
  }
}

void CompletionService::set_settings(const CompletionSettings& settings) {
  state_->settings = settings;
}

QueryId CompletionService::complete(CompletionQuery query, std::function<void(CompletionAnswer)> reply) {
  const QueryId id = state_->next_query++;
  const std::string uri = query.snapshot->uri;
  PendingQuery newer{
      .id = id, .query = std::move(query), .reply = std::move(reply), .start = PendingQuery::Clock::now()};
  const std::optional<PendingQuery> older = std::exchange(state_->documents[uri].pending, std::move(newer));
  if (older) older->answer(cancelled_answer());
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
    state_->answer(document, cancelled_answer());
    return;
  }
}

void CompletionService::document_opened(std::shared_ptr<const Snapshot> snapshot) {
  if (state_->settings.enabled) state_->warm_up.start(*snapshot, state_->settings);
}

void CompletionService::document_closed(const std::string& uri) {
  state_->warm_up.document_closed(uri);
  const auto found = state_->documents.find(uri);
  if (found == state_->documents.end()) return;
  Document document = std::move(found->second);
  state_->documents.erase(found);
  state_->stop_running(document);
  if (document.pending) state_->answer(document, cancelled_answer());
}

}  // namespace lacuna::server
