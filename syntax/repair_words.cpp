#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "support/utf8.h"
#include "syntax/repair_candidates.h"
#include "syntax/text_lines.h"
#include "syntax/word_distance.h"

namespace lacuna::syntax {
namespace {

constexpr size_t word_reach = 40;   // lexemes before the failure
constexpr size_t split_reach = 16;  // within it, words are split at every letter
constexpr size_t longest_word = 64;
constexpr size_t longest_keyword = 16;
constexpr size_t num_common_joints = 3;
constexpr std::string_view joints[] = {"(", "[", "{", ".", ")", "]", "}", " ", ",", ":", "=", "\"", "'"};
constexpr std::string_view rarer_joints[] = {"<", "::", "->", "-", "+"};  // between two words of the file

/// Words of the file and of the grammar: what a merged word may be made of, and what a misspelt one may have been.
class Vocabulary {
 public:
  explicit Vocabulary(const RepairSearch& search) {
    for (size_t i = 0; i < search.lexemes().size(); i++)
      if (search.lexemes()[i].kind == Lexeme::Kind::word) counts_[search.text_of(i)]++;
    for (std::string_view word : search.words()) {
      counts_[word]++;
      targets_.insert(word);
    }
    // A grammar hides some of its words (Rust's `mut`): what a file often writes may be one.
    for (const auto& [word, count] : counts_)
      if (count >= 3 && word.size() <= longest_keyword) targets_.insert(word);
  }
  bool holds(std::string_view word) const { return counts_.contains(word); }
  const std::unordered_set<std::string_view>& targets() const { return targets_; }

 private:
  std::unordered_map<std::string_view, int> counts_;
  std::unordered_set<std::string_view> targets_;
};

void respell(RepairSearch& search, size_t lexeme, const Vocabulary& words) {
  std::string_view word = search.text_of(lexeme);
  for (std::string_view target : words.targets()) {
    if (target == word) continue;
    size_t limit = target.size() >= 6 ? 2 : 1;
    if (word_distance(word, target, limit) > limit) continue;
    search.try_change(RepairKind::respell, search.lexemes()[lexeme].range, target);
  }
}

bool is_digits(std::string_view word) {
  return std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A lost mark between two words made one of them: `print(x` became `printx`. Where neither part is a word of the file,
/// only the commonest marks are tried, and only if `everywhere`.
void split(RepairSearch& search, size_t lexeme, const Vocabulary& words, bool everywhere) {
  std::string_view word = search.text_of(lexeme);
  ByteRange range = search.lexemes()[lexeme].range;
  if (word.size() > longest_word) return;
  for (uint32_t at = 1; at < word.size(); at++) {
    if (utf8::is_continuation(word[at])) continue;
    std::string_view left = word.substr(0, at);
    std::string_view right = word.substr(at);
    bool known = words.holds(left) || words.holds(right) || is_digits(right);
    if (!known && !everywhere) continue;
    for (size_t i = 0; i < (known ? std::size(joints) : num_common_joints); i++) {
      search.try_change(RepairKind::split, {range.begin + at, range.begin + at}, joints[i]);
    }
    if (!words.holds(left) || !words.holds(right)) continue;
    for (const std::string_view joint : rarer_joints)
      search.try_change(RepairKind::split, {range.begin + at, range.begin + at}, joint);
  }
}

}  // namespace

void propose_words(RepairSearch& search) {
  Vocabulary words(search);
  size_t failed = search.failed_lexeme();
  for (size_t back = 0; back < word_reach && back <= failed && !search.out_of_time(); back++) {
    size_t at = failed - back;
    if (at >= search.lexemes().size() || search.lexemes()[at].kind != Lexeme::Kind::word) continue;
    respell(search, at, words);
    split(search, at, words, back < split_reach);
  }
}

}  // namespace lacuna::syntax
