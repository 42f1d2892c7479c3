// Alternatives for who asks by hand: other ways on from what the model wrote, from where it was least certain. They
// share its prompt in the engine's cache and run side by side.
#include <algorithm>
#include <utility>

#include "server/completion/completion_state.h"

namespace lacuna::server {

namespace {

using namespace std::chrono_literals;

constexpr size_t kMaxBranches = 3;
constexpr int kMaxBranchTokens = 24;  // they are waited for: a long block's alternatives end early, at a line
constexpr auto kBranchPatience = 500ms;  // for about 20 tokens of three texts side by side on two cores

}  // namespace

/// Requests other ways on from `generation`, whose prompt the engine still has in its cache. False if there are none.
bool CompletionService::State::branch_out(Document& document, const Generation& generation,
                                          const std::string& generated) {
  const std::vector<Branch> branches = branches_of(generation, kMaxBranches);
  if (branches.empty()) return false;
  document.drafts = {{generated, generation.line_log_probability()}};
  for (const Branch& branch : branches) {
    Generation other{.place = generation.place,
                     .line_end = generation.line_end,
                     .prompt = generation.prompt,
                     .forced = generation.forced};
    other.tokens.assign(generation.tokens.begin(), generation.tokens.begin() + static_cast<ptrdiff_t>(branch.kept));
    for (const WrittenToken& token : other.tokens) other.prompt.push_back(token.token);
    engine::Request request{.prompt = other.prompt, .max_tokens = std::min(settings.max_tokens, kMaxBranchTokens)};
    StopRules rules{.stop = stop_rule(*document.pending),
                    .forced = branch.forced,
                    .head = branch.head,
                    .avoided = branch.avoided};
    other.request = submit(document.pending->uri(), std::move(request), std::move(rules));
    document.branches.push_back(std::move(other));
  }
  limit_branches(document, document.drafts.front());
  return true;
}

/// Nothing can come before a first draft that leaves no syntax error, so the others are not waited for long then.
void CompletionService::State::limit_branches(Document& document, const Draft& first) {
  if (!timing.after) return;
  const PendingQuery& pending = *document.pending;
  auto faultless = std::make_shared<bool>(false);
  auto work = [faultless, snapshot = pending.query.snapshot, offset = pending.offset(), context = pending.context,
               options = finish_options(pending, settings),
               first] { *faultless = leaves_no_error(*snapshot, offset, context, first, options); };
  auto done = [weak = weak_from_this(), faultless, id = pending.id, uri = pending.uri()] {
    const auto state = weak.lock();
    if (!state || !*faultless) return;
    state->timing.after(kBranchPatience, [weak, id, uri] {
      if (const auto later = weak.lock()) later->end_branches(uri, id);
    });
  };
  run_worker(std::move(work), std::move(done));
}

/// Answers the query, if it still waits for branches, with the drafts that are there.
void CompletionService::State::end_branches(const std::string& uri, QueryId id) {
  const auto found = documents.find(uri);
  if (found == documents.end()) return;
  Document& document = found->second;
  if (!document.pending || document.pending->id != id || document.branches.empty()) return;
  for (const Generation& branch : document.branches) source.cancel(branch.request);
  document.branches.clear();
  finish(document, std::exchange(document.drafts, {}), IfSilent::answer);
}

/// A branch that failed or was cancelled is left out; the draft that it branched from is there in any case.
void CompletionService::State::conclude_branch(Document& document, size_t index, engine::FinishReason reason) {
  const Generation branch = std::move(document.branches[index]);
  document.branches.erase(document.branches.begin() + static_cast<ptrdiff_t>(index));
  std::string text = branch.text();
  if (reason == engine::FinishReason::length) drop_partial_line(text);
  const bool well = reason != engine::FinishReason::failed && reason != engine::FinishReason::cancelled;
  if (well && !text.empty()) document.drafts.push_back({std::move(text), branch.line_log_probability()});
  if (document.branches.empty()) finish(document, std::exchange(document.drafts, {}), IfSilent::answer);
}

}  // namespace lacuna::server
