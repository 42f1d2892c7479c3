#include "server/completion/warm_up.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "server/completion/pending_query.h"
#include "server/completion/prompt_builder.h"

namespace lacuna::server {

namespace {

constexpr size_t kSliceTokens = 128;

}  // namespace

struct WarmUp::Task {
  TokenSource& source;
  std::string uri;
  std::vector<engine::TokenId> prompt;
  size_t submitted = 0;           ///< tokens of it that have been asked for
  engine::RequestId request = 0;  ///< 0: none in flight
};

WarmUp::WarmUp(TokenSource& source) : source_(source) {}

WarmUp::~WarmUp() = default;

void WarmUp::start(const Snapshot& snapshot, const CompletionSettings& settings) {
  stop();
  const engine::Tokenizer* tokenizer = source_.tokenizer();
  if (!tokenizer) return;
  const PromptBudget budget = prompt_budget(settings, source_.context_tokens());
  std::vector<engine::TokenId> prompt = prompt_beginning(*tokenizer, *snapshot.text, snapshot.path, budget);
  if (prompt.empty()) return;
  task_ = std::make_shared<Task>(Task{source_, snapshot.uri, std::move(prompt)});
  next_slice(task_);
}

void WarmUp::next_slice(const std::shared_ptr<Task>& task) {
  if (task->submitted == task->prompt.size()) return;
  task->submitted = std::min(task->submitted + kSliceTokens, task->prompt.size());
  engine::Request request;
  request.prompt.assign(task->prompt.begin(), task->prompt.begin() + static_cast<ptrdiff_t>(task->submitted));
  request.max_tokens = 0;
  request.priority = engine::Priority::warm_up;
  task->request = task->source.submit(std::move(request), [weak = std::weak_ptr(task)](const engine::Update& update) {
    const auto running = weak.lock();
    if (!running || !update.finished) return;
    running->request = 0;
    const bool well = update.reason != engine::FinishReason::failed && update.reason != engine::FinishReason::cancelled;
    if (well) next_slice(running);
  });
}

void WarmUp::stop() {
  if (task_ && task_->request != 0) source_.cancel(task_->request);
  task_.reset();
}

void WarmUp::document_closed(const std::string& uri) {
  if (task_ && task_->uri == uri) stop();
}

}  // namespace lacuna::server
