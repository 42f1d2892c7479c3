#include <algorithm>

#include "syntax/repair_candidates.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr size_t max_lines = 8;
constexpr size_t max_places = 120;  // on one line
constexpr size_t strings_back = 3;

/// Between two bytes of different kind: where a quote can stand. Between two blanks, too, if they are no more: one of
/// them was within the string.
bool is_place(std::string_view line, size_t at) {
  if (at == 0 || at == line.size()) return true;
  if (line[at - 1] == '\\') return false;
  bool words = is_word(line[at - 1]) && is_word(line[at]);
  auto blank_at = [line](size_t i) { return i < line.size() && is_blank(line[i]); };
  bool blanks = blank_at(at - 1) && blank_at(at) && (blank_at(at + 1) || (at >= 2 && blank_at(at - 2)));
  return !words && !blanks;
}

void insert_on_line(RepairSearch& search, ByteRange line, std::string_view quote) {
  std::string_view text = slice(search.text(), line);
  size_t places = 0;
  for (size_t at = text.size() + 1; at-- > 0 && places < max_places;) {
    if (!is_place(text, at)) continue;
    places++;
    auto offset = static_cast<uint32_t>(line.begin + at);
    search.try_change(RepairKind::quote, {offset, offset}, quote);
  }
}

void remove_on_line(RepairSearch& search, ByteRange line, char quote) {
  for (uint32_t at = line.begin; at < line.end; at++)
    if (search.text()[at] == quote) search.try_change(RepairKind::quote, {at, at + 1}, "");
}

/// The quotes that a lost one may have been: those of the language that occur on the line, or all if none does.
std::vector<std::string> quotes_for(const RepairSearch& search, std::string_view line) {
  std::vector<std::string> found;
  for (std::string_view kinds : {search.rules().quotes, search.rules().multiline_quotes})
    for (char quote : kinds)
      if (line.find(quote) != std::string_view::npos) found.emplace_back(1, quote);
  if (search.rules().triple_quotes) {
    for (const char* triple : {"\"\"\"", "'''"})
      if (line.find(std::string_view(triple, 2)) != std::string_view::npos) found.emplace_back(triple);
  }
  return found;
}

/// Brackets lost in a string that holds code: "${name" of a template, "{name" of a formatted string.
void close_inside(RepairSearch& search, size_t lexeme) {
  ByteRange range = search.lexemes()[lexeme].range;
  std::string_view text = slice(search.text(), range);
  size_t first = text.find('{');
  if (first == std::string_view::npos) return;
  size_t places = 0;
  for (size_t at = first + 1; at < text.size() && places < max_places; at++) {
    if (!is_place(text, at)) continue;
    places++;
    auto offset = static_cast<uint32_t>(range.begin + at);
    for (std::string_view closer : {"}", ")", "]"}) search.try_change(RepairKind::close, {offset, offset}, closer);
    bool bracket = std::string_view("()[]{}").find(text[at]) != std::string_view::npos;
    if (bracket) search.try_change(RepairKind::remove, {offset, offset + 1}, "");
  }
}

/// The last strings before the failure, nearest first.
void propose_inside_strings(RepairSearch& search) {
  size_t strings = 0;
  for (size_t i = std::min(search.failed_lexeme() + 2, search.lexemes().size()); i-- > 0 && strings < strings_back;) {
    if (search.lexemes()[i].kind != Lexeme::Kind::string || search.out_of_time()) continue;
    strings++;
    close_inside(search, i);
  }
}

bool has_open_string(const RepairSearch& search, size_t lexeme) {
  const Lexeme& each = search.lexemes()[lexeme];
  return each.kind == Lexeme::Kind::string && each.unclosed;
}

/// The line of the failure, then lines before it with a string that does not end, nearest first.
std::vector<ByteRange> suspect_lines(const RepairSearch& search) {
  std::vector<ByteRange> lines;
  auto add = [&](uint32_t offset) {
    ByteRange line = line_at(search.text(), offset);
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  };
  uint32_t failed = search.failure().begin;
  add(failed);
  size_t last = std::min(search.failed_lexeme() + 1, search.lexemes().size());
  for (size_t i = last; i-- > 0 && lines.size() < max_lines;)
    if (has_open_string(search, i)) add(search.lexemes()[i].range.begin);
  if (last > 1 && lines.size() < max_lines) add(search.lexemes()[last - 2].range.begin);
  return lines;
}

}  // namespace

void propose_quotes(RepairSearch& search) {
  propose_inside_strings(search);
  for (ByteRange line : suspect_lines(search)) {
    for (const std::string& quote : quotes_for(search, slice(search.text(), line))) {
      if (search.out_of_time()) return;
      insert_on_line(search, line, quote);
      if (quote.size() == 1) remove_on_line(search, line, quote[0]);
    }
  }
}

}  // namespace lacuna::syntax
