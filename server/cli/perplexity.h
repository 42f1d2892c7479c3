/// `lacuna perplexity FILE`: how well a model expects a text; the lower, the better. A check of the engine's
/// arithmetic.
#pragma once

#include <string>

#include "server/cli/console.h"
#include "server/common_options.h"
#include "server/environment.h"

namespace lacuna::server {

struct PerplexityOptions {
  std::string file;          ///< "-": stdin
  int context_tokens = 512;  ///< of one window; windows do not see each other
};

/// Returns the process's exit code.
int run_perplexity(const PerplexityOptions& options, const CommonOptions& common, const Environment& environment,
                   const Console& console);

}  // namespace lacuna::server
