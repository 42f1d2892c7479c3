#include "support/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace lacuna::log {
namespace {

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warning: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
    case Level::off: break;
  }
  return spdlog::level::off;
}

std::shared_ptr<spdlog::logger>& logger() {
  static auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("lacuna", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::warn);
    return made;
  }();
  return instance;
}

}  // namespace

Result<void> open(Level level, const std::string& file) {
  try {
    spdlog::sink_ptr sink;
    if (file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
    }
    logger() = std::make_shared<spdlog::logger>("lacuna", std::move(sink));
  } catch (const spdlog::spdlog_ex& failure) {
    return Error::format(ErrorCode::io, "cannot open the log file '{}': {}", file, failure.what());
  }
  logger()->set_level(spdlog_level(level));
  logger()->flush_on(spdlog::level::info);
  return {};
}

bool enabled(Level level) { return logger()->should_log(spdlog_level(level)); }

void write(Level level, std::string_view message) {
  logger()->log(spdlog_level(level), spdlog::string_view_t(message.data(), message.size()));
}

}  // namespace lacuna::log
