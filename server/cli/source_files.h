/// Finding and reading source files for commands that work on many.
#pragma once

#include <string>
#include <vector>

#include "support/result.h"
#include "syntax/language.h"

namespace lacuna::server {

struct SourceFile {
  std::string path;  ///< "-" is stdin
  const syntax::Language* language = nullptr;
};

/// The source files that `path` names: itself, or below a folder everything in a known language, in the order of the
/// names, without hidden folders and files, node_modules, and symbolic links. Errors: not_found, io, unsupported (a
/// language that is not known, of a file or of stdin), invalid_argument.
Result<std::vector<SourceFile>> find_source_files(const std::string& path, const std::string& language);

/// The text of a file or of stdin. Errors: as read_input(), and invalid_argument for what is binary or not UTF-8.
Result<std::string> read_source(const SourceFile& file);

}  // namespace lacuna::server
