#include "server/lsp/parent_watch.h"

#include <utility>

#include "support/os.h"

namespace lacuna::server {
namespace {

constexpr std::chrono::seconds kInterval{2};

}  // namespace

ProcessTable system_process_table() {
  return {&os::parent_process, &os::process_alive};
}

ParentWatch::ParentWatch(Scheduler& scheduler, ProcessTable processes, std::function<void()> on_death)
    : scheduler_(scheduler),
      processes_(std::move(processes)),
      on_death_(std::move(on_death)),
      first_parent_(processes_.parent()) {
  timer_ = scheduler_.start_timer(kInterval, [this] { look(); });
}

ParentWatch::~ParentWatch() {
  scheduler_.cancel_timer(timer_);
}

void ParentWatch::look() {
  if (editor_died()) return on_death_();
  timer_ = scheduler_.start_timer(kInterval, [this] { look(); });
}

bool ParentWatch::editor_died() const {
  const bool handed_over = processes_.parent() != first_parent_;
  if (!editor_) return handed_over;
  return !processes_.alive(*editor_) || (handed_over && *editor_ == first_parent_);
}

}  // namespace lacuna::server
