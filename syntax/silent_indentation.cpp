#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "syntax/bracket_suspects.h"
#include "syntax/silent_errors.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

/// A statement's line with those that continue it in brackets, in strings or behind a backslash.
struct LogicalLine {
  ByteRange first;   // its first lexeme
  int indent;        // columns
  bool opens_block;  // ends in `:`
  bool leaves;       // begins with `return` or the like: nothing can follow in its block
};

bool leaves_block(std::string_view word) {
  return word == "return" || word == "raise" || word == "continue" || word == "break";
}

/// Empty where the scanner sees a string that is not closed or a bracket that is alone: the text parses, so the scanner
/// is wrong about it (f-strings within f-strings).
std::vector<LogicalLine> logical_lines(const AcceptedText& accepted) {
  std::vector<LogicalLine> lines;
  int depth = 0;
  bool continued = false;
  for (size_t i = 0; i < accepted.lexemes.size(); i++) {
    const Lexeme& each = accepted.lexemes[i];
    if (each.kind == Lexeme::Kind::comment) continue;
    const bool is_mark = each.kind == Lexeme::Kind::mark;
    if (each.first_on_line && depth == 0 && !continued)
      lines.push_back({each.range, each.indent, false, leaves_block(accepted.text_of(i))});
    if (is_opening(accepted.text, each)) depth++;
    if (is_closing(accepted.text, each)) depth--;
    if (depth < 0 || each.unclosed) return {};
    continued = is_mark && accepted.text_of(i) == "\\";
    if (!lines.empty()) lines.back().opens_block = is_mark && depth == 0 && accepted.text_of(i) == ":";
  }
  if (depth != 0) return {};
  return lines;
}

/// The first line whose depth the language forbids, and the depth that it should have.
struct WrongDepth {
  size_t line;
  std::optional<size_t> like;  // the line whose depth is meant, if that is clear
};

/// A line that goes deeper without a block: either it has slipped, or the one before it has.
WrongDepth slipped(const std::vector<LogicalLine>& lines, size_t at) {
  const int deep = lines[at].indent;
  const int shallow = lines[at - 1].indent;
  if (at >= 2 && lines[at - 2].indent == deep && !lines[at - 2].opens_block) return {at - 1, at};
  if (at >= 2 && lines[at - 2].opens_block && lines[at - 2].indent < deep && lines[at - 2].indent == shallow)
    return {at - 1, at};
  const bool alone = at + 1 == lines.size() || lines[at + 1].indent <= shallow;
  return {at, alone && !lines[at].opens_block ? std::optional(at - 1) : std::nullopt};
}

std::optional<WrongDepth> first_wrong_depth(const std::vector<LogicalLine>& lines) {
  std::vector<size_t> open;  // the first lines of the blocks around
  for (size_t at = 0; at < lines.size(); at++) {
    const int indent = lines[at].indent;
    if (at == 0 || lines[at - 1].opens_block) {
      open.push_back(at);
      continue;
    }
    if (indent > lines[open.back()].indent) return slipped(lines, at);
    const size_t last = open.back();
    while (open.size() > 1 && lines[open.back()].indent > indent) open.pop_back();
    if (lines[open.back()].indent == indent) continue;
    // Between two depths: the nearer is meant, but for what would never be reached.
    const size_t outer = open.back();
    const size_t inner = open.size() > 1 || last != outer ? last : outer;
    const bool nearer_inner = lines[inner].indent - indent <= indent - lines[outer].indent;
    const bool unreachable = lines[at - 1].leaves && lines[at - 1].indent == lines[inner].indent;
    return WrongDepth{at, nearer_inner && !unreachable ? inner : outer};
  }
  return std::nullopt;
}

}  // namespace

void find_wrong_indentation(const AcceptedText& accepted, std::vector<SyntaxError>& errors) {
  const std::vector<LogicalLine> lines = logical_lines(accepted);
  const std::optional<WrongDepth> wrong = first_wrong_depth(lines);
  if (!wrong) return;
  const ByteRange first = lines[wrong->line].first;
  const uint32_t begin = line_at(accepted.text, first.begin).begin;
  const ByteRange shown{first.begin, std::min(first.end, line_at(accepted.text, first.begin).end)};
  SyntaxError error{shown, "unexpected indentation", std::nullopt, std::nullopt};
  if (wrong->like) {
    const std::string_view meant = indentation_at(accepted.text, lines[*wrong->like].first.begin);
    error.cure = TextChange{{begin, first.begin}, std::string(meant)};
  }
  errors.push_back(std::move(error));
}

namespace {

constexpr int enough_blocks = 6;          // with the usual step
constexpr uint32_t enough_doc_lines = 3;  // in a docstring

SyntaxError wrong_depth(const AcceptedText& accepted, uint32_t line, std::string_view meant) {
  const ByteRange whole = line_at(accepted.text, line);
  const auto old_size = static_cast<uint32_t>(indentation_at(accepted.text, line).size());
  return {{whole.begin + old_size, whole.end},
          "unexpected indentation",
          std::nullopt,
          TextChange{{whole.begin, whole.begin + old_size}, std::string(meant)}};
}

/// The only line of a docstring that is indented less than its quotes.
void find_shallow_doc_line(const AcceptedText& accepted, const Lexeme& doc, std::vector<SyntaxError>& errors) {
  const auto is_shallow = [&](ByteRange line) {
    return width_of(indentation_at(accepted.text, line.begin)) < doc.indent;
  };
  std::optional<uint32_t> shallow;
  uint32_t lines = 0;
  for (uint32_t at = line_at(accepted.text, doc.range.begin).end + 1; at < doc.range.end;) {
    const ByteRange line = line_at(accepted.text, at);
    at = line.end + 1;
    if (without_trailing_blanks(slice(accepted.text, line)).empty()) continue;
    lines++;
    if (is_shallow(line) && shallow) return;
    if (is_shallow(line)) shallow = line.begin;
  }
  if (shallow && lines >= enough_doc_lines)
    errors.push_back(wrong_depth(accepted, *shallow, indentation_at(accepted.text, doc.range.begin)));
}

/// The only block whose single line is not indented by the step that all others take.
void find_unusual_step(const AcceptedText& accepted, std::vector<SyntaxError>& errors) {
  const std::vector<LogicalLine> lines = logical_lines(accepted);
  std::map<int, std::vector<size_t>> by_step;
  for (size_t at = 1; at < lines.size(); at++)
    if (lines[at - 1].opens_block) by_step[lines[at].indent - lines[at - 1].indent].push_back(at);
  if (by_step.size() != 2) return;
  const auto [unusual, usual] = std::minmax_element(
      by_step.begin(), by_step.end(), [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  if (unusual->second.size() != 1 || static_cast<int>(usual->second.size()) < enough_blocks) return;
  const size_t at = unusual->second.front();
  const bool alone = at + 1 == lines.size() || lines[at + 1].indent <= lines[at - 1].indent;
  if (!alone || lines[at].opens_block) return;
  std::string meant(indentation_at(accepted.text, lines[at - 1].first.begin));
  if (meant.find('\t') != std::string::npos) return;
  meant.append(static_cast<size_t>(std::max(usual->first, 0)), ' ');
  errors.push_back(wrong_depth(accepted, lines[at].first.begin, meant));
}

}  // namespace

void find_unusual_indentation(const AcceptedText& accepted, std::vector<SyntaxError>& errors) {
  for (const Lexeme& each : accepted.lexemes) {
    const bool doc = each.kind == Lexeme::Kind::string && each.first_on_line && each.last_on_line;
    if (doc && slice(accepted.text, each.range).find('\n') != std::string_view::npos)
      find_shallow_doc_line(accepted, each, errors);
  }
  find_unusual_step(accepted, errors);
}

}  // namespace lacuna::syntax
