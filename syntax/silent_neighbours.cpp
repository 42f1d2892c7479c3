#include <tree_sitter/api.h>

#include <algorithm>
#include <string_view>

#include "syntax/cursor_walk.h"
#include "syntax/silent_errors.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr uint32_t enough_strings = 4;  // elements of a list with a string on each line

/// Searches one tree.
class LostCommas {
 public:
  LostCommas(const AcceptedText& accepted, std::vector<SyntaxError>& errors) : accepted_(accepted), errors_(errors) {}

  void run() {
    std::vector<TSNode> apart;
    walk(ts_tree_root_node(accepted_.tree.raw()), [&](TSNode node) {
      const std::string_view type = type_of(node);
      if (type == "concatenated_string") joined_strings(node);
      if (type == "binary_expression") sign_after_blank(node);
      if ((type == "subscript" || type == "call") && bracket_after_blank(node)) apart.push_back(node);
      if (type == "token_tree") literal_in_heap(node);
      return true;
    });
    // In a file that writes its calls so there are more of them.
    if (apart.size() == 1 && in_list(apart.front())) tell_after(ts_node_child(apart.front(), 0));
  }

 private:
  bool blank_at(uint32_t offset) const { return offset < accepted_.text.size() && is_blank(accepted_.text[offset]); }

  bool same_line(TSNode a, TSNode b) const { return ts_node_end_point(a).row == ts_node_start_point(b).row; }

  void tell_after(TSNode node) {
    const size_t last = lexeme_at(accepted_.lexemes, ts_node_end_byte(node) - 1);
    if (last < accepted_.lexemes.size() && accepted_.lexemes[last].range.end == ts_node_end_byte(node))
      errors_.push_back(lost_mark(accepted_, last, ","));
  }

  bool in_list(TSNode node) const {
    const std::string_view parent = type_of(ts_node_parent(node));
    return parent == "argument_list" || parent == "arguments" || parent == "list" || parent == "tuple" ||
           parent == "initializer_list" || parent == "array" || parent == "set";
  }

  /// Two strings on one line, or the only pair in a list of strings on lines of their own.
  void joined_strings(TSNode node) {
    if (!in_list(node) || ts_node_named_child_count(node) != 2) return;
    const TSNode left = ts_node_named_child(node, 0);
    const TSNode right = ts_node_named_child(node, 1);
    const std::string_view id = accepted_.tree.language().id;
    if (id == "c" || id == "cpp") {  // PRIu64 is a string, filename is none
      const std::string_view word = type_of(left) == "identifier" ? text_of(left) : std::string_view();
      const bool lower = !word.empty() && std::none_of(word.begin(), word.end(), is_upper);
      if (lower) tell_after(left);
      return;
    }
    if (id != "python") return;
    if (same_line(left, right)) return tell_after(left);
    const TSNode list = ts_node_parent(node);
    uint32_t single = 0;
    uint32_t other = 0;
    for (uint32_t i = 0; i < ts_node_named_child_count(list); i++) {
      const TSNode each = ts_node_named_child(list, i);
      if (ts_node_is_extra(each)) continue;
      const bool plain = type_of(each) == "string" && ts_node_start_point(each).row == ts_node_end_point(each).row;
      (plain ? single : other)++;
    }
    const bool rows = type_of(list) == "list" || type_of(list) == "tuple" || type_of(list) == "set";
    if (rows && single >= enough_strings && other == 1) tell_after(left);
  }

  std::string_view text_of(TSNode node) const {
    return slice(accepted_.text, {ts_node_start_byte(node), ts_node_end_byte(node)});
  }

  /// `f(a &b)`: people put blanks on both sides of an operator, or on none.
  void sign_after_blank(TSNode node) {
    if (!in_list(node) || ts_node_child_count(node) != 3) return;
    const TSNode sign = ts_node_child(node, 1);
    const std::string_view id = accepted_.tree.language().id;
    const bool formatted = id == "rust" || id == "go";  // by tools that know how to space a sign
    const bool known = type_of(sign) == "&" || type_of(sign) == "*" || (formatted && type_of(sign) == "-");
    const bool cast = type_of(ts_node_child(node, 0)) == "parenthesized_expression";
    if (known && !cast && ts_node_start_byte(sign) > 0 && blank_at(ts_node_start_byte(sign) - 1) &&
        !blank_at(ts_node_end_byte(sign)) && same_line(ts_node_child(node, 0), ts_node_child(node, 2)))
      tell_after(ts_node_child(node, 0));
  }

  /// `f(a [b])`, `f(a (b))` in Python.
  bool bracket_after_blank(TSNode node) const {
    if (accepted_.tree.language().id != "python" || ts_node_child_count(node) < 2) return false;
    const TSNode left = ts_node_child(node, 0);
    return blank_at(ts_node_end_byte(left)) && same_line(left, ts_node_child(node, 1));
  }

  /// A string before a name or another literal in the arguments of a macro (Rust).
  void literal_in_heap(TSNode node) {
    const uint32_t count = ts_node_child_count(node);
    for (uint32_t i = 1; i + 2 < count; i++) {
      const TSNode left = ts_node_child(node, i);
      const TSNode right = ts_node_child(node, i + 1);
      const bool operand = type_of(right) == "identifier" || type_of(right) == "string_literal" ||
                           type_of(right) == "integer_literal" || type_of(right) == "self";
      const bool names = type_of(left) == "identifier" && type_of(right) == "identifier" &&
                         type_of(ts_node_parent(node)) == "attribute";
      const bool apart = blank_at(ts_node_end_byte(left)) && same_line(left, right);
      if (apart && ((type_of(left) == "string_literal" && operand) || names)) tell_after(left);
    }
  }

  const AcceptedText& accepted_;
  std::vector<SyntaxError>& errors_;
};

}  // namespace

void find_lost_commas(const AcceptedText& accepted, std::vector<SyntaxError>& errors) {
  LostCommas(accepted, errors).run();
}

}  // namespace lacuna::syntax
