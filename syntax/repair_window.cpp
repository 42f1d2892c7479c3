#include "syntax/repair_window.h"

#include <tree_sitter/api.h>

#include <algorithm>

#include "syntax/cursor_walk.h"

namespace lacuna::syntax {
namespace {

constexpr uint32_t longest_whole = 1 << 17;  // some 4,000 lines
constexpr uint32_t context_before = 3 << 13;
constexpr uint32_t context_after = 1 << 19;  // a lost closer shows only at the end of what it should have closed

}  // namespace

ByteRange repair_window(const SyntaxTree& tree, size_t text_size, uint32_t offset) {
  auto size = static_cast<uint32_t>(text_size);
  if (size <= longest_whole) return {0, size};
  uint32_t wanted = offset > context_before ? offset - context_before : 0;
  uint32_t begin = 0;
  TreeCursor cursor(ts_tree_root_node(tree.raw()));
  for (bool more = cursor.first_child(); more; more = cursor.next_sibling()) {
    TSNode node = cursor.node();
    if (ts_node_has_error(node) || ts_node_end_byte(node) > wanted) break;
    begin = ts_node_end_byte(node);
  }
  uint64_t end = uint64_t{std::max(offset, begin)} + context_after;
  return {begin, static_cast<uint32_t>(std::min<uint64_t>(end, size))};
}

}  // namespace lacuna::syntax
