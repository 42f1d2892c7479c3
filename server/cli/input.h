/// Reading what a command is given: a file, or stdin for "-".
#pragma once

#include <string>

#include "support/result.h"

namespace lacuna::server {

/// Empty and "-" are stdin. Errors: not_found, io, invalid_argument (not a regular file), exhausted (over max_bytes).
Result<std::string> read_input(const std::string& file, size_t max_bytes);

}  // namespace lacuna::server
