/// `lacuna lsp`: the language server over stdin and stdout.
#pragma once

#include "server/common_options.h"
#include "server/environment.h"

namespace lacuna::server {

/// Serves until `exit`, the end of stdin, or the death of the editor. Returns the process's exit code: 0 after
/// `shutdown` and `exit`, 1 otherwise.
int run_lsp(const CommonOptions& options, const Environment& environment);

}  // namespace lacuna::server
