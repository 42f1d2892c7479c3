/// `lacuna tokenize [FILE]`: the tokens that a model makes of a text.
#pragma once

#include <string>

#include "server/cli/console.h"
#include "server/common_options.h"
#include "server/environment.h"

namespace lacuna::server {

struct TokenizeOptions {
  std::string file;            ///< empty or "-": stdin
  bool parse_special = false;  ///< `<|fim_prefix|>` is one token, not text
};

/// Returns the process's exit code.
int run_tokenize(const TokenizeOptions& options, const CommonOptions& common, const Environment& environment,
                 const Console& console);

}  // namespace lacuna::server
