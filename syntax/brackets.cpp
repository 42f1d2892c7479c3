#include "syntax/brackets.h"

#include <tree_sitter/api.h>

#include <algorithm>

#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

struct Bracket {
  ByteRange range;
  char kind;
  int indent;        ///< of the line it stands on
  bool starts_line;  ///< only blanks before it
  bool ends_line;    ///< only blanks behind it
};

/// The bracket that each symbol of the grammar is, 0 for other symbols: `{`, and also `${`, `#{`, `[[`.
std::vector<char> bracket_symbols(const Language& language) {
  const auto* grammar = static_cast<const TSLanguage*>(language.grammar());
  const bool bare_closers = language.id == "shellscript";  // the `)` of a case
  std::vector<char> kinds(ts_language_symbol_count(grammar), '\0');
  for (size_t i = 0; i < kinds.size(); i++) {
    auto symbol = static_cast<TSSymbol>(i);
    const char* name = ts_language_symbol_name(grammar, symbol);
    std::string_view mark = name == nullptr ? "" : name;
    if (ts_language_symbol_type(grammar, symbol) != TSSymbolTypeAnonymous || mark.empty() || mark.size() > 3) continue;
    if (is_opener(mark.back())) kinds[i] = mark.back();
    if (is_closer(mark.front())) kinds[i] = mark.front();
    if (bare_closers && (kinds[i] == '(' || kinds[i] == ')')) kinds[i] = '\0';
  }
  return kinds;
}

std::vector<Bracket> brackets_of(const SyntaxTree& tree, std::string_view text, const std::vector<Token>& tokens) {
  const std::vector<char> kinds = bracket_symbols(tree.language());
  std::vector<Bracket> brackets;
  ByteRange line = line_at(text, 0);
  uint32_t first = 0;  // of the text on the line
  for (const Token& token : tokens) {
    char kind = token.symbol < kinds.size() && !token.missing ? kinds[token.symbol] : '\0';
    if (kind == '\0' || token.range.size() == 0) continue;
    uint32_t at = token.range.begin;
    // Some symbols have the name of one of the texts they stand for: the end of a Ruby string.
    if (text[is_opener(kind) ? token.range.end - 1 : at] != kind) continue;
    if (at > line.end || brackets.empty()) {
      line = line_at(text, at);
      first = line.begin;
      while (first < line.end && is_blank(text[first])) first++;
    }
    uint32_t next = token.range.end;
    while (next < line.end && is_blank(text[next])) next++;
    int indent = width_of(text.substr(line.begin, first - line.begin));
    brackets.push_back({token.range, kind, indent, first == at, next == line.end});
  }
  return brackets;
}

/// Fed the brackets in the order of the text.
class Matcher {
 public:
  void open(const Bracket& opener) { stack_.push_back(opener); }

  /// `next` is the bracket behind, if any.
  void close(const Bracket& closer, const Bracket* next) {
    size_t partner = find_partner(closer);
    if (partner < stack_.size()) {
      give_up(partner + 1, closer.range.begin);
      pair(closer);
    } else if (Pair* stolen = stolen_pair(closer)) {
      lone_.push_back(lone(stolen->closer, false, stolen->closer.range.begin));
      stolen->closer = closer;
    } else {
      lone_closer(closer, next);
    }
  }

  std::vector<LoneBracket> finish(uint32_t size) {
    give_up(0, size);
    std::sort(lone_.begin(), lone_.end(), [](const auto& a, const auto& b) { return a.range.begin < b.range.begin; });
    return std::move(lone_);
  }

 private:
  struct Pair {
    Bracket opener;
    Bracket closer;
  };

  void pair(const Bracket& closer) {
    closed_.push_back({stack_.back(), closer});
    stack_.pop_back();
  }

  /// The opener on the stack that the closer ends; the stack's size if there is none.
  size_t find_partner(const Bracket& closer) const {
    size_t innermost = stack_.size();
    for (size_t i = stack_.size(); i-- > 0 && innermost == stack_.size();)
      if (fits(stack_[i], closer)) innermost = i;
    if (innermost == stack_.size() || !closer.starts_line) return innermost;
    bool natural = stack_[innermost].indent <= closer.indent && stack_[innermost].ends_line;
    for (size_t i = innermost; !natural && i-- > 0 && stack_[i].indent >= closer.indent;)
      if (fits(stack_[i], closer) && stack_[i].indent == closer.indent && stack_[i].ends_line) return i;
    return innermost;
  }

  /// The last pair that indentation gives to `closer`, although a closer in the middle of a line took it.
  Pair* stolen_pair(const Bracket& closer) {
    constexpr size_t farthest = 256;
    if (!closer.starts_line) return nullptr;
    for (size_t i = closed_.size(); i-- > 0 && closed_.size() - i < farthest;) {
      Pair& pair = closed_[i];
      bool same = fits(pair.opener, closer) && pair.opener.indent == closer.indent && pair.opener.ends_line;
      if (same) return pair.closer.starts_line ? nullptr : &pair;
    }
    return nullptr;
  }

  /// A closer that no opener fits is one too many, unless it stands where the closer of the last opener should.
  void lone_closer(const Bracket& closer, const Bracket* next) {
    LoneBracket found = lone(closer, false, closer.range.begin);
    bool next_closes = !stack_.empty() && next != nullptr && fits(stack_.back(), *next);
    bool indented_as_closer =
        !stack_.empty() && closer.starts_line && stack_.back().ends_line && stack_.back().indent == closer.indent;
    if (!stack_.empty() && (indented_as_closer || !next_closes)) {
      found.wanted = partner_of(stack_.back().kind);
      found.wrong_opener = stack_.back().range;
      pair(closer);
    }
    lone_.push_back(found);
  }

  static LoneBracket lone(const Bracket& bracket, bool opener, uint32_t end) {
    return {bracket.range, bracket.kind, opener, end, '\0', std::nullopt};
  }

  static bool fits(const Bracket& opener, const Bracket& closer) { return opener.kind == partner_of(closer.kind); }

  /// Gives up the openers from index `size` on: they were still open at `end`.
  void give_up(size_t size, uint32_t end) {
    for (; stack_.size() > size; stack_.pop_back()) lone_.push_back(lone(stack_.back(), true, end));
  }

  std::vector<Bracket> stack_;
  std::vector<Pair> closed_;
  std::vector<LoneBracket> lone_;
};

}  // namespace

uint32_t missed_at(std::string_view text, const LoneBracket& opener) {
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

std::vector<LoneBracket> lone_brackets(const SyntaxTree& tree, std::string_view text,
                                       const std::vector<Token>& tokens) {
  std::vector<Bracket> brackets = brackets_of(tree, text, tokens);
  Matcher matcher;
  for (size_t i = 0; i < brackets.size(); i++) {
    const Bracket* next = i + 1 < brackets.size() ? &brackets[i + 1] : nullptr;
    if (is_opener(brackets[i].kind)) {
      matcher.open(brackets[i]);
    } else {
      matcher.close(brackets[i], next);
    }
  }
  return matcher.finish(static_cast<uint32_t>(text.size()));
}

}  // namespace lacuna::syntax
