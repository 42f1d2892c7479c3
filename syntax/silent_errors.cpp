#include "syntax/silent_errors.h"

#include <algorithm>

namespace lacuna::syntax {
namespace {

constexpr size_t longest_text = size_t{1} << 20;

}  // namespace

std::string_view AcceptedText::text_of(size_t lexeme) const {
  const ByteRange range = lexemes[lexeme].range;
  return text.substr(range.begin, range.size());
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
  std::stable_sort(errors.begin(), errors.end(),
                   [](const auto& a, const auto& b) { return a.range.begin < b.range.begin; });
  if (errors.size() > max_errors) errors.resize(max_errors);
  return errors;
}

}  // namespace lacuna::syntax
