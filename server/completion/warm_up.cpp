#include "server/completion/warm_up.h"

#include <algorithm>
#include <utility>

namespace lacuna::server {

namespace {

constexpr size_t kSliceTokens = 128;

}  // namespace

struct WarmUp::Task {
  std::string uri;
  std::vector<engine::TokenId> prompt;
  std::function<void()> on_done;
  size_t submitted = 0;           ///< tokens of it that have been asked for
  size_t computed = 0;            ///< and those that are there
  engine::RequestId request = 0;  ///< 0: none in flight
};

WarmUp::WarmUp(TokenSource& source, ComputedPrompts& computed) : source_(source), computed_(computed) {}

WarmUp::~WarmUp() = default;

void WarmUp::start(const std::string& uri, std::vector<engine::TokenId> prompt, std::function<void()> on_done) {
  stop();
  if (prompt.empty()) return;
  task_ = std::make_shared<Task>(Task{uri, std::move(prompt), std::move(on_done)});
  next_slice();
}

void WarmUp::next_slice() {
  Task& task = *task_;
  task.submitted = std::min(task.submitted + kSliceTokens, task.prompt.size());
  engine::Request request;
  request.prompt.assign(task.prompt.begin(), task.prompt.begin() + static_cast<ptrdiff_t>(task.submitted));
  request.max_tokens = 0;
  request.priority = engine::Priority::warm_up;
  // The task ends with this object, so what arrives while it lives may use the object.
  task.request = source_.submit(std::move(request), [this, weak = std::weak_ptr(task_)](const engine::Update& update) {
    if (weak.expired() || !update.finished) return;
    slice_ended(update.reason != engine::FinishReason::failed && update.reason != engine::FinishReason::cancelled);
  });
}

void WarmUp::slice_ended(bool well) {
  task_->request = 0;
  if (well) task_->computed = task_->submitted;
  if (well && task_->submitted < task_->prompt.size()) return next_slice();
  const std::function<void()> on_done = well ? std::move(task_->on_done) : nullptr;
  stop();
  if (on_done) on_done();
}

void WarmUp::stop() {
  if (!task_) return;
  if (task_->request != 0) source_.cancel(task_->request);
  task_->prompt.resize(task_->computed);
  if (!task_->prompt.empty()) computed_.add(std::move(task_->prompt));
  task_.reset();
}

void WarmUp::document_closed(const std::string& uri) {
  if (task_ && task_->uri == uri) stop();
}

}  // namespace lacuna::server
