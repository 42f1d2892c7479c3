#include "server/cli/console.h"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>

#include "server/cli/exit_code.h"

namespace lacuna::server {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr int kBarCells = 24;

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");
struct sigaction old_interrupt;
struct sigaction old_terminate;

void on_signal(int) {
  interrupted = true;
}

}  // namespace

int fail(const Console& console, const Error& error) {
  console.remark("lacuna: {}\n", error.message);
  return exit_code_of(error);
}

std::string progress_text(const DownloadProgress& progress) {
  if (progress.total_bytes == 0) return fmt::format("{}  {}", progress.stage, human_bytes(progress.done_bytes));
  const uint64_t done = std::min(progress.done_bytes, progress.total_bytes);
  const double share = static_cast<double>(done) / static_cast<double>(progress.total_bytes);
  const auto filled = static_cast<size_t>(share * kBarCells);
  return fmt::format("[{}{}] {:3.0f} %  {}  {} of {}", std::string(filled, '#'), std::string(kBarCells - filled, '.'),
                     share * 100, progress.stage, human_bytes(done), human_bytes(progress.total_bytes));
}

void ProgressLine::show(const DownloadProgress& progress) {
  const bool new_stage = progress.stage != stage_;
  if (!console_.live_progress && !console_.json_progress) {
    if (new_stage) console_.remark("{}\n", progress.stage);
    stage_ = progress.stage;
    return;
  }
  const auto now = Clock::now();
  if (!new_stage && now - last_drawn_ < kRedraw) return;
  stage_ = progress.stage;
  last_drawn_ = now;
  if (console_.json_progress) {
    const nlohmann::json line = {
        {"stage", progress.stage}, {"done", progress.done_bytes}, {"total", progress.total_bytes}};
    console_.remark("{}\n", line.dump());
    std::fflush(console_.err);
    return;
  }
  drawn_ = true;
  console_.remark("\r\x1b[K{}", progress_text(progress));
  std::fflush(console_.err);
}

ProgressLine::~ProgressLine() {
  if (drawn_) console_.remark("\r\x1b[K");
}

Interruption::Interruption() {
  interrupted = false;
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, &old_interrupt);
  ::sigaction(SIGTERM, &action, &old_terminate);
}

Interruption::~Interruption() {
  ::sigaction(SIGINT, &old_interrupt, nullptr);
  ::sigaction(SIGTERM, &old_terminate, nullptr);
}

bool Interruption::requested() const {
  return interrupted;
}

}  // namespace lacuna::server
