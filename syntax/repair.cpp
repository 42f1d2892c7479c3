/// find_repairs finds the first token that no reading of the text can take, lets the generators propose changes, and
/// ranks those that bring the parser further. The best ones are then parsed for real: a repair is offered only if
/// tree-sitter's own recovery cost falls and no error is added.
///
/// A failure hides what comes after it. To repair a later error, the earlier ones are mended first, on a copy that
/// nobody sees; the changes found for the later one are then verified on the real text alone. And where two errors are
/// so close that mending one alone makes tree-sitter stumble worse over the other, both are offered as one repair.

#include "syntax/repair.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "support/utf8.h"
#include "syntax/mended_text.h"
#include "syntax/repair_candidates.h"
#include "syntax/repair_ranker.h"
#include "syntax/repair_title.h"
#include "syntax/repair_verifier.h"
#include "syntax/repair_window.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr size_t max_verified = 12;       // reparses in one answer
constexpr int max_hidden_repairs = 12;    // of earlier errors
constexpr int max_steps = 200;            // of fix-all
constexpr int max_joint_repairs = 4;      // of errors mended together
constexpr double preferred_chance = 0.5;  // of being what the author meant, by the ranker's own estimate
constexpr double far_behind = 6;          // in score: what removes a line takes the errors on it away, too
constexpr double joint_chance = 0.5;      // from which on a likely repair is worth mending the next error too

struct Ranked {
  Candidate candidate;
  double score;
  double chance;
};

/// All candidates for the first failure of a search that has found one, best first.
std::vector<Ranked> ranked_candidates(RepairSearch& search) {
  std::vector<Candidate> candidates = all_candidates(search);
  std::vector<RepairFeatures> features = features_of(search, candidates);
  std::vector<Ranked> ranked;
  for (size_t i = 0; i < candidates.size(); i++) {
    double score = score_of(candidates[i], features[i]);
    ranked.push_back({std::move(candidates[i]), score, 0});
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
  double sum = 0;
  for (Ranked& each : ranked) sum += each.chance = std::exp(each.score - ranked.front().score);
  for (Ranked& each : ranked) each.chance /= sum;
  return ranked;
}

/// Mending that throws a large part of a file away is none: who runs it on save or over a folder would lose work.
bool throws_much_away(std::string_view text, const std::vector<TextChange>& changes) {
  constexpr size_t always_allowed = 200;  // a duplicated block, a conflict marker's side
  size_t removed = 0;
  size_t added = 0;
  for (const TextChange& change : changes) {
    removed += change.range.size();
    added += change.text.size();
  }
  const size_t lost = removed - std::min(removed, added);
  return lost > text.size() / 2 || lost > always_allowed + text.size() / 10;
}

/// Alternatives that read alike are told apart by their columns.
void distinguish(std::string_view text, std::vector<Repair>& repairs) {
  std::vector<std::string> titles;
  for (const Repair& repair : repairs) titles.push_back(repair.title);
  for (Repair& repair : repairs) {
    if (std::count(titles.begin(), titles.end(), repair.title) < 2) continue;
    uint32_t at = repair.changes.front().range.begin;
    size_t column = utf8::utf32_length(slice(text, {line_at(text, at).begin, at})) + 1;
    repair.title += fmt::format(" (column {})", column);
  }
}

/// One request for the repairs of one error.
class RepairRequest {
 public:
  RepairRequest(const SyntaxTree& tree, std::string_view text, const SyntaxError& error, const RepairOptions& options)
      : language_(tree.language()),
        text_(text),
        error_(error),
        max_repairs_(options.max_repairs),
        deadline_(options.budget, options.cancel),
        search_deadline_(options.budget * 3 / 5, options.cancel),
        window_(repair_window(tree, text.size(), error.range.begin)),
        verifier_(tree, text, deadline_) {}

  /// run(), and whether the clock took part in its result.
  std::vector<Repair> run_in_time(bool* ran_out) {
    std::vector<Repair> repairs = run();
    if (ran_out != nullptr && (search_deadline_.passed() || deadline_.passed())) *ran_out = true;
    return repairs;
  }

 private:
  std::vector<Repair> run() {
    MendedText mended(slice(text_, window_));
    std::vector<Repair> of_cause;
    for (int hidden = 0; hidden <= max_hidden_repairs; hidden++) {
      std::optional<uint32_t> failure;
      std::vector<Ranked> ranked = candidates_of(mended.text(), &failure);
      if (ranked.empty()) break;
      if (concerns(*failure, mended) || hidden == max_hidden_repairs) return verified(ranked, mended);
      // The failure lies before the error asked for: it may be its cause, or an error of its own.
      if (hidden == 0) of_cause = verified(ranked, mended);
      mended.mend(ranked.front().candidate.changes);
    }
    return of_cause;
  }

  std::vector<Ranked> candidates_of(std::string_view text, std::optional<uint32_t>* failure = nullptr) const {
    RepairSearch search(language_, text, search_deadline_);
    if (!search.detect()) return {};
    if (failure != nullptr) *failure = search.failure().begin;
    return ranked_candidates(search);
  }

  /// Nothing is wrong before a failure: an error told on its line or before it is this one.
  bool concerns(uint32_t failure, const MendedText& mended) const {
    uint32_t line_end = line_at(mended.text(), failure).end;
    std::optional<ByteRange> real = mended.real(ByteRange{line_end, line_end});
    return !real || real->begin + window_.begin >= error_.range.begin;
  }

  /// The best candidates that stand the test; last those after which the text parses, but less well than after others.
  std::vector<Repair> verified(const std::vector<Ranked>& ranked, const MendedText& mended) const {
    std::vector<Tested> tested;
    std::vector<std::string> results;
    const size_t last = std::min(ranked.size(), max_verified);
    for (size_t i = 0; i < last && tested.size() < max_repairs_ + max_worse(tested); i++) {
      if (i > 0 && deadline_.passed()) break;
      std::optional<std::vector<TextChange>> changes = mended.real(ranked[i].candidate.changes);
      if (!changes) continue;
      for (TextChange& change : *changes)
        change.range = {change.range.begin + window_.begin, change.range.end + window_.begin};
      std::optional<Verdict> verdict = verifier_.verdict(*changes);
      if (!verdict && i == 0 && ranked[i].chance >= joint_chance) verdict = mend_next_too(*changes);
      if (!verdict) continue;
      std::string result = syntax::apply(text_, *changes);
      if (std::find(results.begin(), results.end(), result) != results.end()) continue;
      results.push_back(std::move(result));
      tested.push_back({std::move(*changes), &ranked[i], *verdict});
    }
    size_t fewest = SIZE_MAX;
    for (const Tested& each : tested) {
      const bool likely = each.ranked->score > tested.front().ranked->score - far_behind;
      if (likely && each.verdict.remaining_errors == 0) fewest = std::min(fewest, each.verdict.silent_errors);
    }
    std::stable_partition(tested.begin(), tested.end(),
                          [fewest](const Tested& each) { return each.verdict.silent_errors <= fewest; });
    std::vector<Repair> repairs;
    for (size_t i = 0; i < std::min(tested.size(), max_repairs_); i++)
      repairs.push_back(repair_of(tested[i], repairs.empty()));
    distinguish(text_, repairs);
    return repairs;
  }

  /// A candidate that stood the test.
  struct Tested {
    std::vector<TextChange> changes;
    const Ranked* ranked;
    Verdict verdict;
  };

  /// Where the first ones leave errors that the grammar lets pass, a few more are tried.
  static size_t max_worse(const std::vector<Tested>& tested) {
    const auto worse =
        std::count_if(tested.begin(), tested.end(), [](const Tested& each) { return each.verdict.silent_errors > 0; });
    return static_cast<size_t>(worse);
  }

  /// Adds the best repairs of the following failures to `changes`, until all together stand the test.
  std::optional<Verdict> mend_next_too(std::vector<TextChange>& changes) const {
    if (window_.size() != text_.size()) return std::nullopt;
    MendedText joint(text_);
    joint.mend(changes);
    for (int more = 0; more < max_joint_repairs && !search_deadline_.passed(); more++) {
      std::vector<Ranked> next = candidates_of(joint.text());
      if (next.empty()) break;
      joint.mend(next.front().candidate.changes);
      std::vector<TextChange> all = joint.all_changes();
      if (std::optional<Verdict> verdict = verifier_.verdict(all)) {
        changes = std::move(all);
        return verdict;
      }
    }
    return std::nullopt;
  }

  Repair repair_of(const Tested& tested, bool first) const {
    Repair repair;
    repair.changes = tested.changes;
    repair.title = repair_title(text_, tested.changes, line_number(text_, error_.range.begin));
    repair.score = tested.ranked->score;
    repair.preferred = first && tested.ranked->chance >= preferred_chance;
    repair.remaining_errors = tested.verdict.remaining_errors;
    return repair;
  }

  const Language& language_;
  std::string_view text_;
  const SyntaxError& error_;
  size_t max_repairs_;
  Deadline deadline_;
  Deadline search_deadline_;  // leaves time for verifying
  ByteRange window_;          // of the text; where it is searched
  RepairVerifier verifier_;
};

}  // namespace

std::string apply(std::string_view text, const std::vector<TextChange>& changes) {
  std::string result;
  size_t at = 0;
  for (const TextChange& change : changes) {
    result.append(text.substr(at, change.range.begin - at)).append(change.text);
    at = change.range.end;
  }
  return result.append(text.substr(at));
}

namespace {

/// The repair of an error that the grammar lets pass: there is nothing to search for.
std::vector<Repair> cured(const SyntaxTree& tree, std::string_view text, const SyntaxError& error,
                          const RepairOptions& options) {
  std::vector<TextChange> changes = {*error.cure};
  const ParseOptions parse{options.budget, options.cancel};
  const Result<SyntaxTree> after = reparse_with(tree, text, changes, parse);
  if (!after.ok() || after->has_errors()) return {};
  std::string title = repair_title(text, changes, line_number(text, error.range.begin));
  return {{.changes = std::move(changes), .title = std::move(title), .preferred = true}};
}

}  // namespace

std::vector<Repair> find_repairs(const SyntaxTree& tree, std::string_view text, const SyntaxError& error,
                                 const RepairOptions& options) {
  if (error.cure && options.max_repairs > 0) return cured(tree, text, error, options);
  if (!tree.has_errors() || options.max_repairs == 0) return {};
  return RepairRequest(tree, text, error, options).run_in_time(options.ran_out);
}

Repair fix_all(const SyntaxTree& tree, std::string_view text, const RepairOptions& options) {
  Deadline deadline(options.budget, options.cancel);
  SyntaxTree current = tree;
  MendedText mended(text);
  int remaining = tree.num_errors();
  for (int step = 0; step < max_steps && !deadline.passed(); step++) {
    std::vector<SyntaxError> errors = diagnose(current, mended.text(), 1);
    if (errors.empty()) break;
    std::vector<Repair> repairs =
        find_repairs(current, mended.text(), errors.front(), {deadline.left(), options.cancel, 1, options.ran_out});
    if (repairs.empty()) break;
    std::string old_text(mended.text());
    MendedText next_text = mended;
    next_text.mend(repairs.front().changes);
    if (throws_much_away(text, next_text.all_changes())) break;
    mended = std::move(next_text);
    ParseOptions parse{std::max(deadline.left(), std::chrono::milliseconds(1)), options.cancel};
    Result<SyntaxTree> next = current.reparse(edits_of(repairs.front().changes), old_text, mended.text(), parse);
    remaining = repairs.front().remaining_errors;
    if (!next.ok()) break;
    current = std::move(*next);
  }
  if (options.ran_out != nullptr && deadline.passed()) *options.ran_out = true;
  Repair all;
  all.changes = mended.all_changes();
  all.remaining_errors = remaining;
  if (!all.changes.empty())
    all.title = all.changes.size() == 1 ? repair_title(text, all.changes, UINT32_MAX) : "Fix all syntax errors";
  return all;
}

}  // namespace lacuna::syntax
