/// Logging to stderr or a file. stdout is never written: it carries protocol bytes.
///
/// Any thread may log. No source text and no prompt may be logged, at any level: log sizes, ids and times instead.
/// The library behind it is an implementation detail of log.cpp.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "support/result.h"

namespace lacuna::log {

enum class Level { debug, info, warning, error, off };

/// Sends messages of at least `level` to `file`, or to stderr when `file` is empty. Call once, before other threads start.
Result<void> open(Level level, const std::string& file);

bool enabled(Level level);
void write(Level level, std::string_view message);

template <class... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::info)) write(Level::info, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::warning)) write(Level::warning, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::error)) write(Level::error, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace lacuna::log
