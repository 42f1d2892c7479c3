/// `lacuna eval repair CASES`: how often the first quick-fix is what the author had written.
///
/// Each case is mended as in an editor: the first fix of the first error, again and again until no error or no fix is
/// left. It is valid if the text then parses and at most 4 tokens changed for each error made, exact if the tree is
/// that of the original with the same texts at its leaves, and in the first three if one of the first three fixes of
/// the first error alone made it exact.
#pragma once

#include <string>

#include "server/cli/console.h"
#include "server/common_options.h"
#include "server/environment.h"

namespace lacuna::server {

struct EvalRepairOptions {
  std::string cases;  ///< JSON lines, plain or gzipped
  bool json = false;
  bool with_model = false;  ///< let the model say which repair it likes best, and wait for it
};

/// Returns the process's exit code.
int run_eval_repair(const EvalRepairOptions& options, const CommonOptions& common, const Environment& environment,
                    const Console& console);

}  // namespace lacuna::server
