#include "syntax/next_part.h"

#include <tree_sitter/api.h>

#include <algorithm>

#include "syntax/node_path.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

uint32_t skip_space(std::string_view text, ByteRange rest) {
  uint32_t at = rest.begin;
  while (at < rest.end && is_space(text[at])) at++;
  return at;
}

uint32_t word_end(std::string_view text, ByteRange rest) {
  uint32_t at = skip_space(text, rest);
  if (at == rest.end) return at;
  const bool word = is_word(text[at]);
  while (at < rest.end && !is_space(text[at]) && is_word(text[at]) == word) at++;
  return at;
}

uint32_t line_end(std::string_view text, ByteRange rest) {
  const uint32_t content = skip_space(text, rest);
  const size_t end = text.substr(0, rest.end).find('\n', content);
  if (end == std::string_view::npos) return rest.end;
  const auto at = static_cast<uint32_t>(end);
  return at > content && text[at - 1] == '\r' ? at - 1 : at;
}

uint32_t node_end(const SyntaxTree& tree, std::string_view text, ByteRange rest, bool started) {
  const uint32_t begin = skip_space(text, rest);
  if (begin == rest.end) return begin;
  uint32_t part = 0;       // end of the largest node that begins here and leaves something over
  bool part_leaf = false;  // it is a single token
  bool whole = false;      // some node is exactly the rest
  for (const TSNode node : path_to(tree, begin)) {  // the root first: ends only shrink
    const uint32_t end = ts_node_end_byte(node);
    const bool leaf = ts_node_child_count(node) == 0;
    if (leaf && ts_node_start_byte(node) < begin) return std::min(end, rest.end);  // the rest of a token
    if (ts_node_start_byte(node) != begin) continue;
    whole = whole || end == rest.end;
    if (end >= rest.end || part != 0) continue;
    part = end;
    part_leaf = leaf;
  }
  if (part == 0) return whole ? rest.end : word_end(text, rest);
  return part_leaf && whole && started ? rest.end : part;
}

}  // namespace

std::optional<PartUnit> part_unit(std::string_view name) {
  if (name == "word") return PartUnit::word;
  if (name == "line") return PartUnit::line;
  if (name == "node") return PartUnit::node;
  return std::nullopt;
}

uint32_t next_part_end(const SyntaxTree* tree, std::string_view text, ByteRange rest, PartUnit unit, bool started) {
  if (unit == PartUnit::line) return line_end(text, rest);
  if (unit == PartUnit::word || tree == nullptr) return word_end(text, rest);
  return node_end(*tree, text, rest, started);
}

}  // namespace lacuna::syntax
