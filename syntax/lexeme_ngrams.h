/// How usual a stretch of lexemes is in its own file.
///
/// People repeat themselves: how this file ends its lines, spaces its calls and names its things tells more about a
/// broken line than any grammar. Counts are kept of single lexemes, pairs and triples, once by class (a name, a number,
/// this keyword) and once by text. Line ends count as lexemes that tell whether the next line goes deeper.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "syntax/lexemes.h"

namespace lacuna::syntax {

/// The class of a lexeme: its text if it is punctuation or one of the language's words, else what kind of name or
/// literal.
class LexemeClasses {
 public:
  explicit LexemeClasses(const Language& language);
  uint64_t of(std::string_view text, const Lexeme& lexeme) const;
  bool is_keyword(std::string_view word) const { return keywords_.contains(word); }

 private:
  std::unordered_set<std::string_view> keywords_;
};

class LexemeNgrams {
 public:
  /// `text` and `classes` must outlive it.
  LexemeNgrams(std::string_view text, const LexemeClasses& classes, const std::vector<Lexeme>& lexemes);

  struct Score {
    double by_class = 0;  ///< log probability
    double by_text = 0;
  };
  /// Of two versions of a stretch, the old one being part of the file: its own occurrences are taken out of the counts.
  struct Change {
    Score before;
    Score after;
  };
  Change compare(const std::vector<Lexeme>& before, std::string_view new_text, const std::vector<Lexeme>& after) const;

  /// How often the word occurs in the file.
  uint32_t frequency(std::string_view word) const;

 private:
  using Counts = std::unordered_map<uint64_t, uint32_t>;
  struct Sequence {
    std::vector<uint64_t> classes;
    std::vector<uint64_t> texts;
  };
  Sequence sequence(std::string_view text, const std::vector<Lexeme>& lexemes) const;
  static void count(const std::vector<uint64_t>& items, Counts& counts);
  double log_probability(const std::vector<uint64_t>& items, const Counts& counts, const Counts& own) const;

  std::string_view text_;
  const LexemeClasses& classes_;
  Counts class_counts_;
  Counts text_counts_;
};

uint64_t hash_text(std::string_view text);
uint64_t mix(uint64_t a, uint64_t b);

}  // namespace lacuna::syntax
