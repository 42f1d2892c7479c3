#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "syntax/bracket_suspects.h"
#include "syntax/repair_candidates.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr size_t max_suspects = 10;
constexpr size_t all_places = 90;      // between an opener and its limit: up to this many, each place is tried
constexpr size_t near_places = 30;     // else these at either end, and
constexpr size_t aligned_places = 60;  // these ends of lines that indentation speaks for
constexpr size_t max_line_ends = 60;
constexpr size_t deepest_close = 4;
constexpr size_t max_paired = 6;  // suspects that may both have lost their closer

std::string text_of_closers(const RepairSearch& search, const std::vector<size_t>& open, size_t count) {
  std::string closers;
  for (size_t i = 0; i < count; i++) closers += closer_of(search.text_of(open[open.size() - 1 - i])[0]);
  return closers;
}

/// The blank line in the gap before lexeme `boundary` on which a closer of `opener` would stand: the offset of its end,
/// or 0.
uint32_t blank_line_in_gap(const RepairSearch& search, size_t boundary, const Lexeme& opener) {
  std::string_view text = search.text();
  uint32_t at = search.lexemes()[boundary - 1].range.end;
  auto end =
      boundary < search.lexemes().size() ? search.lexemes()[boundary].range.begin : static_cast<uint32_t>(text.size());
  uint32_t found = 0;
  for (size_t line = text.find('\n', at); line < end; line = text.find('\n', line + 1)) {
    size_t next = std::min(text.find('\n', line + 1), text.size());
    if (next > end || (next == end && boundary < search.lexemes().size())) break;
    std::string_view blanks = text.substr(line + 1, next - line - 1);
    if (width_of(blanks) == opener.indent && blanks.find_first_not_of(" \t") == std::string_view::npos && found == 0) {
      found = static_cast<uint32_t>(next);
    }
  }
  return found;
}

/// The bracket that a closer of `opener`'s kind would really close if it stood before lexeme `boundary`: maybe one
/// further in.
size_t closed_at(const RepairSearch& search, size_t opener, size_t boundary) {
  std::string_view open = search.text_of(opener);
  std::string close(1, closer_of(open[0]));
  int depth = 0;
  for (size_t at = boundary; at-- > opener;) {
    if (search.is_mark(at, close)) depth++;
    if (search.is_mark(at, open) && depth-- == 0) return at;
  }
  return opener;
}

TextChange placed_closer(const RepairSearch& search, size_t boundary, size_t opener_index) {
  const Lexeme& opener = search.lexemes()[opener_index];
  std::string closer(1, closer_of(search.text_of(opener_index)[0]));
  uint32_t after = search.lexemes()[boundary - 1].range.end;
  bool line_ends = boundary == search.lexemes().size() || search.lexemes()[boundary].first_on_line;
  if (boundary < search.lexemes().size() &&
      is_remark(search.text(), search.lexemes()[boundary], &search.lexemes()[boundary - 1])) {
    const uint32_t line = line_at(search.text(), search.lexemes()[boundary].range.begin).begin;
    const auto at = line + static_cast<uint32_t>(indentation_at(search.text(), opener.range.begin).size());
    if (at < search.lexemes()[boundary].range.begin) return {{at, at}, closer};
  }
  if (!line_ends || !opener.last_on_line) return placed(search, boundary, closer);
  if (uint32_t blank = blank_line_in_gap(search, boundary, opener); blank != 0) return {{blank, blank}, closer};
  return {{after, after}, fmt::format("\n{}{}", indentation_at(search.text(), opener.range.begin), closer)};
}

void close_at(RepairSearch& search, size_t opener, size_t boundary) {
  TextChange change = placed_closer(search, boundary, closed_at(search, opener, boundary));
  search.try_change(RepairKind::close, change.range, change.text);
  if (change.text.size() > 1) {
    TextChange inline_change = placed(search, boundary, change.text.substr(change.text.size() - 1));
    search.try_change(RepairKind::close, inline_change.range, inline_change.text);
  }
}

/// The next line is not indented deeper than the opener's: its block may be over.
bool is_aligned_end(const RepairSearch& search, size_t opener, size_t boundary) {
  const std::vector<Lexeme>& lexemes = search.lexemes();
  if (boundary >= lexemes.size()) return true;
  return lexemes[boundary].first_on_line && lexemes[boundary].indent <= lexemes[opener].indent;
}

void close(RepairSearch& search, OpenBracket bracket) {
  size_t first = bracket.opener + 1;
  size_t last = std::min({bracket.limit, search.failed_lexeme(), search.lexemes().size()});
  if (last < first) return;
  if (last - first <= all_places) {
    for (size_t at = last + 1; at-- > first && !search.out_of_time();) close_at(search, bracket.opener, at);
    return;
  }
  size_t aligned = 0;
  for (size_t at = first + near_places; at + near_places < last && aligned < aligned_places && !search.out_of_time();
       at++) {
    if (!is_aligned_end(search, bracket.opener, at)) continue;
    close_at(search, bracket.opener, at);
    aligned++;
  }
  for (size_t i = 0; i <= near_places && !search.out_of_time(); i++) {
    close_at(search, bracket.opener, last - i);
    close_at(search, bracket.opener, first + i);
  }
}

/// Closers at the end of a line that began before them: where a doubled or a stray one stands.
void remove_line_end_closers(RepairSearch& search) {
  const std::vector<Lexeme>& lexemes = search.lexemes();
  size_t tried = 0;
  for (size_t at = std::min(search.failed_lexeme() + 1, lexemes.size());
       at-- > 0 && tried < max_line_ends && !search.out_of_time();) {
    if (!is_closing(search.text(), lexemes[at]) || lexemes[at].first_on_line) continue;
    bool doubled = search.text_of(at - 1) == search.text_of(at);
    if (!doubled && !(lexemes[at].last_on_line && search.text_of(at) == "}")) continue;
    TextChange change = removed(search, at);
    search.try_change(RepairKind::remove, change.range, change.text);
    tried++;
  }
}

void remove_lexeme(RepairSearch& search, size_t lexeme) {
  TextChange change = removed(search, lexeme);
  search.try_change(RepairKind::remove, change.range, change.text);
}

/// Openers that `closer` may lack: before each lexeme of the lines just before it, and at the ends of lines that begin
/// a block.
void open_before(RepairSearch& search, size_t closer) {
  const std::vector<Lexeme>& lexemes = search.lexemes();
  constexpr std::string_view kinds[][2] = {{")", "("}, {"]", "["}, {"}", "{"}};
  for (auto& [closing, opening] : kinds) {
    if (search.text_of(closer) != closing) continue;
    size_t block_ends = 0;
    for (size_t back = 0; back <= closer && block_ends < aligned_places && !search.out_of_time(); back++) {
      size_t at = closer - back;
      bool line_end = at > 0 && lexemes[at].first_on_line && lexemes[at - 1].indent < lexemes[at].indent &&
                      lexemes[at - 1].indent <= lexemes[closer].indent;
      if (back > all_places && !line_end) continue;
      if (back > all_places) block_ends++;
      if (opening == "{" && !(at > 0 && lexemes[at].first_on_line) && back > near_places) continue;
      TextChange change = placed(search, at, opening);
      search.try_change(RepairKind::insert, change.range, change.text);
    }
  }
}

/// Several closers at once, where more than one is missing or the end of the statement with them.
void close_several(RepairSearch& search) {
  size_t failed = search.failed_lexeme();
  for (size_t back = 0; back < 12 && back < failed && !search.out_of_time(); back++) {
    size_t boundary = failed - back;
    bool line_end = boundary == search.lexemes().size() || search.lexemes()[boundary].first_on_line;
    if (!line_end && back > 0) continue;
    std::vector<size_t> open = open_brackets(search.text(), search.lexemes(), boundary);
    for (size_t count = 1; count <= std::min(open.size(), deepest_close); count++) {
      std::string closers = text_of_closers(search, open, count);
      uint32_t at = search.lexemes()[boundary - 1].range.end;
      for (std::string_view end : {"", ";", ",", ":", " {", ";}"})
        if (closers.size() + end.size() > 1) search.try_change(RepairKind::close, {at, at}, closers + std::string(end));
    }
  }
}

/// Where a reader would look for the closer: at the end of the opener's line, before what ends the statement, or, of a
/// block, before the first line that is not indented deeper.
std::optional<TextChange> natural_close(const RepairSearch& search, OpenBracket bracket) {
  const std::vector<Lexeme>& lexemes = search.lexemes();
  const Lexeme& opener = lexemes[bracket.opener];
  const size_t limit = std::min(bracket.limit, lexemes.size());
  size_t at = bracket.opener + 1;
  if (opener.last_on_line) {
    while (at < limit && !(lexemes[at].first_on_line && lexemes[at].indent <= opener.indent)) at++;
    return at > bracket.opener + 1 ? std::optional(placed_closer(search, at, bracket.opener)) : std::nullopt;
  }
  while (at < limit && !lexemes[at].first_on_line && lexemes[at].kind != Lexeme::Kind::comment) at++;
  if (search.is_mark(at - 1, ",") || search.is_mark(at - 1, ";")) at--;
  if (at <= bracket.opener + 1) return std::nullopt;
  return placed(search, at, std::string(1, closer_of(search.text_of(bracket.opener)[0])));
}

/// Two openers that each lost their closer: either closer alone gets the parser no further.
void close_pairs(RepairSearch& search, const std::vector<OpenBracket>& unclosed) {
  const size_t count = std::min(unclosed.size(), max_paired);
  for (size_t i = 0; i < count; i++) {
    for (size_t j = i + 1; j < count && !search.out_of_time(); j++) {
      std::optional<TextChange> one = natural_close(search, unclosed[i]);
      std::optional<TextChange> other = natural_close(search, unclosed[j]);
      if (!one || !other || one->range.begin == other->range.begin) continue;
      if (one->range.begin > other->range.begin) std::swap(one, other);
      search.try_changes(RepairKind::close, {*one, *other});
    }
  }
}

}  // namespace

void propose_brackets(RepairSearch& search) {
  size_t failed = search.failed_lexeme();
  size_t end = std::min(failed + 1, search.lexemes().size());
  close_several(search);
  std::vector<size_t> open = open_brackets(search.text(), search.lexemes(), failed);
  for (size_t i = 0; i < std::min(open.size(), max_suspects / 2); i++) {
    close(search, {open[open.size() - 1 - i], failed});
    remove_lexeme(search, open[open.size() - 1 - i]);
  }
  remove_line_end_closers(search);
  BracketSuspects suspects = bracket_suspects(search.text(), search.lexemes(), end);
  auto nearest_first = [](auto& all) {
    std::reverse(all.begin(), all.end());
    if (all.size() > max_suspects) all.resize(max_suspects);
  };
  nearest_first(suspects.unclosed);
  nearest_first(suspects.extra_closers);
  for (OpenBracket bracket : suspects.unclosed) {
    close(search, bracket);
    remove_lexeme(search, bracket.opener);
  }
  close_pairs(search, suspects.unclosed);
  for (size_t closer : suspects.extra_closers) {
    remove_lexeme(search, closer);
    open_before(search, closer);
  }
}

}  // namespace lacuna::syntax
