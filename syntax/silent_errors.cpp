#include "syntax/silent_errors.h"

#include <fmt/format.h>

#include <algorithm>

#include "syntax/mended_text.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr size_t longest_text = size_t{1} << 20;
constexpr size_t longest_guessed = size_t{1} << 16;  // the longer a text, the more looks like a slip by chance
constexpr size_t most_doubtful = 8;                  // that are parsed

bool parses_with(const AcceptedText& accepted, const TextChange& cure) {
  const Result<SyntaxTree> tree = reparse_with(accepted.tree, accepted.text, {cure});
  return tree.ok() && !tree->has_errors();
}

void find_likely_errors(const AcceptedText& accepted, std::vector<SyntaxError>& errors) {
  std::vector<SyntaxError> doubtful;
  find_joined_names(accepted, doubtful);
  find_likely_keywords(accepted, doubtful);
  find_lost_statement_ends(accepted, doubtful);
  find_unusual_last_elements(accepted, doubtful);
  find_lost_commas(accepted, doubtful);
  if (accepted.tree.language().indentation_blocks) find_unusual_indentation(accepted, doubtful);
  if (doubtful.size() > most_doubtful) return;  // so many slips are none
  for (SyntaxError& each : doubtful) {
    const auto told = [&](const SyntaxError& other) { return other.range == each.range; };
    if (std::none_of(errors.begin(), errors.end(), told) && parses_with(accepted, *each.cure))
      errors.push_back(std::move(each));
  }
}

}  // namespace

std::string_view AcceptedText::text_of(size_t lexeme) const {
  const ByteRange range = lexemes[lexeme].range;
  return text.substr(range.begin, range.size());
}

size_t AcceptedText::before(size_t lexeme) const {
  do lexeme--;
  while (lexeme > 0 && lexemes[lexeme].kind == Lexeme::Kind::comment);
  return lexeme;
}

void MarkedEnds::tell(const AcceptedText& accepted, int enough, std::string_view mark, std::vector<SyntaxError>& errors,
                      size_t most) const {
  if (open.empty() || open.size() > most || closed < enough * static_cast<int>(open.size())) return;
  for (const size_t each : open) errors.push_back(lost_mark(accepted, each, mark));
}

SyntaxError lost_mark(const AcceptedText& accepted, size_t before, std::string_view mark) {
  const ByteRange range = accepted.lexemes[before].range;
  const ByteRange line = line_at(accepted.text, range.end);
  return {{std::max(range.begin, line.begin), range.end},
          fmt::format("missing `{}`", mark),
          std::nullopt,
          TextChange{{range.end, range.end}, std::string(mark)}};
}

std::vector<SyntaxError> silent_errors(const SyntaxTree& tree, std::string_view text, size_t max_errors) {
  if (tree.has_errors() || text.size() > longest_text) return {};
  const LexemeRules rules = lexeme_rules(tree.language());
  const AcceptedText accepted{tree, text, lexemes_of(text, rules, 0, static_cast<uint32_t>(text.size()))};
  std::vector<SyntaxError> errors;
  find_misspelt_keywords(accepted, errors);
  if (tree.language().indentation_blocks) find_wrong_indentation(accepted, errors);
  find_lost_last_commas(accepted, errors);
  find_broken_habits(accepted, errors);
  if (tree.began_with_errors() && text.size() <= longest_guessed) find_likely_errors(accepted, errors);
  std::stable_sort(errors.begin(), errors.end(),
                   [](const auto& a, const auto& b) { return a.range.begin < b.range.begin; });
  if (errors.size() > max_errors) errors.resize(max_errors);
  return errors;
}

}  // namespace lacuna::syntax
