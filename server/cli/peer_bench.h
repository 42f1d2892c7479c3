/// Running a peer's benchmark on the same model file, for a comparison on the same machine in the same minutes.
#pragma once

#include <string>

#include "support/result.h"

namespace lacuna::server {

struct PeerRun {
  std::string program;  ///< path of llama-bench
  std::string model_path;
  int num_threads = 1;
  int prompt_tokens = 512;
  int generated_tokens = 64;
};

struct PeerSpeed {
  double prefill_tokens_per_s = 0;
  double decode_tokens_per_s = 0;
  std::string build;  ///< its commit, as it tells it
};

/// One repetition. Errors: not_found (no such program), io (it failed), corrupt (its output is not what is expected).
Result<PeerSpeed> run_peer_bench(const PeerRun& run);

/// Reads what `llama-bench -o json` prints.
Result<PeerSpeed> parse_peer_output(const std::string& output);

}  // namespace lacuna::server
