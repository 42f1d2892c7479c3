/// `lacuna bench`: tokens a second of reading in and of writing, beside a peer's where one is given.
#pragma once

#include <string>

#include "server/cli/console.h"
#include "server/common_options.h"
#include "server/environment.h"

namespace lacuna::server {

struct BenchOptions {
  int prompt_tokens = 512;
  int generated_tokens = 64;
  int repetitions = 5;  ///< of which the median is told
  std::string peer;     ///< path of llama.cpp's llama-bench; empty: none
};

/// Returns the process's exit code.
int run_bench(const BenchOptions& options, const CommonOptions& common, const Environment& environment,
              const Console& console);

}  // namespace lacuna::server
