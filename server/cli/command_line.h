/// The command line: its grammar, and which function runs each command. The option library is known
/// here and in command_tree.cpp only.
#pragma once

#include "server/cli/console.h"
#include "server/environment.h"

namespace lacuna::server {

/// Runs the command that `argv` names and returns the process's exit code (server/cli/exit_code.h).
int run_command_line(int argc, const char* const* argv, const Environment& environment, const Console& console);

}  // namespace lacuna::server
