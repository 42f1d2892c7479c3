/// Running another program to its end: pip for `model pull`, a peer's benchmark for `bench --peer`. Never used by
/// `lsp`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "support/result.h"

namespace lacuna::server {

struct ChildCommand {
  std::vector<std::string> arguments;  ///< the program first; looked up in $PATH when it has no '/'
  std::vector<std::string> variables;  ///< "NAME=value", added to the environment that it inherits
  /// Called about ten times a second while it runs. False stops the program, and the error is `cancelled`.
  std::function<bool()> on_tick;
};

struct ChildOutcome {
  int exit_code = 0;   ///< 128 + n where signal n ended it
  std::string output;  ///< the last 1 MiB of what it wrote to stdout
  std::string errors;  ///< and to stderr
};

/// The program's stdin is empty. Errors: not_found (no such program), io, cancelled.
Result<ChildOutcome> run_child(const ChildCommand& command);

}  // namespace lacuna::server
