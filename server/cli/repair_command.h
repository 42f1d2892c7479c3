/// `lacuna repair FILE…`: mends syntax errors in files, folders and stdin, without a model.
#pragma once

#include <string>
#include <vector>

#include "server/cli/console.h"

namespace lacuna::server {

enum class RepairMode {
  diff,   ///< print what would change
  write,  ///< change the files, each atomically; stdin goes to stdout
  check,  ///< print where the errors are
};

struct RepairCommandOptions {
  std::vector<std::string> paths;  ///< files, folders, or "-"
  RepairMode mode = RepairMode::diff;
  std::string language;  ///< for stdin, and for files whose name does not tell; empty: by the name
  bool json = false;
};

/// Returns the process's exit code: a finding where `check` met an error or `write` left one, a failure where a file
/// that was named could not be read or written (the others are still done).
int run_repair(const RepairCommandOptions& options, const Console& console);

}  // namespace lacuna::server
