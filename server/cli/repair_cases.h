/// The cases of `lacuna eval repair`: real files with errors that somebody made in them.
#pragma once

#include <string>
#include <vector>

#include "support/result.h"
#include "syntax/language.h"

namespace lacuna::server {

struct RepairCase {
  const syntax::Language* language = nullptr;
  std::string original;
  std::string broken;
  std::vector<std::string> errors;  ///< what was done to it, by name; never empty
};

/// Reads JSON lines {"lang", "original", "broken", "ops": [names]}, plain or gzipped. Errors: not_found, io,
/// invalid_argument (with the line's number), unsupported (a language that is not known).
Result<std::vector<RepairCase>> read_repair_cases(const std::string& path);

}  // namespace lacuna::server
