#include <tree_sitter/api.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "syntax/bracket_suspects.h"
#include "syntax/cursor_walk.h"
#include "syntax/silent_errors.h"

namespace lacuna::syntax {
namespace {

constexpr int enough_statements = 8;   // that end as they should
constexpr size_t most_statements = 3;  // that do not
constexpr int enough_members = 4;
constexpr int enough_lists = 5;

constexpr std::string_view statements[] = {"expression_statement", "variable_declaration", "lexical_declaration",
                                           "return_statement",     "import_statement",     "throw_statement",
                                           "break_statement",      "continue_statement",   "type_alias_declaration"};
constexpr std::string_view member_lists[] = {"interface_body", "object_type", "class_body"};
constexpr std::string_view members[] = {"property_signature", "method_signature", "public_field_definition",
                                        "field_definition"};

template <size_t size>
bool is_one_of(std::string_view type, const std::string_view (&types)[size]) {
  return std::find(std::begin(types), std::end(types), type) != std::end(types);
}

size_t last_lexeme(const AcceptedText& accepted, TSNode node) {
  return lexeme_at(accepted.lexemes, ts_node_end_byte(node) - 1);
}

/// Whether the lexeme that comes after is on another line: what shares its line with a closer may do without a mark.
bool ends_line(const AcceptedText& accepted, size_t lexeme) {
  return lexeme < accepted.lexemes.size() && accepted.lexemes[lexeme].last_on_line;
}

/// A bracketed list whose closer and last element each begin a line: its last lexeme. Nothing for others.
std::optional<size_t> end_of_long_list(const AcceptedText& accepted, TSNode node) {
  const uint32_t count = ts_node_child_count(node);
  if (count < 3) return std::nullopt;
  const size_t closer = last_lexeme(accepted, node);
  if (closer == 0 || closer >= accepted.lexemes.size() || !is_closing(accepted.text, accepted.lexemes[closer]) ||
      !accepted.lexemes[closer].first_on_line)
    return std::nullopt;
  bool separated = false;
  TSNode last{};
  for (uint32_t i = 1; i + 1 < count; i++) {
    const TSNode child = ts_node_child(node, i);
    if (type_of(child) == ",") separated = true;
    if (ts_node_is_named(child) && !ts_node_is_extra(child)) last = child;
  }
  if (!separated || ts_node_is_null(last)) return std::nullopt;
  const size_t first = lexeme_at(accepted.lexemes, ts_node_start_byte(last));
  if (first >= accepted.lexemes.size() || !accepted.lexemes[first].first_on_line) return std::nullopt;
  if (accepted.text_of(first).starts_with("..")) return std::nullopt;  // the rest: some may have no comma behind it
  return accepted.before(closer);
}

}  // namespace

void find_lost_statement_ends(const AcceptedText& accepted, std::vector<SyntaxError>& errors) {
  const std::string_view id = accepted.tree.language().id;
  if (id != "javascript" && id != "typescript" && id != "typescriptreact") return;
  MarkedEnds of_statements;
  MarkedEnds of_members;
  walk(ts_tree_root_node(accepted.tree.raw()), [&](TSNode node) {
    const std::string_view type = type_of(node);
    const bool statement = is_one_of(type, statements);
    if (!statement && !(is_one_of(type, members) && is_one_of(type_of(ts_node_parent(node)), member_lists)))
      return true;
    const size_t last = last_lexeme(accepted, node);
    if (!ends_line(accepted, last) && accepted.text_of(std::min(last, accepted.lexemes.size() - 1)) != ";") {
      if (!statement && (type_of(ts_node_next_sibling(node)) == ";")) of_members.closed++;
      return true;
    }
    // A directive such as 'use strict', and functions that are assigned, end as people like.
    const bool free = accepted.text_of(last) == "}" || type_of(ts_node_child(node, 0)) == "string";
    if (free) return true;
    MarkedEnds& ends = statement ? of_statements : of_members;
    if (accepted.text_of(last) == ";") {
      ends.closed++;
    } else {
      ends.open.push_back(last);
    }
    return true;
  });
  of_statements.tell(accepted, enough_statements, ";", errors, most_statements);
  of_members.tell(accepted, enough_members, ";", errors);
}

void find_unusual_last_elements(const AcceptedText& accepted, std::vector<SyntaxError>& errors) {
  std::map<std::string_view, MarkedEnds> by_type;
  walk(ts_tree_root_node(accepted.tree.raw()), [&](TSNode node) {
    if (type_of(node) == "match_arm" && type_of(ts_node_next_sibling(node)) == "}") {
      const size_t last = last_lexeme(accepted, node);
      MarkedEnds& ends = by_type["match_arm"];
      if (accepted.text_of(last) == ",") {
        ends.closed++;
      } else if (accepted.text_of(last) != "}" && ends_line(accepted, last)) {
        ends.open.push_back(last);
      }
      return true;
    }
    if (const std::optional<size_t> last = end_of_long_list(accepted, node)) {
      MarkedEnds& ends = by_type[type_of(node)];
      if (accepted.text_of(*last) == ",") {
        ends.closed++;
      } else {
        ends.open.push_back(*last);
      }
    }
    return true;
  });
  for (const auto& [type, ends] : by_type) ends.tell(accepted, enough_lists, ",", errors);
}

}  // namespace lacuna::syntax
