#include "server/completion/completion_service.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "server/completion/completion_state.h"
#include "server/completion/text_hygiene.h"

namespace lacuna::server {

void drop_partial_line(std::string& generated) {
  const size_t text = generated.find_first_not_of(" \t\r\n");
  const size_t newline = generated.rfind('\n');
  if (text != std::string::npos && newline != std::string::npos && newline > text) generated.resize(newline);
}

CompletionService::State::State(TokenSource& token_source, RunWorker worker, Timing time)
    : source(token_source), run_worker(std::move(worker)), timing(std::move(time)), warm_up(token_source, computed) {}

void CompletionService::State::begin(Document& document) {
  PendingQuery& pending = *document.pending;
  const Snapshot& snapshot = *pending.query.snapshot;
  if (!pending.query.foreseen) document.dismissals.moved_on(pending.text(), pending.offset(), timing.now());
  if (snapshot.tree) pending.context = syntax::completion_context(*snapshot.tree, *snapshot.text, pending.offset());
  if (std::string reason = restraint(pending, settings); !reason.empty()) {
    stop_running(document);
    answer(document, silent_answer(std::move(reason)));
    return;
  }
  // The cache holds one text for a place; who asks by hand wants the alternatives to it.
  if (!pending.query.invoked && answer_from_cache(document)) return;
  if (join(document)) return;
  request(document);
}

/// True if the cache answers, now or after a worker has trimmed what it holds.
bool CompletionService::State::answer_from_cache(Document& document) {
  PendingQuery& pending = *document.pending;
  const auto match = document.cache.find(pending.text(), pending.offset());
  if (!match) return false;
  const Suggestion& suggestion = *match->suggestion;
  const std::string_view generated = suggestion.generated;
  const std::string_view shown = suggestion.shown;
  pending.source = AnswerSource::typed_through;
  if (match->typed == 0 && !match->closers_inserted && !suggestion.silence.empty()) {
    stop_running(document);
    answer(document, silent_answer(suggestion.silence));
    return true;
  }
  if (!match->closers_inserted && shown.size() > match->typed && generated.starts_with(shown) &&
      !is_blank(shown.substr(match->typed))) {
    stop_running(document);
    const uint32_t replaced = suggestion.replace_after - std::min(suggestion.replace_after, match->overtyped);
    CompletionAnswer cached;
    cached.items.push_back(make_item(pending, shown.substr(match->typed), replaced));
    answer(document, std::move(cached));
    return true;
  }
  if (is_blank(generated.substr(match->typed))) return false;
  stop_running(document);
  finish(document, {{.generated = std::string(generated.substr(match->typed)), .certainty = suggestion.certainty}},
         IfSilent::ask_model);
  return true;
}

/// True if work in flight may still answer the query: the person types what it predicts, or accepted what was offered.
bool CompletionService::State::join(Document& document) {
  PendingQuery& pending = *document.pending;
  for (auto* generation : {&document.running, &document.next}) {
    const auto typed = *generation ? (*generation)->typed(pending.text(), pending.offset()) : std::nullopt;
    // Alternatives begin at the cursor, so who asks by hand joins only what began there.
    if (!typed || (pending.query.invoked && *typed > 0)) continue;
    pending.source = AnswerSource::running_work;
    if (generation == &document.next) {
      stop_running(document);
      document.running = std::exchange(document.next, std::nullopt);
    }
    offer_what_is_written(document);
    return true;
  }
  stop_running(document);
  return false;
}

PromptQuery CompletionService::State::prompt_query(const Snapshot& snapshot, uint32_t offset, bool invoked) const {
  PromptQuery query{.text = *snapshot.text, .path = snapshot.path, .cursor = offset, .invoked = invoked};
  query.budget = prompt_budget(settings, source.context_tokens());
  query.max_tokens = static_cast<size_t>(std::max(0, source.context_tokens() - settings.max_tokens));
  return query;
}

void CompletionService::State::request(Document& document) {
  stop_running(document);
  stop_next(document);
  document.last_offer.reset();
  warm_up.stop();
  PendingQuery& pending = *document.pending;
  pending.source = AnswerSource::new_request;
  const engine::Tokenizer* tokenizer = source.tokenizer();
  if (!tokenizer) {
    answer(document, silent_answer(source.reason()));
    return;
  }
  const Snapshot& snapshot = *pending.query.snapshot;
  PromptQuery query = prompt_query(snapshot, pending.offset(), pending.query.invoked);
  query.heal = pending.heal;
  Prompt prompt = document.planner.plan(*tokenizer, query);
  if (prompt.tokens.empty()) {
    answer(document, silent_answer("there is no text before the cursor"));
    return;
  }
  Generation generation{.place = Place(pending.text(), pending.offset()),
                        .line_end = std::string(line_end_of(pending.text())),
                        .prompt = prompt.tokens,
                        .forced = prompt.forced.size()};
  engine::Request request{.prompt = std::move(prompt.tokens), .max_tokens = token_limit(pending, settings)};
  request.estimate_probabilities = !pending.query.invoked;  // nobody ranks what is offered unasked
  generation.request =
      submit(pending.uri(), std::move(request), {.stop = stop_rule(pending), .forced = std::move(prompt.forced)});
  document.running = std::move(generation);
}

engine::RequestId CompletionService::State::submit(const std::string& uri, engine::Request request, StopRules rules) {
  request.constraint = std::make_shared<StopConstraint>(std::move(rules));
  if (const engine::Tokenizer* tokenizer = source.tokenizer()) request.references = references.tokens(*tokenizer);
  return source.submit(std::move(request), [weak = weak_from_this(), uri](const engine::Update& update) {
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
    } else if (document.pending && !document.running->typed(document.pending->text(), document.pending->offset())) {
      request(document);
    } else if (document.pending) {
      document.pending->statistics = update.statistics;
      offer_what_is_written(document);
    }
    return;
  }
  if (document.next && document.next->request == update.id) {
    if (take_token(*document.next, update)) conclude_next(document, update);
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
    if (generation.tokens.empty()) generation.first_token = timing.now();
    generation.tokens.push_back({update.token, update.piece, update.log_probability});
  }
  if (control && !update.finished) source.cancel(update.id);
  return update.finished || control;
}

/// The generation has ended: keep its text and answer the query that waits for it, or try other ways on for who asked.
void CompletionService::State::conclude(Document& document, const engine::Update& update) {
  const Generation generation = *std::exchange(document.running, std::nullopt);
  const bool failed = update.finished && update.reason == engine::FinishReason::failed;
  const bool cancelled = update.finished && update.reason == engine::FinishReason::cancelled;
  if (document.pending) document.pending->statistics = update.statistics;
  if (failed || cancelled) {
    if (!document.pending) return;
    answer(document, failed ? silent_answer("the model failed: " + update.error.message) : cancelled_answer());
    return;
  }
  computed.add(generation.prompt);
  if (!generation.healed()) {
    if (!document.pending) return;
    document.pending->heal = false;
    request(document);
    return;
  }
  std::string generated = generation.text();
  if (update.finished && update.reason == engine::FinishReason::length) drop_partial_line(generated);
  const double certainty = generation.line_certainty();
  document.cache.add(generation.place, {.generated = generated, .certainty = certainty});
  if (!document.pending) return;
  PendingQuery& pending = *document.pending;
  const auto typed = generation.typed(pending.text(), pending.offset());
  if (!typed || *typed > generated.size()) {
    request(document);
    return;
  }
  if (pending.query.invoked && *typed == 0 && branch_out(document, generation, generated)) return;
  finish(document, {{.generated = generated.substr(*typed), .certainty = certainty}},
         *typed > 0 ? IfSilent::ask_model : IfSilent::answer);
}

void CompletionService::State::stop_running(Document& document) {
  if (document.running) source.cancel(document.running->request);
  for (const Generation& branch : document.branches) source.cancel(branch.request);
  document.running.reset();
  document.branches.clear();
  document.drafts.clear();
}

void CompletionService::State::stop_next(Document& document) {
  if (document.next) source.cancel(document.next->request);
  document.next.reset();
}

CompletionService::CompletionService(TokenSource& source, RunWorker run_worker, Timing timing)
    : state_(std::make_shared<State>(source, std::move(run_worker), std::move(timing))) {}

CompletionService::~CompletionService() {
  state_->warm_up.stop();
  auto documents = std::exchange(state_->documents, {});
  for (auto& [uri, document] : documents) {
    state_->stop_running(document);
    state_->stop_next(document);
    if (document.pending) state_->answer(document, cancelled_answer());
  }
}

void CompletionService::set_settings(const CompletionSettings& settings) {
  state_->settings = settings;
}

QueryId CompletionService::complete(CompletionQuery query, std::function<void(CompletionAnswer)> reply) {
  const QueryId id = state_->next_query++;
  if (!query.foreseen) ++state_->num_activities;  // the work for the offer before may go on until the model is needed
  const std::string uri = query.snapshot->uri;
  PendingQuery newer{
      .id = id, .query = std::move(query), .reply = std::move(reply), .start = PendingQuery::Clock::now()};
  const std::optional<PendingQuery> older = std::exchange(state_->document_of(uri).pending, std::move(newer));
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
    if (document.pending && document.pending->id == id) state_->stop_running(document);
  }
  abandon(id);
}

void CompletionService::abandon(QueryId id) {
  for (auto& [uri, document] : state_->documents) {
    if (!document.pending || document.pending->id != id) continue;
    state_->answer(document, cancelled_answer());
    return;
  }
}

void CompletionService::foresee(CompletionQuery query) {
  query.foreseen = true;
  complete(std::move(query), [](const CompletionAnswer&) {});
}

void CompletionService::cancel_foreseen(const std::string& uri) {
  const auto found = state_->documents.find(uri);
  if (found == state_->documents.end() || !found->second.pending || !found->second.pending->query.foreseen) return;
  state_->stop_running(found->second);
  state_->answer(found->second, cancelled_answer());
}

void CompletionService::document_opened(std::shared_ptr<const Snapshot> snapshot) {
  const engine::Tokenizer* tokenizer = state_->source.tokenizer();
  if (!state_->settings.enabled || !tokenizer) return;
  const PromptBudget budget = prompt_budget(state_->settings, state_->source.context_tokens());
  state_->warm_up.start(snapshot->uri, prompt_beginning(*tokenizer, *snapshot->text, snapshot->path, budget), {});
}

void CompletionService::document_closed(const std::string& uri) {
  state_->warm_up.document_closed(uri);
  state_->references.document_closed(uri);
  const auto found = state_->documents.find(uri);
  if (found == state_->documents.end()) return;
  CompletionDocument document = std::move(found->second);
  state_->documents.erase(found);
  state_->stop_running(document);
  state_->stop_next(document);
  if (document.pending) state_->answer(document, cancelled_answer());
}

}  // namespace lacuna::server
