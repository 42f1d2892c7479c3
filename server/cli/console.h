/// Console: where a command writes its results (out) and its remarks (err), and what those can show.
///
/// Commands get one instead of using stdout and stderr, so that tests can read what they say. One thread.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

#include "server/models/installation.h"
#include "support/result.h"

namespace lacuna::server {

struct Console {
  std::FILE* out = stdout;
  std::FILE* err = stderr;
  bool color = false;          ///< of out
  bool live_progress = false;  ///< err is a terminal: a line may be drawn over again
  bool json_progress = false;  ///< progress is for a program: lines of JSON on err

  template <class... Args>
  void print(fmt::format_string<Args...> text, Args&&... args) const {
    write(out, fmt::format(text, std::forward<Args>(args)...));
  }
  template <class... Args>
  void remark(fmt::format_string<Args...> text, Args&&... args) const {
    write(err, fmt::format(text, std::forward<Args>(args)...));
  }

  static void write(std::FILE* file, std::string_view text) { (void)std::fwrite(text.data(), 1, text.size(), file); }
};

/// Tells `error` on err as "lacuna: MESSAGE" and returns the exit code for it.
int fail(const Console& console, const Error& error);

/// A progress bar on a terminal; elsewhere one line a stage, or for a program lines of {"stage", "done", "total"}, in
/// bytes. Clears itself when destroyed.
class ProgressLine {
 public:
  explicit ProgressLine(const Console& console) : console_(console) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();

  void show(const DownloadProgress& progress);

 private:
  using Clock = std::chrono::steady_clock;

  const Console& console_;
  std::string stage_;
  Clock::time_point last_drawn_{};
  bool drawn_ = false;
};

/// "[#######.......]  48 %  part 3 of 6  235.1 MB of 491.4 MB".
std::string progress_text(const DownloadProgress& progress);

/// While one lives, Ctrl-C and SIGTERM set a flag instead of ending the process. At most one at a time.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  bool requested() const;
};

}  // namespace lacuna::server
