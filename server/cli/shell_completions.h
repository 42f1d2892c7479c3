/// Writes the scripts that let a shell complete the command line of `lacuna`.
#pragma once

#include <string>

#include "server/cli/command_tree.h"

namespace lacuna::server {

enum class ShellKind { bash, zsh, fish };

/// The whole script, to be put where the shell looks for completions, or to be sourced. It asks `lacuna model list` for
/// the names of models when one is to be completed.
std::string shell_completions(ShellKind shell, const CommandDescription& root);

}  // namespace lacuna::server
