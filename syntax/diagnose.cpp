/// The parser wraps an error in a node that may begin a whole function before the trouble, because it gives up the constructs
/// that were open there. What a person wants is the token at which the text stopped making sense. The parser leaves a trace of
/// it: tokens that it read while it was recovering carry the state 0, so the culprit is the token before the first of them, or,
/// if it recovered at once, the first one behind the node. Brackets and quotes are then named after their partners.
#include "syntax/diagnose.h"

#include <fmt/format.h>
#include <tree_sitter/api.h>

#include <algorithm>

#include "syntax/brackets.h"
#include "syntax/cursor_walk.h"
#include "syntax/text_lines.h"
#include "syntax/tokens.h"

namespace lacuna::syntax {
namespace {

struct ErrorNode {
  ByteRange range;
  bool missing;
  std::string_view type;  ///< of the missing token
  bool named;
};

ByteRange range_of(TSNode node) { return {ts_node_start_byte(node), ts_node_end_byte(node)}; }

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
  Diagnosis(const SyntaxTree& tree, std::string_view text) : tree_(tree), text_(text), tokens_(tokens_of(tree)) {
    brackets_ = lone_brackets(text, tokens_);
  }

  std::vector<SyntaxError> run(size_t max_errors) {
    for (const ErrorNode& node : error_nodes(tree_)) {
      if (errors_.size() >= max_errors) break;
      SyntaxError error = node.missing ? missing_token(node) : unexpected_token(node);
      bool told = std::any_of(errors_.begin(), errors_.end(), [&](const auto& other) { return other.range == error.range; });
      if (!told) errors_.push_back(std::move(error));
    }
    if (errors_.empty() && max_errors > 0) errors_.push_back(hidden_error());
    std::stable_sort(errors_.begin(), errors_.end(),
                     [](const auto& a, const auto& b) { return a.range.begin < b.range.begin; });
    return std::move(errors_);
  }

 private:
  SyntaxError missing_token(const ErrorNode& node) const {
    std::string name(node.type);
    if (node.named) std::replace(name.begin(), name.end(), '_', ' ');
    std::string message = node.named ? fmt::format("missing {}", name) : fmt::format("missing `{}`", name);
    SyntaxError error{before(node.range.begin), std::move(message), std::nullopt};
    if (node.type.size() == 1 && is_closer(node.type[0])) {
      if (const LoneBracket* opener = lone_opener(partner_of(node.type[0]), {0, node.range.begin})) {
        error = missing_closer(*opener);
      }
    }
    return error;
  }

  SyntaxError unexpected_token(const ErrorNode& node) const {
    size_t first = first_token_at(tokens_, node.range.begin);
    size_t culprit = culprit_of(node.range, first);
    if (auto quote = open_quote(first, culprit)) return unclosed_string(*quote);
    if (culprit == tokens_.size()) return unexpected_end(node.range);

    ByteRange range = tokens_[culprit].range;
    std::string_view token = slice(text_, range);
    for (const LoneBracket& bracket : brackets_) {
      bool here = !bracket.opener && bracket.range == range;
      if (here) return {range, fmt::format("unexpected `{}`", token), std::nullopt};
    }
    // A bracket opened inside the node or around it and given up at the culprit, or before it, is the better story.
    if (const LoneBracket* opener = lone_opener('\0', {node.range.begin, range.begin})) return missing_closer(*opener);
    if (token.size() == 1 && is_closer(token[0])) {
      for (const LoneBracket& bracket : brackets_)
        if (bracket.opener && bracket.end == range.begin) return missing_closer(bracket);
    }
    return unexpected(range);
  }

  /// The token at which the parser gave up, counted in tokens_; their number at the end of the text.
  size_t culprit_of(ByteRange node, size_t first) const {
    size_t previous = first;
    for (size_t i = first; i < tokens_.size(); i++) {
      const Token& token = tokens_[i];
      bool behind = token.range.begin >= node.end && i > first;
      if (token.missing) continue;
      if (token.state == 0 && !token.extra) return solid_from(token.range.begin < node.end && i == first ? i : previous);
      if (behind && token.range.size() > 0 && !token.extra) return i;
      if (token.range.size() > 0 && !token.extra) previous = i;
    }
    return tokens_.size();
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

  SyntaxError unclosed_string(ByteRange quote) const {
    ByteRange line = line_at(text_, quote.begin);
    size_t size = without_trailing_blanks(slice(text_, {quote.begin, line.end})).size();
    return {{quote.begin, quote.begin + std::max(quote.size(), static_cast<uint32_t>(size))}, "unclosed string", quote};
  }

  SyntaxError unexpected_end(ByteRange node) const {
    if (const LoneBracket* opener = lone_opener('\0', {node.begin, static_cast<uint32_t>(text_.size())})) {
      return missing_closer(*opener);
    }
    return {before(static_cast<uint32_t>(text_.size())), "unexpected end of file", std::nullopt};
  }

  SyntaxError unexpected(ByteRange range) const {
    constexpr size_t longest = 40;
    ByteRange clipped = one_line(range);
    std::string_view token = slice(text_, clipped);
    if (token.empty() || token == "\n") return {before(range.begin), "unexpected end of line", std::nullopt};
    bool cut = token.size() > longest || range.size() > clipped.size();
    return {clipped, fmt::format("unexpected `{}{}`", token.substr(0, utf8_cut(token, longest)), cut ? "…" : ""), std::nullopt};
  }

  SyntaxError missing_closer(const LoneBracket& opener) const {
    return {before(missed_at(text_, opener)), fmt::format("missing `{}`", partner_of(text_[opener.range.begin])), opener.range};
  }

  /// The last lone opener inside `range`; of one kind unless `kind` is 0.
  const LoneBracket* lone_opener(char kind, ByteRange range) const {
    const LoneBracket* found = nullptr;
    for (const LoneBracket& bracket : brackets_) {
      bool inside = bracket.range.begin >= range.begin && bracket.range.begin < range.end;
      if (bracket.opener && inside && (kind == '\0' || text_[bracket.range.begin] == kind)) found = &bracket;
    }
    return found;
  }

  /// The last token that ends at or before `offset`, within its last line: where something is missing behind it.
  ByteRange before(uint32_t offset) const {
    for (size_t i = first_token_at(tokens_, offset); i-- > 0;) {
      const Token& token = tokens_[i];
      if (token.extra || token.range.end > offset || slice(text_, token.range).find_first_not_of(" \t\r\n") == std::string_view::npos) continue;
      return last_line(token.range);
    }
    return any_range(offset);
  }

  ByteRange one_line(ByteRange range) const {
    ByteRange line = line_at(text_, range.begin);
    return {range.begin, std::min(range.end, std::max(line.end, range.begin + 1))};
  }

  ByteRange last_line(ByteRange range) const {
    size_t end = slice(text_, range).find_last_not_of(" \t\r\n") + 1;
    size_t newline = text_.substr(range.begin, end).rfind('\n');
    size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    return {range.begin + static_cast<uint32_t>(begin), range.begin + static_cast<uint32_t>(end)};
  }

  /// Some range that is not empty, near `offset`.
  ByteRange any_range(uint32_t offset) const {
    auto size = static_cast<uint32_t>(text_.size());
    uint32_t begin = std::min(offset, size == 0 ? 0 : size - 1);
    return {begin, std::min(begin + 1, size)};
  }

  static size_t utf8_cut(std::string_view text, size_t limit) {
    size_t size = std::min(text.size(), limit);
    while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) size--;
    return size;
  }

  /// The tree has an error, but no visible node shows it: a hidden token that the parser assumed.
  SyntaxError hidden_error() const {
    for (size_t i = 0; i < tokens_.size(); i++) {
      if (tokens_[i].missing) return {before(tokens_[i].range.begin), "missing end of line", std::nullopt};
      if (tokens_[i].error) return unexpected(tokens_[i].range);
    }
    return {any_range(0), "syntax error", std::nullopt};
  }

  const SyntaxTree& tree_;
  std::string_view text_;
  std::vector<Token> tokens_;
  std::vector<LoneBracket> brackets_;
  std::vector<SyntaxError> errors_;
};

}  // namespace

std::vector<SyntaxError> diagnose(const SyntaxTree& tree, std::string_view text, size_t max_errors) {
  if (!tree.has_errors()) return {};
  return Diagnosis(tree, text).run(max_errors);
}

}  // namespace lacuna::syntax
