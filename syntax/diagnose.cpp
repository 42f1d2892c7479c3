/// The parser wraps an error in a node that may begin a whole function before the trouble, because it gives up the
/// constructs that were open there. What a person wants is the token at which the text stopped making sense. The parser
/// leaves a trace of it: every token carries the state that waited for it. The culprit is the first token that its
/// state had no use for, or else the one before the first token that was read in state 0, while the parser was
/// recovering, or else the first one behind the node. Brackets and quotes are then named after their partners.
#include "syntax/diagnose.h"

#include <fmt/format.h>
#include <tree_sitter/api.h>

#include <algorithm>

#include "support/utf8.h"
#include "syntax/brackets.h"
#include "syntax/cursor_walk.h"
#include "syntax/error_places.h"
#include "syntax/silent_errors.h"
#include "syntax/text_lines.h"
#include "syntax/tokens.h"
#include "syntax/tree_sitter_internals.h"

namespace lacuna::syntax {
namespace {

struct ErrorNode {
  ByteRange range;
  bool missing;
  std::string_view type;  ///< of the missing token
  bool named;
};

ByteRange range_of(TSNode node) {
  return {ts_node_start_byte(node), ts_node_end_byte(node)};
}

/// The outermost ERROR and MISSING nodes in the order of the text.
std::vector<ErrorNode> error_nodes(const SyntaxTree& tree) {
  std::vector<ErrorNode> nodes;
  walk(ts_tree_root_node(tree.raw()), [&](TSNode node) {
    bool missing = ts_node_is_missing(node);
    if (!missing && !ts_node_is_error(node)) return ts_node_has_error(node);
    nodes.push_back({range_of(node), missing, ts_node_type(node), ts_node_is_named(node)});
    return false;
  });
  return nodes;
}

/// The quote character of a token that only opens or closes a string, such as `f"` or `'''`; 0 for other tokens.
char quote_of(std::string_view token) {
  while (!token.empty() && is_word(token.front())) token.remove_prefix(1);
  if (token.size() != 1 && token.size() != 3) return '\0';
  char quote = token.front();
  bool known = quote == '"' || quote == '\'' || quote == '`';
  return known && token.find_first_not_of(quote) == std::string_view::npos ? quote : '\0';
}

class Diagnosis {
 public:
  Diagnosis(const SyntaxTree& tree, std::string_view text)
      : tree_(tree),
        text_(text),
        tokens_(tokens_of(tree)),
        places_(text, tokens_),
        brackets_(lone_brackets(tree, text, tokens_)),
        told_(brackets_.size(), false) {}

  std::vector<SyntaxError> run(size_t max_errors) {
    for (const ErrorNode& node : error_nodes(tree_)) {
      if (errors_.size() >= max_errors) break;
      if (node.missing) {
        missing_token(node);
      } else {
        unexpected_token(node);
      }
    }
    if (errors_.empty() && max_errors > 0) hidden_error();
    std::stable_sort(errors_.begin(), errors_.end(),
                     [](const auto& a, const auto& b) { return a.range.begin < b.range.begin; });
    return std::move(errors_);
  }

 private:
  void tell(ByteRange range, std::string message, std::optional<ByteRange> opener = std::nullopt) {
    auto same = [range](const SyntaxError& error) { return error.range == range; };
    if (std::any_of(errors_.begin(), errors_.end(), same)) return;
    errors_.push_back({range, std::move(message), opener, std::nullopt});
  }

  void missing_token(const ErrorNode& node) {
    uint32_t place = node.range.begin;
    if (node.type.size() == 1 && is_closer(node.type[0])) {
      size_t opener = lone_opener({0, place}, partner_of(node.type[0]));
      if (opener < brackets_.size()) return missing_closer(opener, place);
    }
    if (follows_from_told(place)) return;
    std::string name(node.type);
    if (node.named) std::replace(name.begin(), name.end(), '_', ' ');
    tell(places_.before(place), node.named ? fmt::format("missing {}", name) : fmt::format("missing `{}`", name));
  }

  void unexpected_token(const ErrorNode& node) {
    const size_t first = first_token_at(tokens_, node.range.begin);
    const size_t culprit = culprit_of(node.range, first);
    if (auto quote = open_quote(first, culprit)) return tell(places_.rest_of_line(*quote), "unclosed string", quote);

    const bool at_end = culprit == tokens_.size();
    const auto size = static_cast<uint32_t>(text_.size());
    const ByteRange range = at_end ? ByteRange{size, size} : tokens_[culprit].range;
    if (size_t closer = lone_closer(range.end); closer < brackets_.size()) return stray_closer(closer);
    size_t opener = lone_opener({0, range.begin});
    if (opener < brackets_.size()) {
      bool concerned = brackets_[opener].range.begin >= node.range.begin || brackets_[opener].end >= range.begin;
      if (concerned) return missing_closer(opener, range.begin);
    }
    if (follows_from_told(range.begin)) return;
    if (at_end) return tell(places_.before(size), "unexpected end of file");
    unexpected(range);
  }

  /// The token at which the parser gave up, counted in tokens_; their number at the end of the text.
  size_t culprit_of(ByteRange node, size_t first) const {
    size_t previous = first;
    for (size_t i = first; i < tokens_.size(); i++) {
      const Token& token = tokens_[i];
      if (token.missing || token.extra) continue;
      if (token.state == 0) return solid_from(previous);
      if (token.range.size() == 0) continue;
      if (!can_follow(token)) return i;
      if (token.range.begin >= node.end && i > first) return i;
      previous = i;
    }
    return tokens_.size();
  }

  /// The state that waited for the token had some use for it.
  bool can_follow(const Token& token) const {
    const auto* grammar = static_cast<const TSLanguage*>(tree_.language().grammar());
    return !token.error && lacuna_ts_actions(grammar, token.state, token.symbol, nullptr, 0) > 0;
  }

  size_t solid_from(size_t i) const {
    while (i < tokens_.size() && tokens_[i].range.size() == 0) i++;
    return i;
  }

  /// A quote that opens a string between the tokens `first` and `last` and finds no second one.
  std::optional<ByteRange> open_quote(size_t first, size_t last) const {
    std::optional<ByteRange> open;
    char kind = '\0';
    for (size_t i = first; i < std::min(last + 1, tokens_.size()); i++) {
      ByteRange range = tokens_[i].range;
      char quote = range.size() <= 8 ? quote_of(slice(text_, range)) : '\0';
      if (quote == '\0') continue;
      if (!open) {
        open = range;
        kind = quote;
      } else if (quote == kind) {
        open.reset();
      }
    }
    return open;
  }

  void unexpected(ByteRange range) {
    constexpr size_t longest = 40;
    const ByteRange shown = places_.first_line(range);
    std::string_view token = slice(text_, shown);
    if (token.find_first_not_of(" \t\r\n") == std::string_view::npos) {
      return tell(places_.before(range.begin), "unexpected end of line");
    }
    bool whole = token.size() <= longest && shown.size() == range.size();
    std::string_view part = token.substr(0, longest);
    std::string name = utf8::sanitize(part.substr(0, utf8::complete_prefix(part)));
    tell(shown, fmt::format("unexpected `{}{}`", name, whole ? "" : "…"));
  }

  void stray_closer(size_t index) {
    const LoneBracket& closer = brackets_[index];
    told_[index] = true;
    if (!closer.wrong_opener) return tell(closer.range, fmt::format("unexpected `{}`", slice(text_, closer.range)));
    tell(closer.range, fmt::format("unexpected `{}` instead of `{}`", slice(text_, closer.range), closer.wanted),
         closer.wrong_opener);
  }

  /// The parser could make nothing of the text at `culprit`: the closer is missed there at the latest.
  void missing_closer(size_t index, uint32_t culprit) {
    const LoneBracket& opener = brackets_[index];
    told_[index] = true;
    uint32_t place = missed_at(text_, opener);
    if (culprit > opener.range.end) place = std::min(place, culprit);
    tell(places_.before(place), fmt::format("missing `{}`", partner_of(opener.kind)), opener.range);
  }

  /// Behind an opener that was told of, up to where it was given up, everything looks wrong.
  bool follows_from_told(uint32_t place) const {
    for (size_t i = 0; i < brackets_.size() && brackets_[i].range.begin < place; i++)
      if (told_[i] && brackets_[i].opener && place <= brackets_[i].end) return true;
    return false;
  }

  /// The last lone opener inside `range` that was not told of; of one kind unless `kind` is 0. The number of brackets_
  /// if none.
  size_t lone_opener(ByteRange range, char kind = '\0') const {
    size_t found = brackets_.size();
    for (size_t i = 0; i < brackets_.size() && brackets_[i].range.begin < range.end; i++) {
      const LoneBracket& bracket = brackets_[i];
      bool of_kind = kind == '\0' || bracket.kind == kind;
      if (bracket.opener && !told_[i] && bracket.range.begin >= range.begin && of_kind) found = i;
    }
    return found;
  }

  /// The first lone closer up to `end` that was not told of; the number of brackets_ if none.
  size_t lone_closer(uint32_t end) const {
    for (size_t i = 0; i < brackets_.size(); i++)
      if (!brackets_[i].opener && !told_[i] && brackets_[i].range.end <= end) return i;
    return brackets_.size();
  }

  /// The tree has an error, but no visible node shows it: a hidden token that the parser assumed.
  void hidden_error() {
    for (const Token& token : tokens_) {
      if (token.missing) return tell(places_.before(token.range.begin), "missing end of line");
      if (token.error) return unexpected(token.range);
    }
    tell(places_.near(0), "syntax error");
  }

  const SyntaxTree& tree_;
  std::string_view text_;
  std::vector<Token> tokens_;
  ErrorPlaces places_;
  std::vector<LoneBracket> brackets_;
  std::vector<bool> told_;  ///< of each bracket
  std::vector<SyntaxError> errors_;
};

}  // namespace

std::vector<SyntaxError> diagnose(const SyntaxTree& tree, std::string_view text, size_t max_errors) {
  if (!tree.has_errors()) return silent_errors(tree, text, max_errors);
  return Diagnosis(tree, text).run(max_errors);
}

std::vector<size_t> errors_on_lines(const std::vector<SyntaxError>& errors, std::string_view text, ByteRange range,
                                    size_t max_errors) {
  const ByteRange lines{line_at(text, range.begin).begin, line_at(text, range.end).end};
  const auto touches = [](ByteRange a, ByteRange b) { return a.begin <= b.end && b.begin <= a.end; };
  std::vector<size_t> found;
  for (size_t i = 0; i < errors.size(); i++) {
    if (touches(errors[i].range, lines) || (errors[i].opener && touches(*errors[i].opener, lines))) found.push_back(i);
  }
  std::stable_partition(found.begin(), found.end(), [&](size_t i) { return touches(errors[i].range, range); });
  if (found.size() > max_errors) found.resize(max_errors);
  return found;
}

}  // namespace lacuna::syntax
