#include "server/cli/repair_command.h"

#include <algorithm>

#include "server/cli/exit_code.h"
#include "server/cli/json_output.h"
#include "server/cli/source_files.h"
#include "server/cli/unified_diff.h"
#include "support/os.h"
#include "support/utf8.h"
#include "syntax/diagnose.h"
#include "syntax/repair.h"

namespace lacuna::server {
namespace {

constexpr std::chrono::milliseconds kParseBudget{5000};
constexpr std::chrono::milliseconds kRepairBudget{2000};

/// One file with everything that was found out about it.
struct Examined {
  SourceFile file;
  std::string text;
  std::vector<syntax::SyntaxError> errors;
  syntax::Repair repair;
  std::string diff;
  int remaining_errors = 0;
  bool written = false;
};

struct Place {
  size_t line;    ///< from 1
  size_t column;  ///< from 1, in characters
};

Place place_of(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const size_t line_end = before.rfind('\n');
  const size_t line_begin = line_end == std::string_view::npos ? 0 : line_end + 1;
  return {1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n')),
          1 + utf8::utf32_length(before.substr(line_begin))};
}

Json to_json(std::string_view text, syntax::ByteRange range) {
  const Place begin = place_of(text, range.begin);
  const Place end = place_of(text, range.end);
  return {{"line", begin.line},       {"column", begin.column}, {"end_line", end.line},
          {"end_column", end.column}, {"offset", range.begin},  {"end_offset", range.end}};
}

Json to_json(const Examined& examined) {
  Json errors = Json::array();
  for (const syntax::SyntaxError& error : examined.errors) {
    Json item = to_json(examined.text, error.range);
    item["message"] = error.message;
    errors.push_back(std::move(item));
  }
  Json changes = Json::array();
  for (const syntax::TextChange& change : examined.repair.changes) {
    Json item = to_json(examined.text, change.range);
    item["text"] = change.text;
    changes.push_back(std::move(item));
  }
  return {{"file", examined.file.path},
          {"language", std::string(examined.file.language->id)},
          {"errors", errors},
          {"changes", changes},
          {"remaining_errors", examined.remaining_errors},
          {"written", examined.written},
          {"diff", examined.diff}};
}

Result<Examined> examine(const SourceFile& file) {
  Examined examined;
  examined.file = file;
  LACUNA_ASSIGN_OR_RETURN(examined.text, read_source(file));
  const auto tree = syntax::SyntaxTree::parse(*file.language, examined.text, {kParseBudget, nullptr});
  if (!tree.ok()) return Error::format(tree.error().code, "'{}': {}", file.path, tree.error().message);
  examined.errors = syntax::diagnose(*tree, examined.text);
  if (examined.errors.empty()) return examined;
  syntax::RepairOptions options;
  options.budget = kRepairBudget;
  examined.repair = syntax::fix_all(*tree, examined.text, options);
  examined.diff = unified_diff(file.path == "-" ? "stdin" : file.path, examined.text, examined.repair.changes);
  examined.remaining_errors = examined.repair.changes.empty() ? tree->num_errors() : examined.repair.remaining_errors;
  return examined;
}

class RepairRun {
 public:
  RepairRun(const RepairCommandOptions& options, const Console& console) : options_(options), console_(console) {}
  int run();

 private:
  void take(const SourceFile& file);
  Result<void> write(Examined& examined);
  void tell(const Examined& examined) const;
  void tell_summary() const;
  void failed(const Error& error);

  const RepairCommandOptions& options_;
  const Console& console_;
  Json files_ = Json::array();
  Json failures_ = Json::array();
  size_t num_files_ = 0;
  size_t num_with_errors_ = 0;
  size_t num_unmended_ = 0;
};

void RepairRun::failed(const Error& error) {
  failures_.push_back(error.message);
  (void)fail(console_, error);
}

Result<void> RepairRun::write(Examined& examined) {
  const std::string mended = syntax::apply(examined.text, examined.repair.changes);
  if (examined.file.path == "-") {
    if (!options_.json) Console::write(console_.out, mended);
    return {};
  }
  if (examined.repair.changes.empty()) return {};
  LACUNA_RETURN_IF_ERROR(os::write_file_atomically(examined.file.path, mended));
  examined.written = true;
  return {};
}

void RepairRun::tell(const Examined& examined) const {
  if (options_.mode == RepairMode::diff) {
    Console::write(console_.out, console_.color ? colored_diff(examined.diff) : examined.diff);
  }
  const bool mended = options_.mode != RepairMode::check && examined.remaining_errors == 0;
  if (mended && examined.written) console_.remark("{}: mended\n", examined.file.path);
  if (mended) return;
  for (const syntax::SyntaxError& error : examined.errors) {
    const Place place = place_of(examined.text, error.range.begin);
    const std::string line = fmt::format("{}:{}:{}: {}\n", examined.file.path, place.line, place.column, error.message);
    Console::write(options_.mode == RepairMode::check ? console_.out : console_.err, line);
  }
}

void RepairRun::take(const SourceFile& file) {
  Result<Examined> examined = examine(file);
  if (!examined.ok()) return failed(examined.error());
  ++num_files_;
  if (!examined->errors.empty()) ++num_with_errors_;
  if (options_.mode == RepairMode::write) {
    if (const Result<void> written = write(*examined); !written.ok()) failed(written.error());
  }
  if (examined->remaining_errors > 0) ++num_unmended_;
  if (options_.json && !examined->errors.empty()) files_.push_back(to_json(*examined));
  if (!options_.json && !examined->errors.empty()) tell(*examined);
}

void RepairRun::tell_summary() const {
  if (options_.json) {
    print_json(console_, {{"files_examined", num_files_},
                          {"files_with_errors", num_with_errors_},
                          {"files_not_mended", num_unmended_},
                          {"files", files_},
                          {"failures", failures_}});
  } else {
    console_.remark("{} file{} examined, {} with syntax errors, {} of them cannot be mended\n", num_files_,
                    num_files_ == 1 ? "" : "s", num_with_errors_, num_unmended_);
  }
}

int RepairRun::run() {
  for (const std::string& path : options_.paths) {
    const Result<std::vector<SourceFile>> files = find_source_files(path, options_.language);
    if (!files.ok()) {
      failed(files.error());
      continue;
    }
    for (const SourceFile& file : *files) take(file);
  }
  tell_summary();
  if (!failures_.empty()) return kExitFailure;
  const bool finding = options_.mode == RepairMode::check ? num_with_errors_ > 0
                                                          : options_.mode == RepairMode::write && num_unmended_ > 0;
  return finding ? kExitFinding : kExitOk;
}

}  // namespace

int run_repair(const RepairCommandOptions& options, const Console& console) {
  return RepairRun(options, console).run();
}

}  // namespace lacuna::server
