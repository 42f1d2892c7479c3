#include <fmt/format.h>

#include "syntax/repair_candidates.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

bool is_one_of(std::string_view token, std::string_view characters) {
  return token.size() == 1 && characters.find(token[0]) != std::string_view::npos;
}

bool is_tight(std::string_view token) {
  return token == "." || token == "::" || token == "->" || token == "?." || token == "!" || token == "@";
}

}  // namespace

bool is_remark(std::string_view text, const Lexeme& comment, const Lexeme* before) {
  if (comment.kind != Lexeme::Kind::comment || !comment.first_on_line || before == nullptr) return false;
  const int deeper = comment.indent - before->indent;
  return text[comment.range.begin - 1] == ' ' && (deeper == 1 || deeper == 2);
}

TextChange placed(const RepairSearch& search, size_t boundary, std::string_view token) {
  std::string_view text = search.text();
  const std::vector<Lexeme>& lexemes = search.lexemes();
  uint32_t gap_begin = boundary == 0 ? 0 : lexemes[boundary - 1].range.end;
  uint32_t gap_end = boundary == lexemes.size() ? static_cast<uint32_t>(text.size()) : lexemes[boundary].range.begin;
  std::string_view gap = text.substr(gap_begin, gap_end - gap_begin);
  bool same_line = gap.find('\n') == std::string_view::npos && boundary < lexemes.size();
  auto insert = [](uint32_t at, std::string with) { return TextChange{{at, at}, std::move(with)}; };

  // Two blanks in a row, or one at the end of a line, are where a token was.
  if (gap.size() >= 2 && is_blank(gap[0]) && (is_blank(gap[1]) || gap[1] == '\n') && boundary > 0) {
    return insert(gap_begin + 1, std::string(token));
  }
  // And so is one before a comma.
  const bool before_end = boundary < lexemes.size() && (search.is_mark(boundary, ",") || search.is_mark(boundary, ";"));
  if (gap == " " && before_end) return insert(gap_end, std::string(token));
  if (is_one_of(token, ")]},;.:")) return insert(gap_begin, std::string(token));
  if (is_one_of(token, "([") || (token == "{" && same_line))
    return insert(same_line ? gap_end : gap_begin, std::string(token));
  if (is_tight(token)) return insert(gap_begin, std::string(token));
  if (!same_line) return insert(gap_begin, fmt::format("{}{}", boundary == 0 ? "" : " ", token));
  return insert(gap_begin, fmt::format(" {}{}", token, gap.empty() ? " " : ""));
}

}  // namespace lacuna::syntax
