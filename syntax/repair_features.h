/// What tells a likely repair from an unlikely one, as numbers for the ranker.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "syntax/lexeme_ngrams.h"
#include "syntax/repair_search.h"

namespace lacuna::syntax {

/// Dense features, in the order of RepairFeatures::dense. repair_train.py knows only their number.
enum class RepairFeature : uint8_t {
  accepted,          ///< the whole text parses
  reaches_furthest,  ///< no other candidate gets further
  reach_lost,        ///< log of the bytes by which it stays behind the furthest
  distance,          ///< log of the lexemes between the change and the failure
  at_failure,        ///< the change touches the failed token
  same_line,         ///< as the failure
  class_ngrams,      ///< gain in log probability, by class
  text_ngrams,       ///< and by text
  ngrams_after,      ///< the mean log probability by class afterwards
  double_blank,      ///< inserted between two blanks
  trailing_blank,    ///< inserted where a line ends in blanks
  blank_line,        ///< put on an empty line with the right indentation
  glued,             ///< inserted between two lexemes that touch
  line_end,          ///< inserted at the end of a line
  before_closer,     ///< inserted before a closing bracket
  misindented,       ///< more closers that indentation contradicts
  mismatched,        ///< more pairs of different kinds
  lone,              ///< more brackets without a partner
  next_line_deeper,  ///< inserted at a line end, and the next line is indented deeper
  next_line_shallower,
  removes_double,  ///< takes out one of two equal neighbours
  removes_line,    ///< takes out all that was on a line
  removes_last,    ///< takes out the last lexeme of a line
  removes_word,    ///< takes out a word, number or string
  word_distance,   ///< letters changed
  target_known,    ///< log of the occurrences of the word that it makes
  source_known,    ///< log of the other occurrences of the word that it changes
  left_known,      ///< log of the occurrences of a split word's first part
  right_known,
  open_strings,        ///< more strings that do not end
  quote_blank_inside,  ///< the string it makes begins or ends with a blank
  quote_length,        ///< log of that string's length
  quote_plain,         ///< that string holds one word, or words joined by dots and dashes
  quote_separators,    ///< the places in that string where arguments could end: `, ` and `)` and the like
  quote_known,         ///< log of the occurrences of that very string in the file
  repeats_line,        ///< takes out a line that the line above or below begins with
  merge_marks,         ///< takes out marks of a merge
  inserted_bytes,      ///< log
  removed_bytes,       ///< log
  num_changes,
  own_line,            ///< a closer on a line of its own
  same_line_opener,    ///< a closer, and the bracket that it closes stands on its line
  block_opener,        ///< a closer, and the bracket that it closes ends its line
  aligned_opener,      ///< a closer at a line end, and the next line is indented as the line of what it closes
  before_remark,       ///< inserted before a comment that stands a little deeper than its neighbours: as behind a token
  removes_line_start,  ///< takes out the first lexeme of a line
  count,
};

constexpr size_t num_dense_features = static_cast<size_t>(RepairFeature::count);
constexpr size_t num_sparse_features = 17;

struct RepairFeatures {
  std::array<float, num_dense_features> dense{};
  std::array<uint32_t, num_sparse_features> sparse{};  ///< hashes of what changed among which neighbours

  float& operator[](RepairFeature feature) { return dense[static_cast<size_t>(feature)]; }
};

/// The features of all candidates of one search, which are judged against each other.
std::vector<RepairFeatures> features_of(const RepairSearch& search, const std::vector<Candidate>& candidates);

}  // namespace lacuna::syntax
