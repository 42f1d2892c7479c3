#include "syntax/brackets.h"

#include <algorithm>

#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

struct Open {
  ByteRange range;
  char kind;
  int indent;  ///< of the line it stands on
};

/// Fed the brackets in the order of the text.
class Matcher {
 public:
  explicit Matcher(std::string_view text) : text_(text), line_(line_at(text, 0)) {}

  void open(ByteRange range) {
    go_to_line_of(range);
    stack_.push_back({range, text_[range.begin], indent_});
  }

  void close(ByteRange range) {
    go_to_line_of(range);
    size_t partner = find_partner(range);
    if (partner == stack_.size()) {
      lone_.push_back({range, false, range.begin});
      return;
    }
    give_up(partner + 1, range.begin);
    stack_.pop_back();
  }

  std::vector<LoneBracket> finish() {
    give_up(0, static_cast<uint32_t>(text_.size()));
    std::sort(lone_.begin(), lone_.end(), [](const auto& a, const auto& b) { return a.range.begin < b.range.begin; });
    return std::move(lone_);
  }

 private:
  void go_to_line_of(ByteRange range) {
    if (range.begin > line_.end) line_ = line_at(text_, range.begin);
    blanks_ = line_.begin;
    while (blanks_ < line_.end && is_blank(text_[blanks_])) blanks_++;
    indent_ = width_of(text_.substr(line_.begin, blanks_ - line_.begin));
  }

  /// The opener on the stack that the closer ends; the stack's size if there is none.
  size_t find_partner(ByteRange closer) const {
    char kind = partner_of(text_[closer.begin]);
    size_t innermost = stack_.size();
    for (size_t i = stack_.size(); i-- > 0 && innermost == stack_.size();)
      if (stack_[i].kind == kind) innermost = i;
    bool starts_line = blanks_ == closer.begin;
    if (innermost == stack_.size() || !starts_line || stack_[innermost].indent <= indent_) return innermost;
    for (size_t i = innermost; i-- > 0 && stack_[i].indent >= indent_;)
      if (stack_[i].kind == kind && stack_[i].indent == indent_) return i;
    return innermost;
  }

  /// Gives up the openers from index `size` on: they were still open at `end`.
  void give_up(size_t size, uint32_t end) {
    for (; stack_.size() > size; stack_.pop_back()) lone_.push_back({stack_.back().range, true, end});
  }

  std::string_view text_;
  ByteRange line_;
  uint32_t blanks_ = 0;  ///< the end of the blanks that begin the line
  int indent_ = 0;
  std::vector<Open> stack_;
  std::vector<LoneBracket> lone_;
};

}  // namespace

uint32_t missed_at(std::string_view text, const LoneBracket& opener) {
  if (text[opener.range.begin] != '{') return opener.end;
  int indent = width_of(indentation_at(text, opener.range.begin));
  size_t next = text.find('\n', opener.range.begin);
  while (next != std::string_view::npos && next + 1 < opener.end) {
    auto offset = static_cast<uint32_t>(next + 1);
    ByteRange line = line_at(text, offset);
    std::string_view blanks = indentation_at(text, offset);
    if (blanks.size() < line.size() && width_of(blanks) <= indent) return offset;
    next = text.find('\n', offset);
  }
  return opener.end;
}

char partner_of(char bracket) {
  constexpr std::string_view from = "()[]{}", to = ")(][}{";
  size_t index = from.find(bracket);
  return index == std::string_view::npos ? '\0' : to[index];
}

std::vector<LoneBracket> lone_brackets(std::string_view text, const std::vector<Token>& tokens) {
  Matcher matcher(text);
  for (const Token& token : tokens) {
    if (token.range.size() != 1) continue;
    char c = text[token.range.begin];
    if (is_opener(c)) matcher.open(token.range);
    if (is_closer(c)) matcher.close(token.range);
  }
  return matcher.finish();
}

}  // namespace lacuna::syntax
