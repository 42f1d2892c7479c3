#include "syntax/tree_shape.h"

#include "syntax/cursor_walk.h"

namespace lacuna::syntax {

std::vector<std::string> shape_of(const SyntaxTree& tree, std::string_view text) {
  std::vector<std::string> shape;
  TreeCursor cursor(ts_tree_root_node(tree.raw()));
  while (true) {
    const TSNode node = cursor.node();
    if (ts_node_child_count(node) > 0) {
      shape.push_back(std::string("(") + ts_node_type(node));
      if (cursor.first_child()) continue;
    }
    const ByteRange range{ts_node_start_byte(node), ts_node_end_byte(node)};
    if (range.size() > 0) shape.emplace_back(text.substr(range.begin, range.size()));
    while (!cursor.next_sibling()) {
      if (!cursor.parent()) return shape;
      shape.emplace_back(")");
    }
  }
}

}  // namespace lacuna::syntax
