/// Running a peer's benchmark on the same model file, for a comparison on the same machine in the same minutes.
#pragma once

#include <string>

#include "server/cli/speed_bench.h"
#include "support/result.h"

namespace lacuna::server {

struct PeerRun {
  std::string program;  ///< path of llama-bench
  std::string model_path;
  int num_threads = 1;
  SpeedTest test;
};

struct PeerSpeed {
  double prefill_tokens_per_s = 0;  ///< 0: not measured; so the other
  double decode_tokens_per_s = 0;
  std::string build;  ///< its commit, as it tells it
};

/// One repetition of what SpeedBench measures. Errors: not_found (no such program), io (it failed), corrupt (its output
/// is not what is expected).
Result<PeerSpeed> run_peer_bench(const PeerRun& run);

/// Reads what `llama-bench -o json` prints of one prompt test, one generation test, or both.
Result<PeerSpeed> parse_peer_output(const std::string& output);

}  // namespace lacuna::server
