#include "syntax/lexemes.h"

#include <fmt/format.h>
#include <tree_sitter/api.h>

#include <algorithm>
#include <optional>
#include <string>

#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// One pass over a text; `at_` is where the next lexeme is looked for.
class Scanner {
 public:
  Scanner(std::string_view text, const LexemeRules& rules, uint32_t begin, uint32_t end)
      : text_(text.substr(0, end)), rules_(rules), at_(begin) {}

  std::vector<Lexeme> scan() {
    while (true) {
      skip_blanks();
      if (at_ >= text_.size()) break;
      Lexeme lexeme = next();
      lexeme.first_on_line = lexemes_.empty() || line_ != last_line_;
      lexeme.line = line_;
      if (lexeme.first_on_line) indent_ = width_of(indentation_at(text_, lexeme.range.begin));
      lexeme.indent = indent_;
      lexemes_.push_back(lexeme);
      line_ +=
          static_cast<uint32_t>(std::count(text_.begin() + lexeme.range.begin, text_.begin() + lexeme.range.end, '\n'));
      last_line_ = line_;
      at_ = lexeme.range.end;
    }
    mark_line_ends();
    return std::move(lexemes_);
  }

 private:
  bool at(std::string_view word) const { return text_.substr(at_, word.size()) == word; }
  char peek(uint32_t offset) const { return offset < text_.size() ? text_[offset] : '\0'; }

  void skip_blanks() {
    for (; at_ < text_.size() && is_space(text_[at_]); at_++)
      if (text_[at_] == '\n') line_++;
  }

  Lexeme next() {
    char c = text_[at_];
    if (is_line_comment()) return line_comment();
    if (rules_.block_comments && at("/*")) return block_comment();
    if (rules_.triple_quotes && (at("\"\"\"") || at("'''"))) return triple_string();
    if (rules_.quotes.find(c) != std::string_view::npos && !(rules_.lifetimes && c == '\'' && is_lifetime()))
      return string();
    if (rules_.multiline_quotes.find(c) != std::string_view::npos) return multiline_string();
    if (is_digit(c)) return number();
    if (rules_.regex_literals && c == '/' && operand_is_due()) return regex();
    if (is_word(c)) return word();
    return mark();
  }

  /// A `#` inside of a word is none ($#, x#y).
  bool is_line_comment() const {
    if (rules_.line_comment.empty() || !at(rules_.line_comment)) return false;
    return rules_.line_comment != "#" || at_ == 0 ||
           (!is_word(text_[at_ - 1]) && text_[at_ - 1] != '$' && text_[at_ - 1] != '{');
  }

  /// What stands before tells whether a slash divides or begins a regular expression.
  bool operand_is_due() const {
    if (lexemes_.empty()) return true;
    const Lexeme& last = lexemes_.back();
    std::string_view own = slice(text_, last.range);
    if (last.kind == Lexeme::Kind::mark) return own != ")" && own != "]" && own != "}";
    return last.kind == Lexeme::Kind::word &&
           (own == "return" || own == "typeof" || own == "case" || own == "in" || own == "of");
  }

  Lexeme regex() const {
    bool in_class = false;
    for (uint32_t i = at_ + 1; i < text_.size() && text_[i] != '\n'; i++) {
      if (text_[i] == '\\') {
        i++;
      } else if (text_[i] == '[' || text_[i] == ']') {
        in_class = text_[i] == '[';
      } else if (text_[i] == '/' && !in_class) {
        while (is_word(peek(i + 1))) i++;
        return lexeme(Lexeme::Kind::string, i + 1);
      }
    }
    return mark();
  }

  Lexeme lexeme(Lexeme::Kind kind, size_t end, bool unclosed = false) const {
    Lexeme found;
    found.range = {at_, static_cast<uint32_t>(std::min(end, text_.size()))};
    found.kind = kind;
    found.unclosed = unclosed;
    return found;
  }

  uint32_t line_end() const { return static_cast<uint32_t>(std::min(text_.find('\n', at_), text_.size())); }

  Lexeme line_comment() const { return lexeme(Lexeme::Kind::comment, line_end()); }

  Lexeme block_comment() const {
    size_t end = text_.find("*/", at_ + 2);
    return lexeme(Lexeme::Kind::comment, end == std::string_view::npos ? text_.size() : end + 2,
                  end == std::string_view::npos);
  }

  Lexeme triple_string() const {
    const std::string_view quotes = text_.substr(at_, 3);
    size_t end = text_.find(quotes, at_ + 3);
    while (rules_.triple_escapes && end != std::string_view::npos && is_escaped(end)) end = text_.find(quotes, end + 1);
    bool unclosed = end == std::string_view::npos;
    return lexeme(Lexeme::Kind::string, unclosed ? line_end() : end + 3, unclosed);
  }

  /// An odd number of backslashes stands before `offset`, within the lexeme.
  bool is_escaped(size_t offset) const {
    size_t begin = offset;
    while (begin > at_ && text_[begin - 1] == '\\') begin--;
    return (offset - begin) % 2 == 1;
  }

  Lexeme string() const {
    char quote = text_[at_];
    for (uint32_t i = at_ + 1; i < text_.size(); i++) {
      if (text_[i] == quote) return lexeme(Lexeme::Kind::string, i + 1);
      if (text_[i] == '\n') return lexeme(Lexeme::Kind::string, i, true);
      if (text_[i] == '\\') i++;
    }
    return lexeme(Lexeme::Kind::string, text_.size(), true);
  }

  Lexeme multiline_string() const {
    char quote = text_[at_];
    for (uint32_t i = at_ + 1; i < text_.size(); i++) {
      if (text_[i] == quote) return lexeme(Lexeme::Kind::string, i + 1);
      if (text_[i] == '\\') i++;
    }
    return lexeme(Lexeme::Kind::string, line_end(), true);
  }

  bool is_lifetime() const { return is_word(peek(at_ + 1)) && peek(at_ + 2) != '\''; }

  Lexeme number() const {
    uint32_t end = at_;
    auto joins = [&](char c) { return c == '.' || (rules_.digit_quotes && c == '\''); };
    while (is_word(peek(end)) || (joins(peek(end)) && is_digit(peek(end + 1)))) end++;
    return lexeme(Lexeme::Kind::number, end);
  }

  Lexeme word() const {
    uint32_t end = at_;
    while (end < text_.size() && is_word(text_[end])) end++;
    if (rules_.raw_strings && (peek(end) == '"' || peek(end) == '#')) {
      if (std::optional<Lexeme> raw = raw_string(end)) return *raw;
    }
    return lexeme(Lexeme::Kind::word, end);
  }

  /// r"x", br#"x"#, R"tag(x)tag" after their prefix, which ends at `quote`.
  std::optional<Lexeme> raw_string(uint32_t quote) const {
    std::string_view prefix = text_.substr(at_, quote - at_);
    if (prefix.empty() || prefix.size() > 3 || (prefix.back() != 'r' && prefix.back() != 'R')) return std::nullopt;
    uint32_t open = quote;
    while (peek(open) == '#') open++;
    if (peek(open) != '"') return std::nullopt;
    std::string close = fmt::format("\"{}", std::string(open - quote, '#'));
    if (prefix.back() == 'R') {
      size_t paren = text_.substr(0, std::min<size_t>(text_.size(), open + 20)).find('(', open);
      if (paren == std::string_view::npos) return std::nullopt;
      close = fmt::format("){}\"", text_.substr(open + 1, paren - open - 1));
    }
    size_t end = text_.find(close, open + 1);
    if (end == std::string_view::npos) return lexeme(Lexeme::Kind::string, line_end(), true);
    return lexeme(Lexeme::Kind::string, end + close.size());
  }

  Lexeme mark() const {
    for (std::string_view each : rules_.marks)
      if (each[0] == text_[at_] && at(each)) return lexeme(Lexeme::Kind::mark, at_ + each.size());
    return lexeme(Lexeme::Kind::mark, at_ + 1);
  }

  void mark_line_ends() {
    uint32_t next_line = UINT32_MAX;
    for (size_t i = lexemes_.size(); i-- > 0;) {
      if (lexemes_[i].kind == Lexeme::Kind::comment) continue;
      lexemes_[i].last_on_line = lexemes_[i].line != next_line;
      next_line = lexemes_[i].line;
    }
  }

  std::string_view text_;
  const LexemeRules& rules_;
  uint32_t at_;
  uint32_t line_ = 0;
  uint32_t last_line_ = 0;
  int indent_ = 0;
  std::vector<Lexeme> lexemes_;
};

}  // namespace

LexemeRules lexeme_rules(const Language& language) {
  LexemeRules rules;
  rules.line_comment = language.line_comment;
  rules.quotes = "\"'";
  std::string_view id = language.id;
  if (id == "python" || id == "java" || id == "csharp") rules.triple_quotes = true;
  rules.triple_escapes = id != "csharp";
  if (id == "python" || id == "ruby" || id == "shellscript") rules.block_comments = false;
  if (id == "javascript" || id == "typescript" || id == "typescriptreact" || id == "go") rules.multiline_quotes = "`";
  rules.regex_literals = id == "javascript" || id == "typescript" || id == "typescriptreact";
  rules.lifetimes = id == "rust";
  rules.raw_strings = id == "rust" || id == "cpp";
  rules.digit_quotes = id == "c" || id == "cpp";

  const auto* grammar = static_cast<const TSLanguage*>(language.grammar());
  for (uint32_t symbol = 1; symbol < ts_language_symbol_count(grammar); symbol++) {
    if (ts_language_symbol_type(grammar, static_cast<TSSymbol>(symbol)) != TSSymbolTypeAnonymous) continue;
    std::string_view name = ts_language_symbol_name(grammar, static_cast<TSSymbol>(symbol));
    if (name.size() < 2 || name.size() > 4) continue;
    if (std::any_of(name.begin(), name.end(),
                    [](char c) { return is_word(c) || is_space(c) || c == '"' || c == '\'' || c == '`'; })) {
      continue;
    }
    rules.marks.push_back(name);
  }
  std::sort(rules.marks.begin(), rules.marks.end(),
            [](auto a, auto b) { return a.size() != b.size() ? a.size() > b.size() : a < b; });
  rules.marks.erase(std::unique(rules.marks.begin(), rules.marks.end()), rules.marks.end());
  return rules;
}

std::vector<Lexeme> lexemes_of(std::string_view text, const LexemeRules& rules, uint32_t begin, uint32_t end) {
  return Scanner(text, rules, begin, end).scan();
}

size_t lexeme_at(const std::vector<Lexeme>& lexemes, uint32_t offset) {
  auto found = std::partition_point(lexemes.begin(), lexemes.end(),
                                    [=](const Lexeme& each) { return each.range.end <= offset; });
  return static_cast<size_t>(found - lexemes.begin());
}

}  // namespace lacuna::syntax
