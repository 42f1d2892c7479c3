// From what the model has written to the answer: trimmed on a worker, judged, kept, and told to whoever asked.
#include <algorithm>
#include <string_view>
#include <utility>

#include "server/completion/completion_state.h"
#include "server/completion/text_hygiene.h"
#include "support/log.h"

namespace lacuna::server {

namespace {

using namespace std::chrono_literals;

constexpr size_t kMaxItems = 3;
constexpr double kSureAfterDismissals = 0.7;
constexpr auto kRetry = 60ms;  // between two looks at a text that offers nothing yet

}  // namespace

/// Who only types does not wait for the end of the line: once the model has written for a while, what is there is
/// offered, if it can stand by itself. The model goes on.
void CompletionService::State::offer_what_is_written(Document& document) {
  PendingQuery& pending = *document.pending;
  const Generation& generation = *document.running;
  const auto now = timing.now();
  if (pending.query.invoked || pending.query.rested || pending.query.foreseen) return;
  if (pending.trying || generation.tokens.empty()) return;
  if (document.dismissals.backs_off()) return;  // the whole line is judged then
  if (now < std::max(generation.first_token + patience(pending), pending.next_try)) return;
  const auto typed = generation.typed(pending.text(), pending.offset());
  const std::string written = generation.text();
  if (!typed || *typed >= written.size() || is_blank(std::string_view(written).substr(*typed))) return;
  pending.trying = true;
  finish(document, {{.generated = written.substr(*typed), .certainty = generation.line_certainty()}}, IfSilent::wait);
}

/// Trims drafts, written for the pending query's cursor, on a worker and answers with what is left.
void CompletionService::State::finish(Document& document, std::vector<Draft> drafts, IfSilent if_silent) {
  const PendingQuery& pending = *document.pending;
  auto suggestions = std::make_shared<std::vector<Suggestion>>();
  auto work = [suggestions, snapshot = pending.query.snapshot, offset = pending.offset(), context = pending.context,
               options = finish_options(pending, settings), drafts = std::move(drafts)] {
    *suggestions = finish_drafts(*snapshot, offset, context, drafts, options);
  };
  auto done = [weak = weak_from_this(), suggestions, id = pending.id, uri = pending.uri(), if_silent] {
    const auto state = weak.lock();
    if (!state) return;
    const auto found = state->documents.find(uri);
    if (found == state->documents.end() || !found->second.pending || found->second.pending->id != id) return;
    state->finished(found->second, *suggestions, if_silent);
  };
  run_worker(std::move(work), std::move(done));
}

void CompletionService::State::finished(Document& document, const std::vector<Suggestion>& suggestions,
                                        IfSilent if_silent) {
  PendingQuery& pending = *document.pending;
  const bool silent = suggestions.front().shown.empty();
  if (silent && if_silent == IfSilent::ask_model) {
    request(document);
    return;
  }
  if (!silent && !pending.query.invoked && document.dismissals.backs_off() &&
      suggestions.front().certainty < kSureAfterDismissals) {
    answer(document, silent_answer("the last suggestions were not taken, and the model is not sure of this one"));
    return;
  }
  if (silent && if_silent == IfSilent::wait) {
    pending.trying = false;
    pending.next_try = timing.now() + kRetry;
    return;
  }
  CompletionAnswer answered = silent_answer(suggestions.front().silence);
  answered.partial = if_silent == IfSilent::wait;
  if (!answered.partial) {
    const Place place(pending.text(), pending.offset());
    for (auto suggestion = suggestions.rbegin(); suggestion != suggestions.rend(); ++suggestion) {
      document.cache.add(place, *suggestion);
    }
  }
  for (const Suggestion& suggestion : suggestions) {
    if (suggestion.shown.empty() || answered.items.size() == kMaxItems) break;
    answered.items.push_back(make_item(pending, suggestion.shown, suggestion.replace_after));
  }
  answer(document, std::move(answered));
}

/// The reply may ask again, so the document is left without a query before it is called.
void CompletionService::State::answer(Document& document, CompletionAnswer answer) {
  const PendingQuery pending = std::move(*document.pending);
  document.pending.reset();
  if (pending.query.foreseen) return pending.answer(std::move(answer));  // nothing was offered
  document.last_offer.reset();
  document.last_query = {pending.query.snapshot, pending.offset()};
  if (!answer.items.empty()) {
    const CompletionItem& item = answer.items.front();
    document.last_offer = {pending.query.snapshot, pending.offset(), item};
    const auto inserted = std::string_view(item.text).substr(pending.offset() - item.replace.begin);
    document.dismissals.offered(pending.text(), pending.offset(), inserted, timing.now());
  }
  if (!answer.silence.empty()) log::debug("no completion: {}", answer.silence);
  if (!answer.cancelled) schedule_idle_work(pending.uri());
  pending.answer(std::move(answer));
}

}  // namespace lacuna::server
