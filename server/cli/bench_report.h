/// What `lacuna bench` has measured, and how it is told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "server/cli/console.h"
#include "server/cli/json_output.h"
#include "server/cli/speed_bench.h"
#include "server/cli/typing_bench.h"

namespace lacuna::server {

struct MeasuredTest {
  SpeedTest test;
  Speeds ours{};
  Speeds peers{};  ///< empty without a peer
};

/// In bytes a second, one of each repetition; empty: not measured.
struct MemoryRead {
  std::vector<double> one_thread;
  std::vector<double> all_threads;  ///< as many as the model has
};

struct SpeedReport {
  engine::ModelInfo model;
  std::string path;
  double load_ms = 0;
  uint64_t rss_bytes = 0;
  int repetitions = 0;
  std::vector<MeasuredTest> tests;  ///< the first is the plain one, the others are of contexts
  std::vector<std::string> order;   ///< who ran, "ours" or "peer"; empty without a peer
  std::string peer_program;         ///< empty: no peer
  std::string peer_build;
  MemoryRead memory;
};

Json to_json(const SpeedReport& report);
void print_report(const SpeedReport& report, const Console& console);

struct TypingReport {
  engine::ModelInfo model;
  std::string path;  ///< of the model
  double load_ms = 0;
  TypingOptions options;
  size_t num_places = 0;
  std::vector<TypedAnswer> answers;
};

Json to_json(const TypingReport& report);
void print_report(const TypingReport& report, const Console& console);

}  // namespace lacuna::server
