#include <tree_sitter/api.h>

#include <algorithm>
#include <unordered_map>

#include "syntax/bracket_suspects.h"
#include "syntax/cursor_walk.h"
#include "syntax/lexeme_ngrams.h"
#include "syntax/silent_errors.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr int enough = 4;  // other places that have the mark
constexpr std::string_view marks[] = {",", ":", ";", "=>"};

/// The ranges of the macros' arguments: what stands there has no grammar.
std::vector<ByteRange> token_heaps(const SyntaxTree& tree) {
  std::vector<ByteRange> heaps;
  walk(ts_tree_root_node(tree.raw()), [&](TSNode node) {
    if (std::string_view(ts_node_type(node)) != "token_tree") return true;
    heaps.push_back({ts_node_start_byte(node), ts_node_end_byte(node)});
    return false;
  });
  return heaps;
}

/// Rows such as `name: (value),` in a macro: where all others of the macro have a mark between such neighbours.
void find_in_heap(const AcceptedText& accepted, size_t begin, size_t end, const LexemeClasses& classes,
                  std::vector<SyntaxError>& errors) {
  auto class_at = [&](size_t i) { return classes.of(accepted.text, accepted.lexemes[i]); };
  std::unordered_map<uint64_t, int> counts;
  // A place by the lexeme before it, the mark if there is one, and the three behind it.
  auto key = [&](size_t left, std::string_view mark, size_t right) {
    uint64_t place = mix(class_at(left), hash_text(mark));
    for (size_t i = right; i < right + 3; i++) place = mix(place, class_at(i));
    return place;
  };
  for (size_t i = begin; i + 4 < end; i++) {
    counts[key(i, "", i + 1)]++;
    counts[key(i, accepted.text_of(i + 1), i + 2)]++;
  }
  for (size_t i = begin; i + 4 < end; i++) {
    // Names that begin a row: elsewhere two words may well stand side by side (`&mut x`).
    const bool row = accepted.lexemes[i].first_on_line && accepted.lexemes[i].kind == Lexeme::Kind::word;
    if (!row || accepted.lexemes[i + 1].first_on_line || counts[key(i, "", i + 1)] > 1) continue;
    for (const std::string_view mark : marks) {
      if (counts[key(i, mark, i + 1)] < enough) continue;
      errors.push_back(lost_mark(accepted, i, mark));
      break;
    }
  }
}

/// Where a `;` must be, and only a macro hides that it is missing.
bool has_macros(const Language& language) {
  return language.id == "c" || language.id == "cpp" || language.id == "rust";
}

void find_lost_semicolons(const AcceptedText& accepted, std::vector<SyntaxError>& errors) {
  const std::vector<Lexeme>& lexemes = accepted.lexemes;
  // The last macro of a Rust function may be its value: usually not where all others are none.
  const bool close = accepted.tree.began_with_errors() && accepted.tree.language().id == "rust";
  std::unordered_map<std::string_view, MarkedEnds> calls;  // that fill a line, as macros do, by what is called
  for (size_t i = 0; i + 3 < lexemes.size(); i++) {
    if (!lexemes[i].first_on_line || lexemes[i].kind != Lexeme::Kind::word) continue;
    size_t at = i + 1;
    const bool macro = accepted.text_of(at) == "!";
    if (macro) at++;
    if (accepted.text_of(at) != "(") continue;
    int depth = 0;
    while (at < lexemes.size()) {
      if (is_opening(accepted.text, lexemes[at])) depth++;
      if (is_closing(accepted.text, lexemes[at]) && --depth == 0) break;
      at++;
    }
    if (at + 1 >= lexemes.size()) break;
    MarkedEnds& ends = calls[accepted.text_of(i)];
    if (accepted.text_of(at + 1) == ";") {
      ends.closed++;
    } else if (lexemes[at + 1].first_on_line &&
               (lexemes[at + 1].kind != Lexeme::Kind::mark || (close && macro && accepted.text_of(at + 1) == "}"))) {
      ends.open.push_back(at);
    } else {
      ends.closed -= enough;  // used in other ways, too
    }
  }
  for (const auto& [name, ends] : calls) ends.tell(accepted, enough, ";", errors);
}

}  // namespace

void find_lost_last_commas(const AcceptedText& accepted, std::vector<SyntaxError>& errors) {
  if (accepted.tree.language().id != "go") return;
  constexpr std::string_view lists[] = {"literal_value", "argument_list", "parameter_list"};
  walk(ts_tree_root_node(accepted.tree.raw()), [&](TSNode node) {
    if (std::find(std::begin(lists), std::end(lists), ts_node_type(node)) == std::end(lists)) return true;
    const size_t closer = lexeme_at(accepted.lexemes, ts_node_end_byte(node) - 1);
    if (closer == accepted.lexemes.size() || !accepted.lexemes[closer].first_on_line) return true;
    const size_t last = accepted.before(closer);
    if (accepted.lexemes[last].range.begin <= ts_node_start_byte(node) || accepted.text_of(last) == ",") return true;
    errors.push_back(lost_mark(accepted, last, ","));
    return true;
  });
}

void find_broken_habits(const AcceptedText& accepted, std::vector<SyntaxError>& errors) {
  const LexemeClasses classes(accepted.tree.language());
  for (const ByteRange heap : token_heaps(accepted.tree)) {
    find_in_heap(accepted, lexeme_at(accepted.lexemes, heap.begin), lexeme_at(accepted.lexemes, heap.end - 1), classes,
                 errors);
  }
  if (has_macros(accepted.tree.language())) find_lost_semicolons(accepted, errors);
}

}  // namespace lacuna::syntax
