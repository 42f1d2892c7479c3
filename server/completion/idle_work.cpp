// What the service computes while nobody waits, so that the next query finds it: the text that later answers may be
// guessed from, the completion after the one that is shown, as if that had been accepted, and then the whole window of a
// document that was answered from a small one. The latter two give way to any query.
#include <utility>

#include "server/completion/completion_state.h"
#include "server/completion/text_hygiene.h"

namespace lacuna::server {

namespace {

using namespace std::chrono_literals;

constexpr auto kIdleDelay = 150ms;  // longer than the pause between two keys of who types fast
constexpr auto kParseBudget = 100ms;

/// The document as if the offer had been accepted, without a tree.
Snapshot accepted_text(const Offer& offer) {
  Snapshot snapshot = *offer.snapshot;
  std::string text = *offer.snapshot->text;
  text.replace(offer.item.replace.begin, offer.item.replace.size(), offer.item.text);
  snapshot.text = std::make_shared<const std::string>(std::move(text));
  snapshot.tree = nullptr;
  return snapshot;
}

}  // namespace

/// One timer runs at a time; it is set again while queries keep coming.
void CompletionService::State::schedule_idle_work(const std::string& uri) {
  if (!timing.after || idle_timer_runs) return;
  idle_timer_runs = true;
  timing.after(kIdleDelay, [weak = weak_from_this(), uri, activities = num_activities] {
    const auto state = weak.lock();
    if (!state) return;
    state->idle_timer_runs = false;
    state->num_activities == activities ? state->do_idle_work(uri) : state->schedule_idle_work(uri);
  });
}

void CompletionService::State::do_idle_work(const std::string& uri) {
  const auto found = documents.find(uri);
  if (found == documents.end() || !source.tokenizer()) return;
  Document& document = found->second;
  if (document.pending || document.running || document.next) return schedule_idle_work(uri);
  if (document.last_query) {
    const auto& [snapshot, offset] = *document.last_query;
    references.update(*source.tokenizer(), uri, snapshot->text, offset);
  }
  if (!begin_next(document)) grow_window(document);
}

/// False if there is nothing to compute: no offer, or it is known already how it goes on.
bool CompletionService::State::begin_next(Document& document) {
  if (!document.last_offer) return false;
  const Offer offer = *std::exchange(document.last_offer, std::nullopt);
  auto accepted = std::make_shared<Snapshot>(accepted_text(offer));
  const auto offset = offer.item.replace.begin + static_cast<uint32_t>(offer.item.text.size());
  const auto known = document.cache.find(*accepted->text, offset);
  if (known && known->suggestion->generated.find_first_not_of(" \t\r\n", known->typed) != std::string::npos)
    return false;
  run_worker(
      [accepted, offer] {
        if (!offer.snapshot->tree) return;
        const syntax::Edit edit{offer.item.replace.begin, offer.item.replace.end,
                                offer.item.replace.begin + static_cast<uint32_t>(offer.item.text.size())};
        const auto tree =
            offer.snapshot->tree->reparse({&edit, 1}, *offer.snapshot->text, *accepted->text, {.budget = kParseBudget});
        if (tree.ok()) accepted->tree = std::make_shared<const syntax::SyntaxTree>(*tree);
      },
      [weak = weak_from_this(), accepted, offset, activities = num_activities] {
        const auto state = weak.lock();
        if (!state || state->num_activities != activities) return;
        const auto found = state->documents.find(accepted->uri);
        if (found != state->documents.end()) state->request_next(found->second, accepted, offset);
      });
  return true;
}

void CompletionService::State::request_next(Document& document, std::shared_ptr<const Snapshot> accepted,
                                            uint32_t offset) {
  const engine::Tokenizer* tokenizer = source.tokenizer();
  if (!tokenizer || document.pending || document.running || document.next) return;
  PendingQuery query{.query = {accepted, offset, false}};
  if (accepted->tree) query.context = syntax::completion_context(*accepted->tree, *accepted->text, offset);
  if (!restraint(query, settings).empty()) return schedule_idle_work(accepted->uri);
  Prompt prompt = document.planner.plan(*tokenizer, prompt_query(*accepted, offset, false));
  Generation generation{.place = Place(*accepted->text, offset),
                        .line_end = std::string(line_end_of(*accepted->text)),
                        .prompt = prompt.tokens,
                        .forced = prompt.forced.size()};
  engine::Request request{.prompt = std::move(prompt.tokens),
                          .max_tokens = token_limit(query, settings),
                          .priority = engine::Priority::next,
                          .estimate_probabilities = true};
  generation.request =
      submit(accepted->uri, std::move(request), {.stop = stop_rule(query), .forced = std::move(prompt.forced)});
  document.next = std::move(generation);
}

void CompletionService::State::conclude_next(Document& document, const engine::Update& update) {
  const Generation generation = *std::exchange(document.next, std::nullopt);
  if (update.finished && update.reason == engine::FinishReason::failed) return;
  if (update.finished && update.reason == engine::FinishReason::cancelled) return;
  if (!generation.healed()) return grow_window(document);
  std::string generated = generation.text();
  if (update.finished && update.reason == engine::FinishReason::length) drop_partial_line(generated);
  computed.add(generation.prompt);
  const double certainty = generation.line_certainty();
  document.cache.add(generation.place, {.generated = std::move(generated), .certainty = certainty});
  grow_window(document);
}

void CompletionService::State::grow_window(Document& document) {
  if (warm_up.running() || !document.last_query) return;
  const auto& [snapshot, offset] = *document.last_query;
  auto prompt = document.planner.begin_growth(*source.tokenizer(), prompt_query(*snapshot, offset, false));
  if (!prompt) return;
  warm_up.start(snapshot->uri, std::move(*prompt), [weak = weak_from_this(), uri = snapshot->uri] {
    const auto state = weak.lock();
    if (!state) return;
    const auto found = state->documents.find(uri);
    if (found != state->documents.end()) found->second.planner.end_growth();
  });
}

}  // namespace lacuna::server
