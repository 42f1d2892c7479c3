#include "server/lsp/incremental_parser.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "support/log.h"
#include "support/utf8.h"

namespace lacuna::server {
namespace {

using namespace std::chrono_literals;

constexpr auto kQuick = 1ms;
constexpr auto kLoopBudget = 2ms;
constexpr auto kWorkerBudget = 500ms;
constexpr auto kRest = 5s;          // after a parse that ran over its budget
constexpr auto kAbandonAfter = 2s;  // a worker that hangs in a parser
constexpr auto kLongRest = 60s;     // after that: each such parse costs a worker

bool cuts_character(std::string_view text, size_t offset) {
  return offset < text.size() && utf8::is_continuation(text[offset]);
}

/// What is left of a change from `before` to `after` without the text that both begin and end with, at characters.
syntax::Edit difference(std::string_view before, std::string_view after) {
  const size_t shorter = std::min(before.size(), after.size());
  size_t begin = 0;
  while (begin < shorter && before[begin] == after[begin]) ++begin;
  while (begin > 0 && (cuts_character(before, begin) || cuts_character(after, begin))) --begin;
  size_t same = 0;  // at the end
  while (same < shorter - begin && before[before.size() - same - 1] == after[after.size() - same - 1]) ++same;
  while (same > 0 && cuts_character(before, before.size() - same)) --same;
  return {static_cast<uint32_t>(begin), static_cast<uint32_t>(before.size() - same),
          static_cast<uint32_t>(after.size() - same)};
}

}  // namespace

/// One parse: a pure function over what it holds.
struct IncrementalParser::Job {
  const syntax::Language* language;
  Tree base;
  Text base_text;
  std::vector<syntax::Edit> edits;
  Text text;
  std::atomic<bool> cancelled{false};

  std::optional<Result<syntax::SyntaxTree>> result;
  std::chrono::steady_clock::duration took{};

  void run(std::chrono::milliseconds budget) {
    const auto begin = std::chrono::steady_clock::now();
    const syntax::ParseOptions options{budget, &cancelled};
    result = base == nullptr ? syntax::SyntaxTree::parse(*language, *text, options)
                             : base->reparse(edits, *base_text, *text, options);
    took = std::chrono::steady_clock::now() - begin;
  }
};

IncrementalParser::IncrementalParser(Scheduler& scheduler, OnParsed on_parsed)
    : scheduler_(scheduler), on_parsed_(std::move(on_parsed)) {}

IncrementalParser::~IncrementalParser() {
  cancel_job();
}

void IncrementalParser::reset(const syntax::Language* language, Text text) {
  cancel_job();
  language_ = language;
  text_ = std::move(text);
  base_ = nullptr;
  base_text_ = nullptr;
  edits_.clear();
  quick_ = false;
  resting_until_ = 0ms;
  parse_latest();
}

void IncrementalParser::replace(Text text) {
  if (base_ == nullptr && job_ == nullptr) return reset(language_, std::move(text));
  const syntax::Edit edit_of_all = difference(*text_, *text);
  edit({edit_of_all}, std::move(text));
}

void IncrementalParser::edit(const std::vector<syntax::Edit>& edits, Text text) {
  edits_.insert(edits_.end(), edits.begin(), edits.end());
  text_ = std::move(text);
  parse_latest();
}

void IncrementalParser::parse_latest() {
  if (job_ != nullptr) return;
  if (language_ == nullptr || scheduler_.now() < resting_until_) return on_parsed_(nullptr);

  auto job = std::make_shared<Job>();
  job->language = language_;
  job->base = base_;
  job->base_text = base_text_;
  job->edits = edits_;
  job->text = text_;
  if (quick_ && base_ != nullptr) {
    job->run(kLoopBudget);
    if (job->result->ok()) return finish(job);
  }
  job_ = job;
  watchdog_ = scheduler_.start_timer(kAbandonAfter, [this] { abandon_job(); });
  scheduler_.run_worker([job] { job->run(kWorkerBudget); },
                        [this, job] {
                          if (job->cancelled) return;  // by reset() or the destructor: `this` may be gone
                          job_ = nullptr;
                          scheduler_.cancel_timer(std::exchange(watchdog_, 0));
                          finish(job);
                        });
}

void IncrementalParser::finish(const std::shared_ptr<Job>& job) {
  quick_ = job->took < kQuick;
  const bool latest = job->text == text_;
  if (job->result->ok()) {
    base_ = std::make_shared<const syntax::SyntaxTree>(std::move(*job->result).value());
    base_text_ = job->text;
    edits_.erase(edits_.begin(), edits_.begin() + static_cast<std::ptrdiff_t>(job->edits.size()));
    return latest ? on_parsed_(base_) : parse_latest();
  }
  log::warning("no syntax tree for a document of {} bytes: {}", job->text->size(), job->result->error().message);
  give_up(kRest);
}

void IncrementalParser::give_up(std::chrono::milliseconds rest) {
  base_ = nullptr;
  base_text_ = nullptr;
  edits_.clear();
  resting_until_ = scheduler_.now() + rest;
  on_parsed_(nullptr);
}

void IncrementalParser::abandon_job() {
  log::error("a parse of {} bytes did not end in time and is abandoned", job_->text->size());
  cancel_job();
  give_up(kLongRest);
}

void IncrementalParser::cancel_job() {
  if (job_ != nullptr) job_->cancelled = true;
  job_ = nullptr;
  scheduler_.cancel_timer(std::exchange(watchdog_, 0));
}

}  // namespace lacuna::server
