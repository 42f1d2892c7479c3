#include <fmt/format.h>
#include <tree_sitter/api.h>

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "syntax/cursor_walk.h"
#include "syntax/deadline.h"
#include "syntax/lexeme_ngrams.h"
#include "syntax/mended_text.h"
#include "syntax/silent_errors.h"
#include "syntax/text_lines.h"
#include "syntax/word_distance.h"

namespace lacuna::syntax {
namespace {

constexpr size_t shortest_word = 2;
constexpr size_t longest_word = 16;
constexpr size_t shortest_but_one = 3;   // with a letter lost or added: two letters are short for many a name
constexpr size_t shortest_mistyped = 5;  // another letter in a shorter word makes another word
constexpr std::chrono::milliseconds budget{150};
constexpr std::string_view marks_of_names[] = {".", "->", "::", "?.", "@", "#", "$", "'"};

std::vector<std::string_view> keywords_of(const Language& language) {
  const auto* grammar = static_cast<const TSLanguage*>(language.grammar());
  std::vector<std::string_view> words;
  for (uint32_t symbol = 1; symbol < ts_language_symbol_count(grammar); symbol++) {
    if (ts_language_symbol_type(grammar, static_cast<TSSymbol>(symbol)) != TSSymbolTypeAnonymous) continue;
    std::string_view name = ts_language_symbol_name(grammar, static_cast<TSSymbol>(symbol));
    if (name.size() >= shortest_word && std::all_of(name.begin(), name.end(), is_word)) words.push_back(name);
  }
  return words;
}

bool differ_in_case_only(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// All but two letters agree from either end: a cheap test that slips pass.
bool is_near(std::string_view word, std::string_view keyword) {
  const auto front = std::mismatch(word.begin(), word.end(), keyword.begin(), keyword.end()).first - word.begin();
  const auto back = std::mismatch(word.rbegin(), word.rend(), keyword.rbegin(), keyword.rend()).first - word.rbegin();
  return static_cast<size_t>(front + back) + 2 >= std::max(word.size(), keyword.size());
}

/// Whether `word` may be `keyword` after a slip of the fingers.
bool is_slip_of(std::string_view word, std::string_view keyword) {
  if (!is_near(word, keyword) || differ_in_case_only(word, keyword)) return false;
  if (word_distance(word, keyword, 1) != 1) return false;
  if (word.size() != keyword.size()) return word.size() >= shortest_but_one;
  const bool swapped = std::is_permutation(word.begin(), word.end(), keyword.begin());
  return swapped || word.size() >= shortest_mistyped;
}

/// A slip that leaves no word of any language: two letters swapped, one lost or doubled, in what is long enough.
bool is_plain_slip(std::string_view word, std::string_view keyword) {
  if (word.size() < shortest_mistyped) return false;
  if (word.size() == keyword.size()) return std::is_permutation(word.begin(), word.end(), keyword.begin());
  if (word.size() < keyword.size()) return true;
  const auto at = std::mismatch(keyword.begin(), keyword.end(), word.begin()).second - word.begin();
  return at > 0 && word[static_cast<size_t>(at)] == word[static_cast<size_t>(at) - 1];
}

/// The nodes that begin at `begin`, without the root, outermost first.
std::vector<TSNode> nodes_from(const SyntaxTree& tree, uint32_t begin, uint32_t end) {
  std::vector<TSNode> nodes;
  const TSNode root = ts_tree_root_node(tree.raw());
  TSNode node = ts_node_descendant_for_byte_range(root, begin, end);
  for (; !ts_node_is_null(node) && !ts_node_eq(node, root) && ts_node_start_byte(node) == begin;
       node = ts_node_parent(node))
    nodes.push_back(node);
  std::reverse(nodes.begin(), nodes.end());
  return nodes;
}

bool is_blank_from(std::string_view text, uint32_t begin) {
  const size_t at = text.find_first_not_of(" \t\r;", begin);
  return at == std::string_view::npos || text[at] == '\n';
}

/// The keyword makes another statement of the line, to its end: `reutrn x;` is no declaration any more, where
/// `ulong x;` would be one with `long`, too.
bool makes_another_statement(const SyntaxTree& before, const SyntaxTree& after, std::string_view text, uint32_t begin,
                             uint32_t old_end, uint32_t new_end) {
  const std::vector<TSNode> old_nodes = nodes_from(before, begin, old_end);
  const std::vector<TSNode> new_nodes = nodes_from(after, begin, new_end);
  size_t same = 0;  // a block that begins with the statement
  while (same < old_nodes.size() && same < new_nodes.size() &&
         ts_node_symbol(old_nodes[same]) == ts_node_symbol(new_nodes[same]))
    same++;
  if (same >= old_nodes.size() || same >= new_nodes.size()) return false;
  const TSNode statement = new_nodes[same];
  return ts_node_is_named(statement) && ts_node_child_count(statement) > 0 &&
         is_blank_from(text, ts_node_end_byte(statement));
}

/// The text parses with `keyword` in place of `word`, and takes it for the keyword; and, unless the slip is plain, for
/// the beginning of another statement.
bool reads_as_keyword(const AcceptedText& accepted, ByteRange word, std::string_view keyword,
                      const Deadline& deadline) {
  const TextChange change{word, std::string(keyword)};
  const std::string changed =
      std::string(accepted.text.substr(0, word.begin)).append(keyword).append(accepted.text.substr(word.end));
  const uint32_t end = word.begin + static_cast<uint32_t>(keyword.size());
  const Edit edit{word.begin, word.end, end};
  const ParseOptions options{std::max(deadline.left(), std::chrono::milliseconds(1))};
  const Result<SyntaxTree> tree = accepted.tree.reparse({&edit, 1}, accepted.text, changed, options);
  if (!tree.ok() || tree->has_errors()) return false;
  const TSNode leaf = ts_node_descendant_for_byte_range(ts_tree_root_node(tree->raw()), word.begin, end);
  if (ts_node_is_named(leaf) || ts_node_start_byte(leaf) != word.begin || ts_node_end_byte(leaf) != end) return false;
  // A macro's arguments are a heap of tokens: there every keyword is welcome.
  if (std::string_view(ts_node_type(ts_node_parent(leaf))) == "token_tree") return false;
  if (is_plain_slip(accepted.text.substr(word.begin, word.size()), keyword)) return true;
  return makes_another_statement(accepted.tree, *tree, changed, word.begin, word.end, end);
}

/// A member, a part of a path, an attribute.
bool stands_at_mark_of_names(const AcceptedText& accepted, size_t lexeme) {
  const auto is_mark = [&](size_t at) {
    return std::find(std::begin(marks_of_names), std::end(marks_of_names), accepted.text_of(at)) !=
           std::end(marks_of_names);
  };
  return (lexeme > 0 && is_mark(lexeme - 1)) || (lexeme + 1 < accepted.lexemes.size() && is_mark(lexeme + 1));
}

}  // namespace

void find_misspelt_keywords(const AcceptedText& accepted, std::vector<SyntaxError>& errors) {
  const Deadline deadline(budget, nullptr);
  const std::vector<std::string_view> keywords = keywords_of(accepted.tree.language());
  std::unordered_map<std::string_view, int> counts;
  for (size_t i = 0; i < accepted.lexemes.size(); i++) counts[accepted.text_of(i)]++;
  for (size_t i = 0; i < accepted.lexemes.size() && !deadline.passed(); i++) {
    const Lexeme& each = accepted.lexemes[i];
    const std::string_view word = accepted.text_of(i);
    // A name that is written twice is meant.
    if (each.kind != Lexeme::Kind::word || word.size() < shortest_word || word.size() > longest_word ||
        counts[word] > 1 || std::find(keywords.begin(), keywords.end(), word) != keywords.end())
      continue;
    if (stands_at_mark_of_names(accepted, i)) continue;
    for (const std::string_view keyword : keywords) {
      if (!each.first_on_line && !is_plain_slip(word, keyword))
        continue;  // where no statement begins, most names are meant
      if (!is_slip_of(word, keyword) || !reads_as_keyword(accepted, each.range, keyword, deadline)) continue;
      errors.push_back({each.range, fmt::format("unexpected `{}` instead of `{}`", word, keyword), std::nullopt,
                        TextChange{each.range, std::string(keyword)}});
      break;
    }
  }
}

namespace {

bool is_name(std::string_view leaf) {
  return leaf == "identifier" || leaf.ends_with("_identifier") || leaf.find("identifier_pattern") != leaf.npos;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// A word of the file: how often it is written, and as which leaf of the tree.
struct WrittenWord {
  int count = 0;
  TSSymbol symbol = 0;
  bool name = true;
  uint32_t begin = 0;
};

std::unordered_map<std::string_view, WrittenWord> written_words(const AcceptedText& accepted) {
  std::unordered_map<std::string_view, WrittenWord> words;
  walk(ts_tree_root_node(accepted.tree.raw()), [&](TSNode node) {
    if (ts_node_child_count(node) > 0) return true;
    const std::string_view text = slice(accepted.text, {ts_node_start_byte(node), ts_node_end_byte(node)});
    if (text.size() < shortest_word || text.size() > longest_word || !std::all_of(text.begin(), text.end(), is_word))
      return true;
    WrittenWord& word = words[text];
    word.count++;
    word.symbol = ts_node_symbol(node);
    word.name = is_name(ts_node_type(node));
    word.begin = ts_node_start_byte(node);
    return true;
  });
  return words;
}

/// The text parses with `target` in place of the word, and reads it as it does elsewhere.
bool reads_as(const AcceptedText& accepted, ByteRange word, std::string_view target, TSSymbol symbol) {
  const Result<SyntaxTree> tree = reparse_with(accepted.tree, accepted.text, {{word, std::string(target)}});
  if (!tree.ok() || tree->has_errors()) return false;
  const uint32_t end = word.begin + static_cast<uint32_t>(target.size());
  const TSNode leaf = ts_node_descendant_for_byte_range(ts_tree_root_node(tree->raw()), word.begin, end);
  return ts_node_symbol(leaf) == symbol && ts_node_start_byte(leaf) == word.begin && ts_node_end_byte(leaf) == end;
}

}  // namespace

void find_likely_keywords(const AcceptedText& accepted, std::vector<SyntaxError>& errors) {
  constexpr int enough = 2;
  const Deadline deadline(budget, nullptr);
  const std::unordered_map<std::string_view, WrittenWord> words = written_words(accepted);
  std::vector<std::pair<std::string_view, uint32_t>> single;
  for (const auto& [word, own] : words)
    if (own.name && own.count == 1) single.emplace_back(word, own.begin);
  for (const auto& [target, known] : words) {
    if (known.name || known.count < enough || !is_letter(target.front())) continue;
    for (const auto& [word, begin] : single) {
      if (deadline.passed()) return;
      if (!is_near(word, target) || word_distance(word, target, 1) != 1) continue;
      if (word.size() == target.size() && !std::is_permutation(word.begin(), word.end(), target.begin())) continue;
      const ByteRange range{begin, begin + static_cast<uint32_t>(word.size())};
      if (!reads_as(accepted, range, target, known.symbol)) continue;
      errors.push_back({range, fmt::format("unexpected `{}` instead of `{}`", word, target), std::nullopt,
                        TextChange{range, std::string(target)}});
    }
  }
}

}  // namespace lacuna::syntax
