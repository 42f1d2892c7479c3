/// Pauses: where the user wants no completions for now: everywhere, or in one language; for some minutes, or until
/// resumed.
///
/// Loop thread only.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/scheduler.h"
#include "syntax/language.h"

namespace lacuna::server {

class Pauses {
 public:
  /// `on_change` is called after every change, also when a pause ends by itself.
  Pauses(Scheduler& scheduler, std::function<void()> on_change)
      : scheduler_(scheduler), on_change_(std::move(on_change)) {}
  ~Pauses();
  Pauses(const Pauses&) = delete;
  Pauses& operator=(const Pauses&) = delete;

  /// `language` null: everywhere. A new pause replaces the one of the same language.
  void pause(const syntax::Language* language, std::optional<std::chrono::minutes> duration);
  /// `language` null: all pauses end.
  void resume(const syntax::Language* language);

  bool everywhere() const { return pauses_.contains(nullptr); }
  /// LSP's ids of the paused languages.
  std::vector<std::string> languages() const;
  /// Why a document of `language` (null: unknown) gets no completions; empty if it does.
  std::string reason(const syntax::Language* language) const;

 private:
  Scheduler& scheduler_;
  std::function<void()> on_change_;
  std::map<const syntax::Language*, TimerId> pauses_;  ///< 0: until resumed
};

}  // namespace lacuna::server
