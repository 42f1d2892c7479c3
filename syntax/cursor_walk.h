/// Pre-order walks over visible nodes with a cursor: no recursion, whatever the depth of the tree.
#pragma once

#include <tree_sitter/api.h>

#include <cstdint>
#include <string_view>

namespace lacuna::syntax {

/// A TSTreeCursor that frees itself.
class TreeCursor {
 public:
  explicit TreeCursor(TSNode root) : cursor_(ts_tree_cursor_new(root)) {}
  ~TreeCursor() { ts_tree_cursor_delete(&cursor_); }
  TreeCursor(const TreeCursor&) = delete;
  TreeCursor& operator=(const TreeCursor&) = delete;

  TSNode node() const { return ts_tree_cursor_current_node(&cursor_); }
  bool first_child() { return ts_tree_cursor_goto_first_child(&cursor_); }
  /// The first child that ends behind `offset`.
  bool first_child_at(uint32_t offset) { return ts_tree_cursor_goto_first_child_for_byte(&cursor_, offset) >= 0; }
  bool next_sibling() { return ts_tree_cursor_goto_next_sibling(&cursor_); }
  bool parent() { return ts_tree_cursor_goto_parent(&cursor_); }

 private:
  TSTreeCursor cursor_;
};

/// Empty for the null node.
inline std::string_view type_of(TSNode node) {
  return ts_node_is_null(node) ? std::string_view() : std::string_view(ts_node_type(node));
}

/// Calls `visit(node)` for the nodes below and including `root` in the order of the text; where it returns false, the
/// node's children are left out.
template <class Visit>
void walk(TSNode root, Visit visit) {
  TreeCursor cursor(root);
  while (true) {
    if (visit(cursor.node()) && cursor.first_child()) continue;
    while (!cursor.next_sibling())
      if (!cursor.parent()) return;
  }
}

}  // namespace lacuna::syntax
