#include "syntax/repair_holes.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "syntax/repair_candidates.h"
#include "syntax/repair_search.h"
#include "syntax/repair_title.h"
#include "syntax/repair_verifier.h"
#include "syntax/repair_window.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr size_t most_parts = 8;  // of a written text that are tried

/// What stands for anything that could be written: a name in most languages, a value in data.
std::string_view stand_in(const Language& language) {
  return language.id == "json" ? "0" : any_name;
}

class HoleSearch {
 public:
  HoleSearch(const SyntaxTree& tree, std::string_view text, const SyntaxError& error, const RepairOptions& options)
      : tree_(tree),
        text_(text),
        error_(error),
        deadline_(options.budget, options.cancel),
        window_(repair_window(tree, text.size(), error.range.begin)),
        search_(tree.language(), slice(text, window_), deadline_) {}

  std::vector<Hole> find() {
    std::vector<Hole> holes;
    if (!search_.detect()) return holes;
    const size_t boundary = search_.failed_lexeme();
    if (boundary == 0 || !concerns_error()) return holes;
    const bool line_ends = boundary == search_.lexemes().size() || search_.lexemes()[boundary].first_on_line;
    const Hole at_failure = hole_before(boundary, line_ends);
    const bool fits = mends(at_failure, stand_in(tree_.language()));
    if (fits || line_ends) holes.push_back(at_failure);
    // A bracket that is open at the end of its line: the line may be cut there, and the failure comes later.
    const ByteRange line = error_.opener ? line_at(text_, error_.opener->begin) : ByteRange{};
    if (!fits && error_.opener && line.end < window_.begin + search_.failure().begin) {
      const Hole cut{line.begin + static_cast<uint32_t>(without_trailing_blanks(slice(text_, line)).size())};
      if (std::find(holes.begin(), holes.end(), cut) == holes.end()) holes.push_back(cut);
    }
    return holes;
  }

 private:
  /// The failure is on the error's line or behind it: before it nothing is wrong.
  bool concerns_error() const {
    const uint32_t failure = window_.begin + search_.failure().begin;
    return line_at(text_, failure).end >= error_.range.begin;
  }

  Hole hole_before(size_t boundary, bool line_ends) const {
    const uint32_t place =
        line_ends ? search_.lexemes()[boundary - 1].range.end : search_.lexemes()[boundary].range.begin;
    return {window_.begin + place};
  }

  bool mends(Hole hole, std::string_view written) const {
    const RepairVerifier verifier(tree_, text_, deadline_);
    return verifier.verdict({{{hole.offset, hole.offset}, spaced(hole, written)}}).has_value();
  }

  /// A name must not melt into the word before it.
  std::string spaced(Hole hole, std::string_view written) const {
    const bool glued = hole.offset > 0 && is_word(text_[hole.offset - 1]);
    return glued ? fmt::format(" {}", written) : std::string(written);
  }

  const SyntaxTree& tree_;
  std::string_view text_;
  const SyntaxError& error_;
  Deadline deadline_;
  ByteRange window_;
  RepairSearch search_;
};

/// The first line of what a model wrote, without blanks that double those before the hole.
std::string_view first_line(std::string_view written, std::string_view before) {
  if (!before.empty() && is_space(before.back())) {
    while (!written.empty() && is_space(written.front())) written.remove_prefix(1);
  }
  return without_trailing_blanks(written.substr(0, written.find('\n')));
}

/// How much of `written` may be wanted, in bytes, the likeliest first: up to where it repeats the rest of the hole's
/// line, and then all of it but comments, and ever less.
std::vector<size_t> possible_lengths(std::string_view written, const std::vector<Lexeme>& lexemes,
                                     std::string_view after) {
  std::vector<size_t> lengths;
  std::string_view rest = without_trailing_blanks(after.substr(0, after.find('\n')));
  while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
  for (size_t at = written.find(rest); !rest.empty() && at != std::string_view::npos; at = written.find(rest, at + 1))
    lengths.push_back(without_trailing_blanks(written.substr(0, at)).size());
  for (auto each = lexemes.rbegin(); each != lexemes.rend(); ++each) {
    if (each->kind != Lexeme::Kind::comment) lengths.push_back(each->range.end);
  }
  return lengths;
}

bool holds_something(const Lexeme& lexeme) {
  return (lexeme.kind == Lexeme::Kind::word || lexeme.kind == Lexeme::Kind::number ||
          lexeme.kind == Lexeme::Kind::string) &&
         !lexeme.unclosed;
}

}  // namespace

std::vector<Hole> find_holes(const SyntaxTree& tree, std::string_view text, const SyntaxError& error,
                             const RepairOptions& options) {
  if (error.cure || !tree.has_errors()) return {};
  return HoleSearch(tree, text, error, options).find();
}

std::optional<Repair> fill_hole(const SyntaxTree& tree, std::string_view text, const SyntaxError& error, Hole hole,
                                std::string_view written, const RepairOptions& options) {
  const std::string_view line = first_line(written, text.substr(0, hole.offset));
  const std::vector<Lexeme> lexemes =
      lexemes_of(line, lexeme_rules(tree.language()), 0, static_cast<uint32_t>(line.size()));
  const auto something = std::find_if(lexemes.begin(), lexemes.end(), holds_something);
  if (something == lexemes.end()) return std::nullopt;
  const Deadline deadline(options.budget, options.cancel);
  const RepairVerifier verifier(tree, text, deadline);
  size_t tried = 0;
  std::optional<Repair> best;
  for (const size_t length : possible_lengths(line, lexemes, text.substr(hole.offset))) {
    if (length < something->range.end) continue;
    if (++tried > most_parts || deadline.passed()) break;
    std::vector<TextChange> changes = {{{hole.offset, hole.offset}, std::string(line.substr(0, length))}};
    const std::optional<Verdict> verdict = verifier.verdict(changes);
    if (!verdict || (best && verdict->remaining_errors >= best->remaining_errors)) continue;
    best.emplace();
    best->changes = std::move(changes);
    best->remaining_errors = verdict->remaining_errors;
  }
  if (best) best->title = repair_title(text, best->changes, line_number(text, error.range.begin));
  return best;
}

}  // namespace lacuna::syntax
