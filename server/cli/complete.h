/// `lacuna complete FILE:LINE:COLUMN`: what an editor would show at a place of a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/cli/console.h"
#include "server/common_options.h"
#include "server/environment.h"
#include "support/result.h"

namespace lacuna::server {

/// A place as editors show it: lines and columns count from 1, columns in characters (Unicode code points).
struct FilePlace {
  std::string file;
  uint32_t line = 1;
  uint32_t column = 1;
};

/// Errors: invalid_argument.
Result<FilePlace> parse_place(std::string_view argument);

/// The byte offset of a place; a column may be one past the end of its line. Errors: invalid_argument (no such place).
Result<uint32_t> offset_of(std::string_view text, const FilePlace& place);

/// The place of a byte offset, without the file.
FilePlace place_of(std::string_view text, uint32_t offset);

/// Prints the text to insert, or says why there is none. Returns the process's exit code: a finding where there is
/// none.
int run_complete(const std::string& place, const CommonOptions& options, const Environment& environment,
                 const Console& console = {});

}  // namespace lacuna::server
