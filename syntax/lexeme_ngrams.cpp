#include "syntax/lexeme_ngrams.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <cmath>

#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr uint64_t order_seed[] = {0x51, 0x52, 0x53};
constexpr double vocabulary = 200;  // of unseen lexemes, for smoothing
constexpr uint64_t total_key = 1;

uint64_t gram(const std::vector<uint64_t>& items, size_t end, size_t size) {
  uint64_t key = order_seed[size - 1];
  for (size_t i = end - size; i < end; i++) key = mix(key, items[i]);
  return key;
}

uint32_t get(const std::unordered_map<uint64_t, uint32_t>& counts, uint64_t key) {
  auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

uint64_t line_end_class(const Lexeme& before, const Lexeme& after) {
  if (after.indent > before.indent) return hash_text("\n>");
  return after.indent < before.indent ? hash_text("\n<") : hash_text("\n=");
}

std::string_view word_class(std::string_view word) {
  if (!is_upper(word[0])) return "w";
  return std::any_of(word.begin(), word.end(), is_lower) ? "Word" : "WORD";
}

}  // namespace

uint64_t hash_text(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325ull;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  return hash;
}

uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t hash = (a ^ (b + 0x9E3779B97F4A7C15ull + (a << 6) + (a >> 2))) * 0xFF51AFD7ED558CCDull;
  return hash ^ (hash >> 32);
}

LexemeClasses::LexemeClasses(const Language& language) {
  const auto* grammar = static_cast<const TSLanguage*>(language.grammar());
  for (uint32_t symbol = 1; symbol < ts_language_symbol_count(grammar); symbol++) {
    if (ts_language_symbol_type(grammar, static_cast<TSSymbol>(symbol)) != TSSymbolTypeAnonymous) continue;
    std::string_view name = ts_language_symbol_name(grammar, static_cast<TSSymbol>(symbol));
    if (!name.empty() && is_word(name[0])) keywords_.insert(name);
  }
}

uint64_t LexemeClasses::of(std::string_view text, const Lexeme& lexeme) const {
  std::string_view own = slice(text, lexeme.range);
  switch (lexeme.kind) {
    case Lexeme::Kind::word:
      return keywords_.contains(own) ? hash_text(own) : hash_text(word_class(own));
    case Lexeme::Kind::number:
      return hash_text("0");
    case Lexeme::Kind::string:
      return lexeme.unclosed ? hash_text("open string") : hash_text("string");
    case Lexeme::Kind::comment:
      return hash_text("comment");
    default:
      return hash_text(own);
  }
}

LexemeNgrams::LexemeNgrams(std::string_view text, const LexemeClasses& classes, const std::vector<Lexeme>& lexemes)
    : text_(text), classes_(classes) {
  Sequence all = sequence(text, lexemes);
  count(all.classes, class_counts_);
  count(all.texts, text_counts_);
}

LexemeNgrams::Sequence LexemeNgrams::sequence(std::string_view text, const std::vector<Lexeme>& lexemes) const {
  Sequence all;
  const Lexeme* last = nullptr;
  for (const Lexeme& each : lexemes) {
    if (each.kind == Lexeme::Kind::comment) continue;
    if (last != nullptr && each.first_on_line) {
      all.classes.push_back(line_end_class(*last, each));
      all.texts.push_back(all.classes.back());
    }
    all.classes.push_back(classes_.of(text, each));
    all.texts.push_back(hash_text(slice(text, each.range)));
    last = &each;
  }
  return all;
}

void LexemeNgrams::count(const std::vector<uint64_t>& items, Counts& counts) {
  for (size_t end = 1; end <= items.size(); end++)
    for (size_t size = 1; size <= std::min<size_t>(end, 3); size++) counts[gram(items, end, size)]++;
  counts[total_key] += static_cast<uint32_t>(items.size());
}

/// Trigrams that fall back to bigrams and single lexemes, each weighing as much as two observations.
double LexemeNgrams::log_probability(const std::vector<uint64_t>& items, const Counts& counts,
                                     const Counts& own) const {
  auto seen = [&](uint64_t key) {
    uint32_t all = get(counts, key);
    return static_cast<double>(all - std::min(all, get(own, key)));
  };
  double sum = 0;
  for (size_t end = 1; end <= items.size(); end++) {
    double p = (seen(gram(items, end, 1)) + 0.5) / (seen(total_key) + vocabulary);
    if (end >= 2) p = (seen(gram(items, end, 2)) + 2 * p) / (seen(gram(items, end - 1, 1)) + 2);
    if (end >= 3) p = (seen(gram(items, end, 3)) + 2 * p) / (seen(gram(items, end - 1, 2)) + 2);
    sum += std::log(std::min(p, 1.0));
  }
  return sum;
}

LexemeNgrams::Change LexemeNgrams::compare(const std::vector<Lexeme>& before, std::string_view new_text,
                                           const std::vector<Lexeme>& after) const {
  Sequence old_items = sequence(text_, before);
  Sequence new_items = sequence(new_text, after);
  Counts own_classes;
  Counts own_texts;
  count(old_items.classes, own_classes);
  count(old_items.texts, own_texts);
  return {{log_probability(old_items.classes, class_counts_, own_classes),
           log_probability(old_items.texts, text_counts_, own_texts)},
          {log_probability(new_items.classes, class_counts_, own_classes),
           log_probability(new_items.texts, text_counts_, own_texts)}};
}

uint32_t LexemeNgrams::frequency(std::string_view word) const {
  uint64_t key = mix(order_seed[0], hash_text(word));
  return get(text_counts_, key);
}

}  // namespace lacuna::syntax
