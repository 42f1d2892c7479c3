#include "server/repair/repair_advisor.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "server/completion/prompt_builder.h"
#include "server/completion/stop_constraint.h"
#include "server/completion/text_hygiene.h"
#include "server/repair/repair_prompts.h"

namespace lacuna::server {

namespace {

constexpr double kContested = 6;  // scores farther behind the best one are not made up for by any model
constexpr int kWrittenTokens = 24;
constexpr PromptBudget kFillBudget{.prefix_tokens = 512, .suffix_tokens = 192};
constexpr std::chrono::milliseconds kCheckBudget{250};

size_t num_contested(const std::vector<syntax::Repair>& repairs) {
  const auto hopeless = std::ranges::find_if(
      repairs, [&](const syntax::Repair& repair) { return repair.score < repairs.front().score - kContested; });
  return static_cast<size_t>(hopeless - repairs.begin());
}

}  // namespace

struct RepairAdvisor::Work {
  RepairQuestion question;
  Callback callback;
  RepairAdvice advice;
  std::vector<engine::RequestId> requests;  ///< in flight

  size_t next_hole = 0;
  std::string written;  ///< for the hole before that

  std::vector<ScoringPrompt> prompts;
  size_t num_open = 0;  ///< prompts without an answer
};

void RepairAdvisor::ask(RepairQuestion question, Callback callback) {
  stop();
  if (!available()) return callback({});
  work_ = std::make_shared<Work>();
  work_->question = std::move(question);
  work_->callback = std::move(callback);
  fill_next_hole();
}

void RepairAdvisor::stop() {
  if (!work_) return;
  for (const engine::RequestId request : work_->requests) source_.cancel(request);
  work_.reset();
}

const Snapshot* RepairAdvisor::subject() const {
  return work_ ? work_->question.snapshot.get() : nullptr;
}

/// The updates of a question that was dropped are dropped.
void RepairAdvisor::submit(engine::Request request, std::function<void(const engine::Update&)> on_update) {
  request.priority = engine::Priority::next;
  // The work ends with this object, so what arrives while it lives may use the object.
  const engine::RequestId id =
      source_.submit(std::move(request),
                     [weak = std::weak_ptr(work_), on_update = std::move(on_update)](const engine::Update& update) {
                       const std::shared_ptr<Work> work = weak.lock();
                       if (!work) return;
                       if (update.finished) std::erase(work->requests, update.id);
                       on_update(update);
                     });
  work_->requests.push_back(id);
}

void RepairAdvisor::fill_next_hole() {
  const RepairQuestion& question = work_->question;
  if (work_->next_hole == question.holes.size() || !available()) return compare();
  const uint32_t offset = question.holes[work_->next_hole++].offset;
  const PromptText place{.text = *question.snapshot->text,
                         .path = question.snapshot->path,
                         .cursor = offset,
                         .anchor = offset,
                         .heal_from = offset};
  Prompt prompt = build_prompt(*source_.tokenizer(), place, kFillBudget);
  const bool fits = prompt.tokens.size() + kWrittenTokens <= static_cast<size_t>(source_.context_tokens());
  if (!fits || !prompt.fill_in_middle) return compare();  // what follows decides what is missing
  work_->written.clear();
  submit({.prompt = std::move(prompt.tokens),
          .max_tokens = kWrittenTokens,
          .constraint = std::make_shared<StopConstraint>(StopRules{.stop = line_is_complete}),
          .estimate_probabilities = true},
         [this](const engine::Update& update) { receive_text(update); });
}

void RepairAdvisor::receive_text(const engine::Update& update) {
  work_->written += update.piece;
  if (!update.finished) return;
  const bool well = update.reason != engine::FinishReason::failed && update.reason != engine::FinishReason::cancelled;
  well ? check_text() : compare();
}

/// On a worker: a text is parsed for each of its parts.
void RepairAdvisor::check_text() {
  struct Check {
    std::shared_ptr<const Snapshot> snapshot;
    syntax::SyntaxError error;
    syntax::Hole hole;
    std::string written;
    std::optional<syntax::Repair> repair;
  };
  const RepairQuestion& question = work_->question;
  const std::string_view text = *question.snapshot->text;
  auto check = std::make_shared<Check>(Check{question.snapshot, question.error, question.holes[work_->next_hole - 1],
                                             with_line_ends(clean_prefix(work_->written, text), line_end_of(text)),
                                             std::nullopt});
  run_worker_(
      [check] {
        check->repair = syntax::fill_hole(*check->snapshot->tree, *check->snapshot->text, check->error, check->hole,
                                          check->written, {.budget = kCheckBudget});
      },
      [this, weak = std::weak_ptr(work_), check] {
        if (weak.expired()) return;
        if (check->repair) add_written(std::move(*check->repair));
        fill_next_hole();
      });
}

void RepairAdvisor::add_written(syntax::Repair repair) {
  std::vector<syntax::Repair>& written = work_->advice.written;
  const auto same = [&](const syntax::Repair& other) { return other.changes == repair.changes; };
  if (std::ranges::any_of(work_->question.repairs, same) || std::ranges::any_of(written, same)) return;
  written.push_back(std::move(repair));
}

void RepairAdvisor::compare() {
  if (!available()) return answer();  // the model is being replaced
  const RepairQuestion& question = work_->question;
  std::vector<syntax::Repair> compared(
      question.repairs.begin(), question.repairs.begin() + static_cast<ptrdiff_t>(num_contested(question.repairs)));
  compared.insert(compared.end(), work_->advice.written.begin(), work_->advice.written.end());
  work_->prompts = scoring_prompts(*source_.tokenizer(), *question.snapshot->text, compared);
  const auto too_long = [this](const ScoringPrompt& prompt) {
    return prompt.tokens.size() > static_cast<size_t>(source_.context_tokens());
  };
  if (work_->prompts.empty() || std::ranges::any_of(work_->prompts, too_long)) return answer();
  work_->num_open = work_->prompts.size();
  work_->advice.log_probabilities.resize(work_->prompts.size());
  score(0);  // the others follow when the lines that all begin with are in the cache
}

void RepairAdvisor::score(size_t index) {
  ScoringPrompt& prompt = work_->prompts[index];
  submit({.prompt = std::move(prompt.tokens), .max_tokens = 0, .scored_tokens = prompt.scored_tokens},
         [this, index](const engine::Update& update) {
           if (update.finished) receive_score(index, update);
         });
}

void RepairAdvisor::receive_score(size_t index, const engine::Update& update) {
  std::vector<double>& sums = work_->advice.log_probabilities;
  const std::vector<float>& scores = update.prompt_log_probabilities;
  if (scores.empty()) sums.clear();  // cancelled, or failed
  if (sums.empty()) return work_->requests.empty() ? answer() : void();
  sums[index] = std::accumulate(scores.begin(), scores.end(), 0.0);
  if (--work_->num_open == 0) return answer();
  if (index > 0) return;
  for (size_t other = 1; other < work_->prompts.size(); ++other) score(other);
}

void RepairAdvisor::answer() {
  const std::shared_ptr<Work> work = std::exchange(work_, nullptr);
  work->callback(std::move(work->advice));
}

RepairOrder order_repairs(const std::vector<syntax::Repair>& found, const RepairAdvice& advice) {
  // Fitted on cases of repair_train.py's own making (docs/repair.md).
  constexpr double kModelWeight = 0.5;
  constexpr double kPreferredChance = 0.5;
  const size_t num_written = advice.written.size();
  RepairOrder result;
  result.order.resize(found.size());
  std::iota(result.order.begin(), result.order.end(), size_t{0});
  result.preferred = !found.empty() && found.front().preferred;
  std::vector<size_t> written(num_written);
  std::iota(written.begin(), written.end(), found.size());
  if (advice.log_probabilities.empty()) {
    // Second to a repair that stands out, and before those that do not.
    result.order.insert(result.order.begin() + (result.preferred ? 1 : 0), written.begin(), written.end());
    return result;
  }
  const size_t num_compared = advice.log_probabilities.size() - num_written;
  result.order.insert(result.order.begin() + static_cast<ptrdiff_t>(num_compared), written.begin(), written.end());
  std::vector<double> scores(found.size() + num_written);
  double least = found.empty() ? 0 : found.front().score;  // what stands behind another one is no better
  for (size_t i = 0; i < num_compared; ++i) {
    least = std::min(least, found[i].score);
    scores[i] = least + kModelWeight * advice.log_probabilities[i];
  }
  const double of_written = found.empty() ? 0 : found.front().score;  // anything near it serves (docs/repair.md)
  for (size_t i = 0; i < num_written; ++i)
    scores[found.size() + i] = of_written + kModelWeight * advice.log_probabilities[num_compared + i];
  const auto compared = std::span(result.order).first(num_compared + num_written);
  std::ranges::stable_sort(compared, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  double sum = 0;
  for (const size_t index : compared) sum += std::exp(scores[index] - scores[compared.front()]);
  result.preferred = compared.front() < found.size() && 1 / sum >= kPreferredChance;
  return result;
}

}  // namespace lacuna::server
