/// `lacuna bench`: tokens a second of reading in and of writing, beside a peer's and beside the memory's speed where
/// that is wanted; or, with a file to type, the time from a key to its answer.
#pragma once

#include <string>
#include <vector>

#include "server/cli/console.h"
#include "server/cli/typing_bench.h"
#include "server/common_options.h"
#include "server/environment.h"

namespace lacuna::server {

struct BenchOptions {
  int prompt_tokens = 512;
  int generated_tokens = 64;
  std::vector<int> contexts;  ///< lengths of prompts that are read in and written behind, besides
  int repetitions = 5;        ///< of which the median is told
  bool memory = false;        ///< measure how fast memory is read, too
  std::string peer;           ///< path of llama.cpp's llama-bench; empty: none
  TypingOptions typing;       ///< instead of all that, where it names a file
};

/// Returns the process's exit code.
int run_bench(const BenchOptions& options, const CommonOptions& common, const Environment& environment,
              const Console& console);

}  // namespace lacuna::server
