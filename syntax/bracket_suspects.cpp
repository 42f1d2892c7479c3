#include "syntax/bracket_suspects.h"

#include <algorithm>
#include <optional>

namespace lacuna::syntax {
namespace {

char char_of(std::string_view text, const Lexeme& lexeme) {
  return lexeme.kind == Lexeme::Kind::mark && lexeme.range.size() == 1 ? text[lexeme.range.begin] : '\0';
}

/// Pairs brackets from left to right.
class Matcher {
 public:
  Matcher(std::string_view text, const std::vector<Lexeme>& lexemes) : text_(text), lexemes_(lexemes) {}

  BracketSuspects run(size_t end) {
    for (size_t i = 0; i < end; i++) {
      if (is_opening(text_, lexemes_[i])) open_.push_back(i);
      if (is_closing(text_, lexemes_[i])) close(i);
    }
    while (!open_.empty()) pop_unclosed(end);
    return std::move(suspects_);
  }

 private:
  bool fits(size_t opener, size_t closer) const {
    return closer_of(char_of(text_, lexemes_[opener])) == char_of(text_, lexemes_[closer]);
  }

  void pop_unclosed(size_t limit) {
    suspects_.unclosed.push_back({open_.back(), limit});
    open_.pop_back();
  }

  /// The nearest open bracket of the closer's kind, on a line indented like the closer's if `aligned`.
  std::optional<size_t> find(size_t closer, bool aligned) const {
    for (size_t depth = 0; depth < std::min<size_t>(open_.size(), 32); depth++) {
      size_t at = open_.size() - 1 - depth;
      if (fits(open_[at], closer) && (!aligned || lexemes_[open_[at]].indent == lexemes_[closer].indent)) return at;
    }
    return std::nullopt;
  }

  void close(size_t closer) {
    bool starts_line = lexemes_[closer].first_on_line;
    std::optional<size_t> partner = starts_line ? find(closer, true) : std::nullopt;
    bool shallow_top = starts_line && !open_.empty() && lexemes_[open_.back()].indent < lexemes_[closer].indent;
    bool brace = char_of(text_, lexemes_[closer]) == '}';
    if (!partner && !(brace && shallow_top)) partner = find(closer, false);
    if (!partner) {
      suspects_.extra_closers.push_back(closer);
      return;
    }
    // The closer itself is as suspect as what it skips.
    if (*partner + 1 != open_.size()) suspects_.extra_closers.push_back(closer);
    while (open_.size() > *partner + 1) pop_unclosed(closer);
    open_.pop_back();
  }

  std::string_view text_;
  const std::vector<Lexeme>& lexemes_;
  std::vector<size_t> open_;
  BracketSuspects suspects_;
};

}  // namespace

char closer_of(char opener) {
  switch (opener) {
    case '(':
      return ')';
    case '[':
      return ']';
    case '{':
      return '}';
    default:
      return '\0';
  }
}

bool is_opening(std::string_view text, const Lexeme& lexeme) {
  return closer_of(char_of(text, lexeme)) != '\0';
}

bool is_closing(std::string_view text, const Lexeme& lexeme) {
  char c = char_of(text, lexeme);
  return c == ')' || c == ']' || c == '}';
}

BracketSuspects bracket_suspects(std::string_view text, const std::vector<Lexeme>& lexemes, size_t end) {
  return Matcher(text, lexemes).run(std::min(end, lexemes.size()));
}

std::vector<size_t> open_brackets(std::string_view text, const std::vector<Lexeme>& lexemes, size_t end) {
  std::vector<size_t> open;
  for (size_t i = 0; i < std::min(end, lexemes.size()); i++) {
    if (is_opening(text, lexemes[i])) open.push_back(i);
    if (is_closing(text, lexemes[i]) && !open.empty()) {
      char wanted = char_of(text, lexemes[i]);
      if (closer_of(char_of(text, lexemes[open.back()])) == wanted) open.pop_back();
    }
  }
  return open;
}

BracketDisorder bracket_disorder(std::string_view text, const std::vector<Lexeme>& lexemes) {
  BracketDisorder disorder;
  std::vector<const Lexeme*> open;
  for (const Lexeme& each : lexemes) {
    if (is_opening(text, each)) open.push_back(&each);
    if (!is_closing(text, each)) continue;
    if (open.empty()) {
      disorder.lone++;
      continue;
    }
    const Lexeme& opener = *open.back();
    open.pop_back();
    if (closer_of(char_of(text, opener)) != char_of(text, each)) disorder.mismatched++;
    if (each.first_on_line && each.indent != opener.indent) disorder.misindented++;
  }
  disorder.lone += static_cast<int>(open.size());
  return disorder;
}

}  // namespace lacuna::syntax
