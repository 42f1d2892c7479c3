#include "server/cli/source_files.h"

#include <algorithm>
#include <filesystem>

#include "server/cli/input.h"
#include "support/utf8.h"

namespace lacuna::server {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxSourceBytes = size_t{32} << 20;

Result<const syntax::Language*> language_of(const std::string& path, const std::string& language) {
  const syntax::Language* found = syntax::find_language(language, language.empty() ? path : std::string());
  if (found != nullptr) return found;
  if (!language.empty()) return Error::format(ErrorCode::unsupported, "the language '{}' is not known", language);
  if (path == "-") return Error{ErrorCode::invalid_argument, "stdin needs --language"};
  return Error::format(ErrorCode::unsupported, "'{}': the name does not tell its language; give --language", path);
}

bool skipped(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name == "node_modules";
}

Result<std::vector<SourceFile>> walk(const std::string& folder, const std::string& language) {
  std::vector<SourceFile> files;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    const fs::file_status status = it->symlink_status(ignored);
    if (fs::is_directory(status) && skipped(it->path())) it.disable_recursion_pending();
    if (!fs::is_regular_file(status) || skipped(it->path())) continue;
    const syntax::Language* found = syntax::find_language({}, it->path().string());
    if (found != nullptr && (language.empty() || found == syntax::find_language(language, {}))) {
      files.push_back({it->path().string(), found});
    }
  }
  if (error) return Error::format(ErrorCode::io, "cannot walk the folder '{}': {}", folder, error.message());
  std::sort(files.begin(), files.end(), [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace

Result<std::vector<SourceFile>> find_source_files(const std::string& path, const std::string& language) {
  std::error_code error;
  if (path != "-") {
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) return Error::format(ErrorCode::not_found, "there is no file '{}'", path);
    if (fs::is_directory(status)) return walk(path, language);
  }
  LACUNA_ASSIGN_OR_RETURN(const syntax::Language* found, language_of(path, language));
  return std::vector<SourceFile>{{path, found}};
}

Result<std::string> read_source(const SourceFile& file) {
  LACUNA_ASSIGN_OR_RETURN(std::string text, read_input(file.path, kMaxSourceBytes));
  if (text.find('\0') != std::string::npos) {
    return Error::format(ErrorCode::invalid_argument, "'{}' is not text: it holds a NUL byte", file.path);
  }
  if (utf8::is_valid(text)) return text;
  size_t offset = 0;
  for (utf8::Decoded next = utf8::decode(text, 0); next.valid && next.length > 0; next = utf8::decode(text, offset)) {
    offset += next.length;
  }
  return Error::format(ErrorCode::invalid_argument, "'{}' is not UTF-8: the byte at offset {} is wrong", file.path,
                       offset);
}

}  // namespace lacuna::server
