#include "server/cli/eval_repair.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "server/cli/command_loop.h"
#include "server/cli/exit_code.h"
#include "server/cli/json_output.h"
#include "server/cli/repair_cases.h"
#include "server/cli/sample_statistics.h"
#include "server/cli/token_distance.h"
#include "server/repair/error_repairs.h"
#include "syntax/diagnose.h"
#include "syntax/repair.h"
#include "syntax/tree_shape.h"

namespace lacuna::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostErrors = 3;                  // asked for at once, as the language server does
constexpr size_t kTokensPerError = 4;              // that a valid repair may change
constexpr std::string_view kLineCut = "truncate";  // whose words no parser can know: not in the headline

struct Outcome {
  bool valid = false;
  bool exact = false;
  bool in_first_three = false;
};

struct Row {
  std::string name;
  size_t count = 0;
  size_t valid = 0;
  size_t exact = 0;
  size_t in_first_three = 0;

  void add(const Outcome& outcome) {
    ++count;
    valid += outcome.valid;
    exact += outcome.exact;
    in_first_three += outcome.in_first_three;
  }
  double share(size_t part) const { return static_cast<double>(part) / static_cast<double>(count); }
};

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

Json to_json(const SampleStatistics& times) {
  return {{"p50", times.p50}, {"p95", times.p95}, {"max", times.max}};
}

class RepairEvaluation {
 public:
  /// Adds a model's advice about an error to its repairs. Empty: there is none.
  using Advise = std::function<void(const std::shared_ptr<const Snapshot>& snapshot, const syntax::SyntaxError& error,
                                    ErrorRepairs& repairs)>;

  RepairEvaluation(const Console& console, Advise advise) : console_(console), advise_(std::move(advise)) {}

  Result<void> run(const std::vector<RepairCase>& cases);
  void print_table() const;
  Json to_json() const;

 private:
  Result<Outcome> mend(const RepairCase& each);
  std::vector<std::string> fixes(const syntax::SyntaxTree& tree, const std::string& text);
  void count(const RepairCase& each, const Outcome& outcome);

  const Console& console_;
  Advise advise_;
  std::vector<Row> languages_, kinds_, several_;
  Row all_{"all"};
  Row headline_{"HEADLINE single edit"};
  std::vector<double> search_ms_;
  std::vector<double> advice_ms_;  ///< of the model, waiting for it included
};

Row& row_of(std::vector<Row>& rows, const std::string& name) {
  const auto place = std::lower_bound(rows.begin(), rows.end(), name,
                                      [](const Row& row, const std::string& wanted) { return row.name < wanted; });
  if (place != rows.end() && place->name == name) return *place;
  return *rows.insert(place, Row{name});
}

/// The texts that the fixes of the first error make, in the order in which an editor lists them.
std::vector<std::string> RepairEvaluation::fixes(const syntax::SyntaxTree& tree, const std::string& text) {
  const std::vector<syntax::SyntaxError> errors = syntax::diagnose(tree, text);
  if (errors.empty()) return {};
  const std::vector<size_t> listed = syntax::errors_on_lines(errors, text, errors.front().range, kMostErrors);
  const RepairSearchOptions options{.budget = RepairSearchOptions{}.budget / static_cast<int>(listed.size()),
                                    .holes = advise_ != nullptr};
  const Clock::time_point begin = Clock::now();
  std::vector<ErrorRepairs> found;
  for (const size_t error : listed) found.push_back(ErrorRepairs::of(tree, text, errors[error], options));
  search_ms_.push_back(ms_since(begin));
  if (advise_ && found.front().asks_for_advice()) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->text = std::make_shared<const std::string>(text);
    snapshot->language = &tree.language();
    snapshot->tree = std::make_shared<const syntax::SyntaxTree>(tree);
    const Clock::time_point asked = Clock::now();
    advise_(snapshot, errors[listed.front()], found.front());
    advice_ms_.push_back(ms_since(asked));
  }
  std::vector<std::string> texts;
  for (const ErrorRepairs& repairs : found) {
    for (const ListedRepair& each : repairs.listed())
      texts.push_back(syntax::apply(text, repairs.find(each.number)->changes));
  }
  return texts;
}

Result<Outcome> RepairEvaluation::mend(const RepairCase& each) {
  const Result<syntax::SyntaxTree> original = syntax::SyntaxTree::parse(*each.language, each.original);
  if (!original.ok()) return original.error();
  const std::vector<std::string> wanted = syntax::shape_of(*original, each.original);
  Outcome outcome;
  std::string text = each.broken;
  Result<syntax::SyntaxTree> tree = syntax::SyntaxTree::parse(*each.language, text);
  for (size_t step = 0; step <= 2 * each.errors.size() + 2; ++step) {
    if (!tree.ok()) return tree.error();
    outcome.valid = !tree->has_errors();
    outcome.exact = syntax::shape_of(*tree, text) == wanted;
    if (step == 2 * each.errors.size() + 2) break;
    std::vector<std::string> texts = fixes(*tree, text);
    if (texts.empty()) break;
    for (size_t i = 0; step == 0 && i < std::min<size_t>(texts.size(), 3); ++i) {
      const Result<syntax::SyntaxTree> mended = syntax::SyntaxTree::parse(*each.language, texts[i]);
      outcome.in_first_three |= mended.ok() && syntax::shape_of(*mended, texts[i]) == wanted;
    }
    const syntax::Edit all{0, static_cast<uint32_t>(text.size()), static_cast<uint32_t>(texts.front().size())};
    const std::string before = std::exchange(text, std::move(texts.front()));
    tree = tree->reparse({&all, 1}, before, text);
  }
  outcome.in_first_three |= outcome.exact;
  outcome.valid &=
      token_distance(plain_tokens(each.broken), plain_tokens(text)) <= kTokensPerError * each.errors.size();
  return outcome;
}

void RepairEvaluation::count(const RepairCase& each, const Outcome& outcome) {
  all_.add(outcome);
  row_of(languages_, std::string(each.language->id)).add(outcome);
  if (each.errors.size() > 1) return row_of(several_, fmt::format("{} errors", each.errors.size())).add(outcome);
  row_of(kinds_, "single " + each.errors.front()).add(outcome);
  if (each.errors.front() != kLineCut) headline_.add(outcome);
}

Result<void> RepairEvaluation::run(const std::vector<RepairCase>& cases) {
  const Interruption interruption;
  for (const RepairCase& each : cases) {
    if (interruption.requested()) return Error{ErrorCode::cancelled, "interrupted"};
    const Result<Outcome> outcome = mend(each);
    if (!outcome.ok()) return outcome.error();
    count(each, *outcome);
  }
  return {};
}

void RepairEvaluation::print_table() const {
  const auto print = [this](const Row& row) {
    if (row.count == 0) return;
    console_.print("{:24s} n {:4d}  valid {:.3f}  exact {:.3f}  top3 {:.3f}\n", row.name, row.count,
                   row.share(row.valid), row.share(row.exact), row.share(row.in_first_three));
  };
  for (const std::vector<Row>* rows : {&languages_, &kinds_, &several_})
    std::for_each(rows->begin(), rows->end(), print);
  print(all_);
  print(headline_);
  const auto print_times = [this](const char* name, const std::vector<double>& ms) {
    const SampleStatistics times = statistics_of(ms);
    if (times.count == 0) return;
    console_.print("{} p50 {:.0f} ms p95 {:.0f} ms max {:.0f} ms\n", name, times.p50, times.p95, times.max);
  };
  print_times("search", search_ms_);
  print_times("advice", advice_ms_);
}

Json RepairEvaluation::to_json() const {
  const auto row_json = [](const Row& row) -> Json {
    return {{"name", row.name},
            {"n", row.count},
            {"valid", row.share(row.valid)},
            {"exact", row.share(row.exact)},
            {"top3", row.share(row.in_first_three)}};
  };
  Json rows = Json::array();
  for (const std::vector<Row>* group : {&languages_, &kinds_, &several_})
    for (const Row& row : *group) rows.push_back(row_json(row));
  Json result = {{"rows", std::move(rows)}, {"all", row_json(all_)}};
  if (headline_.count > 0) result["headline"] = row_json(headline_);
  result["search_ms"] = lacuna::server::to_json(statistics_of(search_ms_));
  if (!advice_ms_.empty()) result["advice_ms"] = lacuna::server::to_json(statistics_of(advice_ms_));
  return result;
}

}  // namespace

namespace {

/// A model in memory that is asked and waited for.
class ModelAdvice {
 public:
  Result<void> load(const CommonOptions& common, const Environment& environment) {
    return load_model(host_, loop_, common, environment);
  }
  void add(const std::shared_ptr<const Snapshot>& snapshot, const syntax::SyntaxError& error, ErrorRepairs& repairs) {
    std::optional<RepairAdvice> answer;
    advisor_.ask({snapshot, error, repairs.found(), repairs.holes()},
                 [&answer](RepairAdvice given) { answer = std::move(given); });
    loop_.run_until([&answer] { return answer.has_value(); });
    repairs.take(std::move(*answer));
  }

 private:
  CommandLoop loop_;
  ModelHost host_{loop_.post()};
  RepairAdvisor advisor_{host_, run_at_once};
};

}  // namespace

int run_eval_repair(const EvalRepairOptions& options, const CommonOptions& common, const Environment& environment,
                    const Console& console) {
  const Result<std::vector<RepairCase>> cases = read_repair_cases(options.cases);
  if (!cases.ok()) return fail(console, cases.error());
  ModelAdvice model;
  RepairEvaluation::Advise advise;
  if (options.with_model) {
    if (const Result<void> loaded = model.load(common, environment); !loaded.ok()) return fail(console, loaded.error());
    advise = [&model](const auto& snapshot, const auto& error, auto& repairs) { model.add(snapshot, error, repairs); };
  }
  RepairEvaluation evaluation(console, std::move(advise));
  if (const Result<void> done = evaluation.run(*cases); !done.ok()) return fail(console, done.error());
  if (options.json) {
    print_json(console, evaluation.to_json());
  } else {
    evaluation.print_table();
  }
  return kExitOk;
}

}  // namespace lacuna::server
