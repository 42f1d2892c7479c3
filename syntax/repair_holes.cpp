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
  return language.id == "json" ? "0" : "x";
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
    if (!fits && error_.opener) {
      const ByteRange line = line_at(text_, error_.opener->begin);
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

/// The first line of what a model wrote, without the blanks around it and without what the text already has behind the
/// hole.
std::string_view wanted_part(std::string_view written, std::string_view before, std::string_view after) {
  if (!before.empty() && is_space(before.back())) {
    while (!written.empty() && is_space(written.front())) written.remove_prefix(1);
  }
  written = without_trailing_blanks(written.substr(0, written.find('\n')));
  const std::string_view rest = without_trailing_blanks(after.substr(0, after.find('\n')));
  for (size_t length = std::min(written.size(), rest.size()); length > 0; length--) {
    if (rest.starts_with(written.substr(written.size() - length)))
      return without_trailing_blanks(written.substr(0, written.size() - length));
  }
  return written;
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
  const std::string_view part = wanted_part(written, text.substr(0, hole.offset), text.substr(hole.offset));
  const Deadline deadline(options.budget, options.cancel);
  const RepairVerifier verifier(tree, text, deadline);
  const std::vector<Lexeme> lexemes =
      lexemes_of(part, lexeme_rules(tree.language()), 0, static_cast<uint32_t>(part.size()));
  const auto something = std::find_if(lexemes.begin(), lexemes.end(), holds_something);
  size_t tried = 0;
  std::optional<Repair> best;
  for (auto last = lexemes.end(); last > something; --last) {
    if (++tried > most_parts || deadline.passed()) break;
    std::vector<TextChange> changes = {
        {{hole.offset, hole.offset}, std::string(part.substr(0, (last - 1)->range.end))}};
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
