#include "syntax/repair_contexts.h"

#include <tree_sitter/api.h>

#include <algorithm>

#include "syntax/lexeme_ngrams.h"
#include "syntax/repair_context_weights.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr size_t levels = 5;  // above the leaf

uint64_t type_hash(TSNode node) {
  return ts_node_is_null(node) ? 11 : hash_text(ts_node_type(node));
}

/// A node and those around it, innermost first.
struct Path {
  std::array<TSNode, levels + 1> nodes{};

  explicit Path(TSNode leaf) {
    nodes[0] = leaf;
    for (size_t i = 1; i < nodes.size(); i++)
      nodes[i] = ts_node_is_null(nodes[i - 1]) ? nodes[i - 1] : ts_node_parent(nodes[i - 1]);
  }
  uint64_t type(size_t level) const { return type_hash(nodes[level]); }
};

/// Collects hashes, each with a seed of its own.
class Contexts {
 public:
  explicit Contexts(std::string_view language) : language_(hash_text(language)) {}

  void add(uint64_t hash) {
    if (size_ < num_repair_contexts) all_[size_] = static_cast<uint32_t>(mix(mix(language_, size_ + 1), hash));
    size_++;
  }
  /// Pairs and triples of types from the leaf upwards.
  void add_path(const Path& path, uint64_t what, size_t depth) {
    for (size_t i = 0; i < depth; i++) {
      add(mix(mix(what, path.type(i)), path.type(i + 1)));
      add(mix(mix(path.type(i), path.type(i + 1)), mix(path.type(std::min(i + 2, levels)), i)));
    }
  }
  /// What stands beside the node, and in what.
  void add_siblings(TSNode node) {
    const bool none = ts_node_is_null(node);
    const uint64_t left = none ? 1 : type_hash(ts_node_prev_sibling(node));
    const uint64_t right = none ? 2 : type_hash(ts_node_next_sibling(node));
    const uint64_t parent = none ? 3 : type_hash(ts_node_parent(node));
    const uint64_t own = type_hash(node);
    add(mix(mix(left, own), mix(right, parent)));
    add(mix(mix(left, own), parent));
    add(mix(mix(own, right), mix(parent, 5)));
  }
  RepairContexts all() const { return all_; }

 private:
  uint64_t language_;
  RepairContexts all_{};
  size_t size_ = 0;
};

TSNode leaf_at(TSNode root, uint32_t begin, uint32_t end) {
  return ts_node_descendant_for_byte_range(root, begin, std::max(end, begin));
}

}  // namespace

RepairContexts repair_contexts(const SyntaxTree& tree, std::string_view text, const std::vector<TextChange>& changes) {
  const TextChange& change = changes.front();
  uint32_t begin = std::min(change.range.begin, static_cast<uint32_t>(text.size()));
  uint32_t end = std::min(begin + static_cast<uint32_t>(change.text.size()), static_cast<uint32_t>(text.size()));
  while (begin < end && is_space(text[begin])) begin++;
  while (end > begin && is_space(text[end - 1])) end--;
  uint32_t before = begin;
  while (before > 0 && is_space(text[before - 1])) before--;
  uint32_t after = end;
  while (after < text.size() && is_space(text[after])) after++;

  const TSNode root = ts_tree_root_node(tree.raw());
  const TSNode left = leaf_at(root, before == 0 ? 0 : before - 1, before);
  const TSNode right = leaf_at(root, after, std::min(after + 1, static_cast<uint32_t>(text.size())));
  const bool puts_in = begin < end;
  const TSNode own = puts_in ? leaf_at(root, begin, end) : leaf_at(root, before == 0 ? 0 : before - 1, after);
  const std::string_view in = text.substr(begin, end - begin);
  const uint64_t what = mix(hash_text(in.size() <= 12 ? in : "long"), change.range.size() > 0 ? 1 : 2);

  Contexts contexts(tree.language().id);
  const Path of_own(own);
  contexts.add_path(of_own, what, 4);               // 8
  contexts.add_siblings(own);                       // 3
  contexts.add_siblings(of_own.nodes[1]);           // 3
  contexts.add_siblings(of_own.nodes[2]);           // 3
  contexts.add_path(Path(left), mix(what, 7), 2);   // 4
  contexts.add_path(Path(right), mix(what, 9), 2);  // 4
  contexts.add(mix(mix(type_hash(left), what), type_hash(right)));
  contexts.add(mix(mix(of_own.type(1), of_own.type(2)), mix(of_own.type(3), of_own.type(4))));
  const TSNode holder = of_own.nodes[3];
  contexts.add(mix(what, !ts_node_is_null(holder) && ts_node_has_error(holder) ? 1 : 2));
  return contexts.all();
}

double score_of(const RepairContexts& contexts) {
  double sum = 0;
  for (const uint32_t each : contexts) sum += context_weights[each % num_context_weights];
  return sum * context_scale;
}

}  // namespace lacuna::syntax
