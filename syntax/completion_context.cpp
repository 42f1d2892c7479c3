#include "syntax/completion_context.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <array>

#include "syntax/brackets.h"
#include "syntax/code_scan.h"
#include "syntax/node_path.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

bool all_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_blank);
}

/// An ERROR node reaches into the line before the cursor: what the tree says of strings there is a guess.
bool broken_before(const SyntaxTree& tree, ByteRange line, uint32_t offset) {
  if (!tree.has_errors()) return false;
  for (uint32_t at = offset; at > line.begin; at--) {
    for (TSNode node : path_to(tree, at - 1))
      if (ts_node_is_error(node)) return true;
    if (offset - at >= 64) break;
  }
  return false;
}

TextKind kind_of_cursor(const SyntaxTree& tree, std::string_view text, ByteRange line, uint32_t offset) {
  TextKind kind = kind_at(tree, text, offset);
  if (kind != TextKind::code || !broken_before(tree, line, offset)) return kind;
  // A line that begins inside a long string has no lexical meaning of its own.
  if (kind_at(tree, text, line.begin) != TextKind::code) return kind;
  return scan_code(tree.language(), text.substr(line.begin, offset - line.begin)).kind;
}

ByteRange word_before(std::string_view text, uint32_t offset) {
  uint32_t begin = offset;
  while (begin > 0 && is_word(text[begin - 1])) begin--;
  return {begin, offset};
}

std::string closers_from(std::string_view rest) {
  std::string closers;
  for (char c : rest) {
    if (is_blank(c)) continue;
    if (std::string_view(")]}\"'`;,").find(c) == std::string_view::npos) break;
    closers.push_back(c);
  }
  return closers;
}

/// The end of the last code before `offset`: blanks, line ends and comments are skipped. 0 if there is none.
uint32_t code_end_before(const SyntaxTree& tree, std::string_view text, uint32_t offset) {
  while (offset > 0) {
    if (is_space(text[offset - 1])) {
      offset--;
      continue;
    }
    const TSNode* comment = nullptr;
    std::vector<TSNode> path = path_to(tree, offset - 1);
    for (const TSNode& node : path)
      if (is_comment(node)) comment = &node;
    if (comment == nullptr) return offset;
    offset = ts_node_start_byte(*comment);
  }
  return 0;
}

/// Where the next text behind blanks and line ends begins.
uint32_t text_begin_after(std::string_view text, uint32_t offset) {
  while (offset < text.size() && is_space(text[offset])) offset++;
  return offset;
}

/// The words that open a block at the end of a line and those that close one, for languages without braces.
constexpr std::array<std::string_view, 3> opening_words = {"do", "then", "else"};
constexpr std::array<std::string_view, 15> opening_first_words = {"def",   "class", "module", "if",     "unless",
                                                                  "while", "until", "for",    "case",   "when",
                                                                  "else",  "elsif", "begin",  "ensure", "rescue"};

std::string_view last_word(std::string_view line) {
  size_t begin = line.size();
  while (begin > 0 && is_word(line[begin - 1])) begin--;
  return line.substr(begin);
}

std::string_view first_word(std::string_view line) {
  size_t end = 0;
  while (end < line.size() && is_word(line[end])) end++;
  return line.substr(0, end);
}

template <size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// The code of a line ends in something that a block follows.
bool opens_block(const Language& language, std::string_view line) {
  if (line.empty()) return false;
  if (language.indentation_blocks) return line.back() == ':';
  if (line.back() == '{') return true;
  if (language.line_comment != "#") return false;
  if (is_one_of(opening_words, last_word(line)) || line.back() == '|') return true;
  return language.id == "ruby" && is_one_of(opening_first_words, first_word(line));
}

/// Python's documentation string stands first in a block that is otherwise empty: look before it.
uint32_t before_documentation(const SyntaxTree& tree, std::string_view text, uint32_t code_end) {
  if (!tree.language().indentation_blocks || code_end == 0) return code_end;
  for (TSNode node : path_to(tree, code_end - 1)) {
    if (!is_string(node) || ts_node_end_byte(node) != code_end) continue;
    uint32_t begin = ts_node_start_byte(node);
    uint32_t before = code_end_before(tree, text, begin);
    if (before > 0 && text[before - 1] == ':' && all_blank(slice(text, {line_at(text, begin).begin, begin})))
      return before;
  }
  return code_end;
}

bool in_empty_block(const SyntaxTree& tree, std::string_view text, uint32_t offset, const CompletionContext& context) {
  uint32_t code_end = before_documentation(tree, text, code_end_before(tree, text, offset));
  if (code_end == 0) return false;
  ByteRange header = line_at(text, code_end - 1);
  uint32_t first = header.begin + static_cast<uint32_t>(indentation_at(text, header.begin).size());
  if (!opens_block(tree.language(), slice(text, {first, code_end}))) return false;

  uint32_t next = text_begin_after(text, offset);
  bool braces = text[code_end - 1] == '{';
  if (braces && next < text.size() && text[next] == '}') return true;
  if (!context.line_blank_after || header.begin == context.line.begin) return false;
  if (!context.line_blank_before) return false;
  // Nothing that follows is indented as the block's body would be.
  return next == text.size() || width_of(indentation_at(text, next)) <= width_of(indentation_at(text, header.begin));
}

}  // namespace

CompletionContext completion_context(const SyntaxTree& tree, std::string_view text, uint32_t offset) {
  LACUNA_CHECK(offset <= text.size());
  CompletionContext context;
  context.line = line_at(text, offset);
  std::string_view before = slice(text, {context.line.begin, offset});
  std::string_view after = slice(text, {offset, context.line.end});
  context.line_blank_before = all_blank(before);
  context.line_blank_after = all_blank(after);
  context.indentation = indentation_at(before, 0);
  context.inside_word = offset < text.size() && is_word(text[offset]);
  context.word = word_before(text, offset);
  context.closers_after = closers_from(after);

  TextKind kind = kind_of_cursor(tree, text, context.line, offset);
  context.in_comment = kind == TextKind::comment;
  context.in_string = kind == TextKind::string;
  context.in_empty_block = kind == TextKind::code && in_empty_block(tree, text, offset, context);
  context.num_errors = tree.num_errors();
  return context;
}

}  // namespace lacuna::syntax
