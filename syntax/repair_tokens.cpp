#include <algorithm>
#include <optional>

#include "syntax/repair_candidates.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr size_t insert_reach = 14;  // lexemes before the failure
constexpr size_t remove_reach = 14;
constexpr size_t bracket_reach = 80;  // for single brackets: their partner may be far
constexpr size_t beyond = 2;          // lexemes after the failure

constexpr std::string_view brackets[] = {")", "]", "}", "(", "[", "{"};
constexpr std::string_view handled_elsewhere[] = {"\"", "'", "`", ")", "]", "}"};
constexpr std::string_view separators[] = {",", ";", ":", ".", "="};

bool is_bracket(std::string_view text) {
  return std::find(std::begin(brackets), std::end(brackets), text) != std::end(brackets);
}

bool is_separator(std::string_view text) {
  return std::find(std::begin(separators), std::end(separators), text) != std::end(separators);
}

/// What hides the code behind it mends nothing.
bool begins_comment(const RepairSearch& search, std::string_view token) {
  const std::string_view line_comment = search.rules().line_comment;
  return token.starts_with("/*") || token == "*/" || (!line_comment.empty() && token.starts_with(line_comment));
}

enum class Words { all, needed };

/// `needed`: where any name would serve as well as a word of the language, a name, a value or an expression is missing,
/// and which word it was nobody can know (see repair_holes.h).
void insert_tokens(RepairSearch& search, size_t boundary, Words words) {
  if (boundary == 0 || search.lexemes()[boundary - 1].kind == Lexeme::Kind::comment) return;
  std::optional<bool> name_serves;
  for (const FixedTerminal* terminal : search.terminals_at(search.lexemes()[boundary - 1].range.end)) {
    if (begins_comment(search, terminal->text)) continue;
    // Quotes and closers have generators of their own, which know where they stand well.
    if (std::find(std::begin(handled_elsewhere), std::end(handled_elsewhere), terminal->text) !=
        std::end(handled_elsewhere))
      continue;
    if (terminal->word && words == Words::needed) {
      if (!name_serves) name_serves = search.would_help(placed(search, boundary, any_name));
      if (*name_serves) continue;
    }
    TextChange change = placed(search, boundary, terminal->text);
    search.try_change(RepairKind::insert, change.range, change.text);
  }
}

void remove_token(RepairSearch& search, size_t lexeme) {
  TextChange change = removed(search, lexeme);
  search.try_change(RepairKind::remove, change.range, change.text);
}

void replace_token(RepairSearch& search, size_t lexeme) {
  std::string_view old = search.text_of(lexeme);
  auto try_each = [&](auto& others) {
    for (std::string_view other : others)
      if (other != old) search.try_change(RepairKind::replace, search.lexemes()[lexeme].range, other);
  };
  if (is_bracket(old)) try_each(brackets);
  if (is_separator(old)) try_each(separators);
}

/// Words of the language where any name would serve: for want of anything better.
void propose_any_words(RepairSearch& search) {
  const size_t failed = search.failed_lexeme();
  for (size_t back = 0; back < insert_reach && back <= failed && !search.out_of_time(); back++)
    insert_tokens(search, failed - back, Words::all);
}

}  // namespace

void propose_tokens(RepairSearch& search) {
  size_t failed = search.failed_lexeme();
  size_t end = std::min(search.lexemes().size(), failed + beyond);
  for (size_t back = 0; back < bracket_reach && back <= failed && !search.out_of_time(); back++) {
    size_t at = failed - back;
    if (back < insert_reach) insert_tokens(search, at, Words::needed);
    if (at >= search.lexemes().size() || search.lexemes()[at].kind == Lexeme::Kind::comment) continue;
    if (back < remove_reach || is_bracket(search.text_of(at))) {
      remove_token(search, at);
      replace_token(search, at);
    }
  }
  for (size_t at = failed + 1; at < end; at++) remove_token(search, at);
}

std::vector<Candidate> all_candidates(RepairSearch& search) {
  propose_tokens(search);
  propose_words(search);
  propose_quotes(search);
  propose_brackets(search);
  propose_lines(search);
  if (!search.keeps_any()) propose_any_words(search);
  return search.take();
}

TextChange removed(const RepairSearch& search, size_t lexeme) {
  std::string_view text = search.text();
  ByteRange range = search.lexemes()[lexeme].range;
  bool blank_before = range.begin > 0 && is_blank(text[range.begin - 1]);
  bool blank_after = range.end < text.size() && is_blank(text[range.end]);
  const Lexeme& each = search.lexemes()[lexeme];
  if (blank_before && !each.first_on_line && (blank_after || each.last_on_line)) range.begin--;
  return {range, ""};
}

}  // namespace lacuna::syntax
