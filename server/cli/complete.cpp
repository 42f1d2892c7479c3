#include "server/cli/complete.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>

#include "server/cli/command_loop.h"
#include "server/cli/exit_code.h"
#include "server/cli/json_output.h"
#include "server/cli/source_files.h"
#include "server/completion/completion_service.h"
#include "server/model_host.h"
#include "support/utf8.h"

namespace lacuna::server {
namespace {

/// The number after the last ':' of `rest`, which is cut off there.
Result<uint32_t> take_number(std::string_view& rest, std::string_view argument) {
  const size_t colon = rest.rfind(':');
  const std::string_view digits = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || number == 0) {
    return Error::format(ErrorCode::invalid_argument, "`{}` is no place: FILE:LINE:COLUMN is, both counted from 1",
                         argument);
  }
  rest = rest.substr(0, colon);
  return number;
}

Result<std::shared_ptr<const Snapshot>> read_snapshot(const std::string& file) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->uri = snapshot->path = file;
  snapshot->language = syntax::find_language("", file);
  LACUNA_ASSIGN_OR_RETURN(std::string text, read_source({file, snapshot->language}));
  if (text.size() > std::numeric_limits<uint32_t>::max()) {
    return Error::format(ErrorCode::exhausted, "{} is longer than 4 GiB", file);
  }
  snapshot->text = std::make_shared<const std::string>(std::move(text));
  if (snapshot->language) {
    auto tree = syntax::SyntaxTree::parse(*snapshot->language, *snapshot->text);
    if (tree.ok()) snapshot->tree = std::make_shared<const syntax::SyntaxTree>(*std::move(tree));
  }
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

Json to_json(std::string_view text, uint32_t offset) {
  const FilePlace place = place_of(text, offset);
  return {{"line", place.line}, {"column", place.column}};
}

Json to_json(const Snapshot& snapshot, const CompletionAnswer& answer, const engine::EngineThread::Loaded& loaded) {
  Json items = Json::array();
  for (const CompletionItem& item : answer.items) {
    items.push_back({{"text", item.text},
                     {"start", to_json(*snapshot.text, item.replace.begin)},
                     {"end", to_json(*snapshot.text, item.replace.end)}});
  }
  const engine::RequestStatistics& statistics = answer.statistics;
  return {{"file", snapshot.path},
          {"language", snapshot.language ? Json(snapshot.language->id) : Json(nullptr)},
          {"items", std::move(items)},
          {"silence", answer.silence},
          {"model", loaded.model.name},
          {"isa", loaded.model.isa},
          {"load_ms", loaded.load_ms},
          {"elapsed_ms", answer.elapsed_ms},
          {"prompt_tokens", statistics.prompt_tokens},
          {"cached_tokens", statistics.cached_tokens},
          {"evaluated_tokens", statistics.evaluated_tokens},
          {"generated_tokens", statistics.generated_tokens},
          {"prompt_ms", statistics.prompt_ms},
          {"decode_ms", statistics.decode_ms}};
}

}  // namespace

Result<FilePlace> parse_place(std::string_view argument) {
  FilePlace place;
  std::string_view rest = argument;
  LACUNA_ASSIGN_OR_RETURN(place.column, take_number(rest, argument));
  LACUNA_ASSIGN_OR_RETURN(place.line, take_number(rest, argument));
  place.file = rest;
  if (place.file.empty()) return Error::format(ErrorCode::invalid_argument, "`{}` names no file", argument);
  return place;
}

Result<uint32_t> offset_of(std::string_view text, const FilePlace& place) {
  size_t offset = 0;
  for (uint32_t line = 1; line < place.line; ++line) {
    const size_t newline = text.find('\n', offset);
    if (newline == std::string_view::npos) {
      return Error::format(ErrorCode::invalid_argument, "{} has {} lines, so no line {}", place.file, line, place.line);
    }
    offset = newline + 1;
  }
  const std::string_view line = text.substr(offset, text.find_first_of("\r\n", offset) - offset);
  size_t in_line = 0;
  for (uint32_t column = 1; column < place.column; ++column) {
    if (in_line == line.size()) {
      return Error::format(ErrorCode::invalid_argument, "line {} of {} ends at column {}, so it has no column {}",
                           place.line, place.file, column, place.column);
    }
    in_line += utf8::decode(line, in_line).length;
  }
  return static_cast<uint32_t>(offset + in_line);
}

FilePlace place_of(std::string_view text, uint32_t offset) {
  const std::string_view before = text.substr(0, offset);
  const size_t newline = before.rfind('\n');
  FilePlace place;
  place.line = static_cast<uint32_t>(1 + std::count(before.begin(), before.end(), '\n'));
  place.column =
      static_cast<uint32_t>(1 + utf8::utf32_length(before.substr(newline == std::string_view::npos ? 0 : newline + 1)));
  return place;
}

int run_complete(const std::string& argument, const CommonOptions& options, const Environment& environment,
                 const Console& console) {
  const auto place = parse_place(argument);
  if (!place.ok()) {
    fail(console, place.error());
    return kExitUsage;
  }
  const auto snapshot = read_snapshot(place->file);
  if (!snapshot.ok()) return fail(console, snapshot.error());
  const auto offset = offset_of(*(*snapshot)->text, *place);
  if (!offset.ok()) return fail(console, offset.error());

  CommandLoop loop;
  ModelHost host(loop.post());
  if (const auto loaded = load_model(host, loop, options, environment); !loaded.ok())
    return fail(console, loaded.error());
  CompletionService service(host, run_at_once);
  std::optional<CompletionAnswer> answer;
  service.complete({*snapshot, *offset, /*invoked=*/true}, [&](CompletionAnswer given) { answer = std::move(given); });
  loop.run_until([&] { return answer.has_value(); });

  if (options.json) {
    print_json(console, to_json(**snapshot, *answer, *host.loaded()));
  } else if (answer->items.empty()) {
    console.remark("lacuna: no completion: {}\n", answer->silence);
  } else {
    const CompletionItem& item = answer->items.front();
    console.print("{}\n", std::string_view(item.text).substr(*offset - item.replace.begin));
  }
  return answer->items.empty() ? kExitFinding : kExitOk;
}

}  // namespace lacuna::server
