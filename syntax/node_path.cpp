#include "syntax/node_path.h"

#include "syntax/cursor_walk.h"

namespace lacuna::syntax {
namespace {

bool contains(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

/// True if the comment or string reaches over its last byte: it has no end mark, so text typed there belongs to it.
bool goes_on(TSNode node, std::string_view text) {
  uint32_t begin = ts_node_start_byte(node), end = ts_node_end_byte(node);
  std::string_view all = text.substr(begin, end - begin);
  if (all.empty() || all.back() == '\n') return false;
  if (is_comment(node))
    return !(all.size() >= 4 && all.starts_with("/*") && all.ends_with("*/")) && !all.ends_with("-->");
  return false;
}

}  // namespace

std::vector<TSNode> path_to(const SyntaxTree& tree, uint32_t offset) {
  std::vector<TSNode> path;
  TreeCursor cursor(ts_tree_root_node(tree.raw()));
  while (true) {
    TSNode node = cursor.node();
    if (offset < ts_node_start_byte(node) || offset >= ts_node_end_byte(node)) return path;
    path.push_back(node);
    if (!cursor.first_child_at(offset)) return path;
  }
}

bool is_comment(TSNode node) {
  return ts_node_is_named(node) && contains(ts_node_type(node), "comment");
}

bool is_string(TSNode node) {
  if (!ts_node_is_named(node)) return false;  // TypeScript's keyword `string`
  std::string_view type = ts_node_type(node);
  if (type.starts_with("concatenated") || type.starts_with("chained")) return false;
  for (std::string_view word : {"string", "char_literal", "character_literal", "rune_literal", "heredoc_body", "nowdoc",
                                "regex", "subshell", "ansi_c"}) {
    if (contains(type, word)) return !is_interpolation(node);
  }
  return false;
}

bool is_interpolation(TSNode node) {
  std::string_view type = ts_node_type(node);
  return type == "interpolation" || type == "template_substitution" || type == "command_substitution" ||
         type == "expansion";
}

TextKind kind_at(const SyntaxTree& tree, std::string_view text, uint32_t offset) {
  if (offset == 0) return TextKind::code;
  std::vector<TSNode> path = path_to(tree, offset - 1);
  for (size_t i = path.size(); i-- > 0;) {
    bool inside = offset < ts_node_end_byte(path[i]);
    if (inside && is_interpolation(path[i])) return TextKind::code;
    if (is_comment(path[i]) && (inside || goes_on(path[i], text))) return TextKind::comment;
    if (is_string(path[i]) && inside) return TextKind::string;
  }
  return TextKind::code;
}

}  // namespace lacuna::syntax
