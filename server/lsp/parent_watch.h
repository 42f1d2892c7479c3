/// ParentWatch: ends the server when its editor has died, even where someone else keeps stdin open.
///
/// Loop thread only. Looks every two seconds: the process that `initialize` named must live; and where that is our
/// parent, or none was named, we must not have been handed to another parent. A process id that is used again cannot
/// fool the second.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "server/scheduler.h"

namespace lacuna::server {

/// The questions that are asked of the operating system, so that a test can answer them.
struct ProcessTable {
  std::function<int64_t()> parent;
  std::function<bool(int64_t)> alive;
};
ProcessTable system_process_table();

class ParentWatch {
 public:
  ParentWatch(Scheduler& scheduler, ProcessTable processes, std::function<void()> on_death);
  ~ParentWatch();

  /// The editor's process, as it names it.
  void watch(int64_t process_id) { editor_ = process_id; }

 private:
  void look();
  bool editor_died() const;

  Scheduler& scheduler_;
  ProcessTable processes_;
  std::function<void()> on_death_;
  int64_t first_parent_;
  std::optional<int64_t> editor_;
  TimerId timer_ = 0;
};

}  // namespace lacuna::server
