/// What the process's exit code says. Documented in docs/cli.md; scripts rely on it.
#pragma once

#include "support/result.h"

namespace lacuna::server {

enum ExitCode : int {
  kExitOk = 0,
  kExitFinding = 1,      ///< it ran, and what it checked is not in order
  kExitUsage = 2,        ///< the command line is wrong
  kExitFailure = 3,      ///< it could not do its work
  kExitCancelled = 130,  ///< interrupted by Ctrl-C
};

constexpr int exit_code_of(const Error& error) {
  return error.code == ErrorCode::cancelled ? kExitCancelled : kExitFailure;
}

}  // namespace lacuna::server
