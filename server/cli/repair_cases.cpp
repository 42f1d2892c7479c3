#include "server/cli/repair_cases.h"

#include <fmt/format.h>
#include <zlib.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

namespace lacuna::server {
namespace {

constexpr size_t kMostBytes = size_t{1} << 30;  // of the uncompressed file

/// The whole file; zlib passes plain text through.
Result<std::string> read_maybe_gzipped(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored))
    return Error{ErrorCode::not_found, fmt::format("there is no file '{}'", path)};
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(::gzopen(path.c_str(), "rb"), &::gzclose);
  if (file == nullptr) return Error{ErrorCode::io, fmt::format("cannot open '{}'", path)};
  std::string text;
  std::string part(size_t{1} << 16, '\0');
  while (true) {
    const int size = ::gzread(file.get(), part.data(), static_cast<unsigned>(part.size()));
    if (size < 0) return Error{ErrorCode::io, fmt::format("cannot read '{}': it is damaged", path)};
    if (size == 0) return text;
    text.append(part, 0, static_cast<size_t>(size));
    if (text.size() > kMostBytes) return Error{ErrorCode::exhausted, fmt::format("'{}' is too long", path)};
  }
}

Result<RepairCase> read_case(std::string_view line) {
  const nlohmann::json value = nlohmann::json::parse(line, nullptr, false);
  if (!value.is_object()) return Error{ErrorCode::invalid_argument, "not a JSON object"};
  for (const char* name : {"lang", "original", "broken"}) {
    if (!value.contains(name) || !value[name].is_string())
      return Error{ErrorCode::invalid_argument, fmt::format("no string '{}'", name)};
  }
  if (!value.contains("ops") || !value["ops"].is_array() || value["ops"].empty())
    return Error{ErrorCode::invalid_argument, "no list 'ops'"};
  RepairCase result;
  const auto language = value["lang"].get<std::string>();
  result.language = syntax::find_language(language, "");
  if (result.language == nullptr)
    return Error{ErrorCode::unsupported, fmt::format("there is no language '{}'", language)};
  result.original = value["original"].get<std::string>();
  result.broken = value["broken"].get<std::string>();
  for (const nlohmann::json& op : value["ops"]) {
    if (!op.is_string()) return Error{ErrorCode::invalid_argument, "'ops' holds something else than names"};
    result.errors.push_back(op.get<std::string>());
  }
  return result;
}

}  // namespace

Result<std::vector<RepairCase>> read_repair_cases(const std::string& path) {
  const Result<std::string> text = read_maybe_gzipped(path);
  if (!text.ok()) return text.error();
  std::vector<RepairCase> cases;
  size_t number = 0;
  for (size_t at = 0; at < text->size();) {
    const size_t end = std::min(text->find('\n', at), text->size());
    const std::string_view line = std::string_view(*text).substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    Result<RepairCase> each = read_case(line);
    if (!each.ok()) return Error{each.error().code, fmt::format("{}:{}: {}", path, number, each.error().message)};
    cases.push_back(std::move(*each));
  }
  if (cases.empty()) return Error{ErrorCode::invalid_argument, fmt::format("'{}' holds no cases", path)};
  return cases;
}

}  // namespace lacuna::server
