#include "syntax/repair_features.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "syntax/bracket_suspects.h"
#include "syntax/repair_candidates.h"
#include "syntax/text_lines.h"
#include "syntax/word_distance.h"

namespace lacuna::syntax {
namespace {

constexpr size_t context = 4;            // lexemes on either side of a change that n-grams look at
constexpr size_t habit_reach = 8000;     // lexemes before and after the failure
constexpr uint32_t longest_look = 4096;  // bytes of one line
constexpr size_t longest_disorder = 1 << 18;
constexpr size_t farthest_opener = 4000;  // lexemes before a closer
constexpr size_t longest_line = 200;      // lexemes
constexpr size_t widest_disorder = 20000;  // lexemes: over it, brackets are not matched again for each candidate

float log1(double value) {
  return static_cast<float>(std::log1p(std::max(value, 0.0)));
}

/// Computes the features of one candidate after another over the same old text.
class FeatureMaker {
 public:
  explicit FeatureMaker(const RepairSearch& search)
      : search_(search),
        classes_(search.language()),
        ngrams_(search.text(), classes_, near(search)),
        disorder_(bracket_disorder(search.text(), search.lexemes())) {}

  RepairFeatures make(const Candidate& candidate, uint32_t furthest) {
    RepairFeatures features;
    locate(candidate);
    reach(candidate, furthest, features);
    new_text_ = syntax::apply(search_.text(), candidate.changes);
    stretch(candidate, features);
    place(candidate, features);
    closer(candidate, features);
    removal(candidate, features);
    words(candidate, features);
    quotes(candidate, features);
    lines(candidate, features);
    brackets(candidate, features);
    size(candidate, features);
    hash(candidate, features);
    return features;
  }

 private:
  /// The lexemes that tell the habits of the file: in a long one those around the failure.
  static std::vector<Lexeme> near(const RepairSearch& search) {
    const std::vector<Lexeme>& all = search.lexemes();
    size_t begin = search.failed_lexeme() > habit_reach ? search.failed_lexeme() - habit_reach : 0;
    size_t end = std::min(all.size(), search.failed_lexeme() + habit_reach);
    return {all.begin() + static_cast<std::ptrdiff_t>(begin), all.begin() + static_cast<std::ptrdiff_t>(end)};
  }

  const std::vector<Lexeme>& lexemes() const { return search_.lexemes(); }
  std::string_view text() const { return search_.text(); }

  /// Finds the lexemes around the first change: left_ ends before it, right_ begins after it.
  void locate(const Candidate& candidate) {
    ByteRange range = candidate.changes.front().range;
    first_ = lexeme_at(lexemes(), range.begin);
    bool inside = first_ < lexemes().size() && lexemes()[first_].range.begin < range.begin;
    right_ = first_;
    while (right_ < lexemes().size() && lexemes()[right_].range.begin < candidate.changes.back().range.end) right_++;
    if (inside && range.size() == 0) right_ = first_ + 1;
    left_ = first_;
  }

  const Lexeme* left() const { return left_ == 0 ? nullptr : &lexemes()[left_ - 1]; }
  const Lexeme* right() const { return right_ >= lexemes().size() ? nullptr : &lexemes()[right_]; }

  void reach(const Candidate& candidate, uint32_t furthest, RepairFeatures& features) const {
    features[RepairFeature::accepted] = candidate.accepted;
    features[RepairFeature::reaches_furthest] = candidate.reached == furthest;
    features[RepairFeature::reach_lost] = log1(furthest - candidate.reached) / 4;
    size_t failed = search_.failed_lexeme();
    size_t distance = failed > right_ ? failed - right_ : 0;
    features[RepairFeature::distance] = log1(static_cast<double>(distance));
    features[RepairFeature::at_failure] = right_ >= failed && left_ <= failed + 1;
    ByteRange line = line_at(text(), search_.failure().begin);
    features[RepairFeature::same_line] = candidate.changes.front().range.begin >= line.begin;
  }

  /// How usual the lexemes around the change are, before and after.
  void stretch(const Candidate& candidate, RepairFeatures& features) {
    size_t from = left_ > context ? left_ - context : 0;
    size_t to = std::min(lexemes().size(), right_ + context);
    uint32_t begin =
        from < lexemes().size() ? std::min(lexemes()[from].range.begin, candidate.changes.front().range.begin) : 0;
    uint32_t old_end = std::max(to > 0 ? lexemes()[to - 1].range.end : 0, candidate.changes.back().range.end);
    old_end = std::min(line_at(text(), old_end).end, old_end + longest_look);
    int64_t shift = static_cast<int64_t>(new_text_.size()) - static_cast<int64_t>(text().size());
    auto new_end = static_cast<uint32_t>(old_end + shift);
    std::vector<Lexeme> before = lexemes_of(text(), search_.rules(), begin, old_end);
    std::vector<Lexeme> after = lexemes_of(new_text_, search_.rules(), begin, new_end);
    auto [old_score, new_score] = ngrams_.compare(before, new_text_, after);
    features[RepairFeature::class_ngrams] =
        static_cast<float>(std::clamp((new_score.by_class - old_score.by_class) / 8, -4.0, 4.0));
    features[RepairFeature::text_ngrams] =
        static_cast<float>(std::clamp((new_score.by_text - old_score.by_text) / 8, -4.0, 4.0));
    features[RepairFeature::ngrams_after] =
        static_cast<float>(new_score.by_class / 4 / std::max<double>(1, static_cast<double>(after.size())));
    auto open = [](const std::vector<Lexeme>& all) {
      return std::count_if(all.begin(), all.end(), [](const Lexeme& each) { return each.unclosed; });
    };
    features[RepairFeature::open_strings] = static_cast<float>(open(after) - open(before));
  }

  /// Where something is inserted: the blanks that a lost token leaves behind, and what the lines around look like.
  void place(const Candidate& candidate, RepairFeatures& features) const {
    const TextChange& change = candidate.changes.front();
    if (change.range.size() != 0 || change.text.empty()) return;
    uint32_t at = change.range.begin;
    bool blank_before = at > 0 && is_blank(text()[at - 1]);
    bool blank_after = at < text().size() && is_blank(text()[at]);
    bool line_end = at >= text().size() || text()[at] == '\n';
    ByteRange line = line_at(text(), at);
    bool empty_line = without_trailing_blanks(slice(text(), line)).empty();
    features[RepairFeature::double_blank] = blank_before && blank_after && !empty_line;
    features[RepairFeature::trailing_blank] = blank_before && line_end && !empty_line;
    features[RepairFeature::blank_line] = empty_line && line_end;
    features[RepairFeature::glued] =
        left() != nullptr && right() != nullptr && left()->range.end == right()->range.begin;
    features[RepairFeature::line_end] = right() == nullptr || right()->first_on_line;
    features[RepairFeature::before_closer] = right() != nullptr && is_closing(text(), *right());
    features[RepairFeature::before_remark] = right() != nullptr && is_remark(text(), *right(), left());
    if (right() == nullptr || !right()->first_on_line || left() == nullptr) return;
    features[RepairFeature::next_line_deeper] = right()->indent > left()->indent;
    features[RepairFeature::next_line_shallower] = right()->indent < left()->indent;
  }

  /// How a closer that is inserted stands to the bracket that it closes.
  void closer(const Candidate& candidate, RepairFeatures& features) const {
    const TextChange& change = candidate.changes.front();
    const std::string_view mark = trimmed(change.text);
    if (change.range.size() != 0 || mark.size() != 1 || candidate.changes.size() != 1) return;
    const char opening = opener_of(mark[0]);
    if (opening == '\0') return;
    const ByteRange line = line_at(text(), change.range.begin);
    const bool only = without_trailing_blanks(slice(text(), line)).empty();
    features[RepairFeature::own_line] = only || change.text.front() == '\n';
    int depth = 0;
    for (size_t at = left_, looked = 0; at-- > 0 && looked < farthest_opener; looked++) {
      const Lexeme& each = lexemes()[at];
      if (each.kind != Lexeme::Kind::mark || each.range.size() != 1) continue;
      const char c = text()[each.range.begin];
      if (c == mark[0]) depth++;
      if (c != opening || depth-- > 0) continue;
      features[RepairFeature::same_line_opener] = left()->line == each.line;
      features[RepairFeature::block_opener] = each.last_on_line;
      const bool line_end = right() == nullptr || right()->first_on_line;
      features[RepairFeature::aligned_opener] = line_end && (right() == nullptr || right()->indent == each.indent);
      return;
    }
  }

  static char opener_of(char closing) {
    for (const char opening : {'(', '[', '{'})
      if (closer_of(opening) == closing) return opening;
    return '\0';
  }

  void removal(const Candidate& candidate, RepairFeatures& features) const {
    if (candidate.kind != RepairKind::remove || first_ >= lexemes().size()) return;
    std::string_view own = search_.text_of(first_);
    const Lexeme& each = lexemes()[first_];
    bool doubled =
        (first_ > 0 && search_.text_of(first_ - 1) == own && lexemes()[first_ - 1].range.end == each.range.begin) ||
        (first_ + 1 < lexemes().size() && search_.text_of(first_ + 1) == own &&
         each.range.end == lexemes()[first_ + 1].range.begin);
    features[RepairFeature::removes_double] = doubled;
    features[RepairFeature::removes_line] = each.first_on_line && each.last_on_line;
    features[RepairFeature::removes_last] = each.last_on_line;
    features[RepairFeature::removes_line_start] = each.first_on_line;
    features[RepairFeature::removes_word] = each.kind != Lexeme::Kind::mark;
  }

  void words(const Candidate& candidate, RepairFeatures& features) const {
    const TextChange& change = candidate.changes.front();
    if (first_ >= lexemes().size() || lexemes()[first_].kind != Lexeme::Kind::word) return;
    std::string_view word = search_.text_of(first_);
    auto others = [&](std::string_view each) { return log1(static_cast<double>(ngrams_.frequency(each))); };
    if (candidate.kind == RepairKind::respell) {
      features[RepairFeature::word_distance] = static_cast<float>(word_distance(word, change.text, 3));
      features[RepairFeature::target_known] = others(change.text);
      features[RepairFeature::source_known] = log1(static_cast<double>(ngrams_.frequency(word)) - 1);
    }
    if (candidate.kind == RepairKind::split) {
      uint32_t at = change.range.begin - lexemes()[first_].range.begin;
      features[RepairFeature::left_known] = others(word.substr(0, at));
      features[RepairFeature::right_known] = others(word.substr(at));
      features[RepairFeature::source_known] = log1(static_cast<double>(ngrams_.frequency(word)) - 1);
    }
  }

  /// The string that begins or ends at an inserted quote.
  void quotes(const Candidate& candidate, RepairFeatures& features) const {
    if (candidate.kind != RepairKind::quote || candidate.changes.front().text.empty()) return;
    uint32_t at = candidate.changes.front().range.begin;
    ByteRange line = line_at(new_text_, at);
    if (line.size() > longest_look) return;
    for (const Lexeme& each : lexemes_of(new_text_, search_.rules(), line.begin, line.end)) {
      if (each.kind != Lexeme::Kind::string || at < each.range.begin || at >= each.range.end) continue;
      std::string_view string = slice(new_text_, each.range);
      features[RepairFeature::quote_length] = log1(static_cast<double>(string.size()));
      features[RepairFeature::quote_known] = log1(static_cast<double>(ngrams_.frequency(string)));
      if (string.size() < 3) return;
      std::string_view inside = string.substr(1, string.size() - 2);
      features[RepairFeature::quote_plain] = std::all_of(
          inside.begin(), inside.end(), [](char c) { return is_word(c) || c == '.' || c == '-' || c == '/'; });
      features[RepairFeature::quote_separators] = log1(static_cast<double>(count_separators(inside)));
      features[RepairFeature::quote_blank_inside] =
          static_cast<float>(is_blank(string[1]) + is_blank(string[string.size() - 2]));
    }
  }

  static size_t count_separators(std::string_view string) {
    size_t count = 0;
    for (size_t i = 0; i < string.size(); i++) {
      bool comma = string[i] == ',' && i + 1 < string.size() && string[i + 1] == ' ';
      count += comma || std::string_view(")]};=").find(string[i]) != std::string_view::npos;
    }
    return count;
  }

  void lines(const Candidate& candidate, RepairFeatures& features) const {
    if (candidate.kind != RepairKind::line) return;
    ByteRange range = candidate.changes.front().range;
    features[RepairFeature::merge_marks] = slice(text(), range).starts_with("<<<<<<<");
    auto content = [&](uint32_t at) {
      std::string_view line = without_trailing_blanks(slice(text(), line_at(text(), at)));
      return line.substr(std::min(line.size(), indentation_at(text(), at).size()));
    };
    std::string_view own = content(range.begin);
    bool above = range.begin > 0 && content(range.begin - 1).starts_with(own);
    bool below = range.end < text().size() && content(range.end).starts_with(own);
    features[RepairFeature::repeats_line] = !own.empty() && (above || below);
  }

  void brackets(const Candidate& candidate, RepairFeatures& features) const {
    bool touched = false;
    for (const TextChange& change : candidate.changes) {
      std::string_view marks = "()[]{}\"'`";
      touched |= change.text.find_first_of(marks) != std::string::npos;
      touched |= slice(text(), change.range).find_first_of(marks) != std::string_view::npos;
    }
    if (!touched || lexemes().size() > widest_disorder || text().size() > longest_disorder) return;
    BracketDisorder now =
        bracket_disorder(new_text_, lexemes_of(new_text_, search_.rules(), 0, static_cast<uint32_t>(new_text_.size())));
    auto change = [](int before, int after) { return static_cast<float>(std::clamp(after - before, -4, 4)); };
    features[RepairFeature::misindented] = change(disorder_.misindented, now.misindented);
    features[RepairFeature::mismatched] = change(disorder_.mismatched, now.mismatched);
    features[RepairFeature::lone] = change(disorder_.lone, now.lone);
  }

  static void size(const Candidate& candidate, RepairFeatures& features) {
    size_t inserted = 0;
    size_t removed = 0;
    for (const TextChange& change : candidate.changes) {
      inserted += change.text.size();
      removed += change.range.size();
    }
    features[RepairFeature::inserted_bytes] = log1(static_cast<double>(inserted));
    features[RepairFeature::removed_bytes] = log1(static_cast<double>(removed));
    features[RepairFeature::num_changes] = static_cast<float>(candidate.changes.size());
  }

  uint64_t class_of(const Lexeme* lexeme) const { return lexeme == nullptr ? 7 : classes_.of(text(), *lexeme); }

  /// What is done (kind, text put in, text taken out) among which neighbours; each combination is one sparse feature.
  void hash(const Candidate& candidate, RepairFeatures& features) const {
    const TextChange& change = candidate.changes.front();
    std::string_view in = trimmed(change.text);
    std::string_view out = slice(text(), change.range);
    uint64_t what = mix(static_cast<uint64_t>(candidate.kind), hash_text(in.size() <= 12 ? in : "long"));
    bool plain = candidate.kind == RepairKind::remove || candidate.kind == RepairKind::replace;
    if (plain && first_ < lexemes().size()) what = mix(what, classes_.of(text(), lexemes()[first_]));
    if (candidate.kind == RepairKind::quote) what = mix(what, hash_text(out));
    uint64_t language = hash_text(search_.language().id);
    uint64_t a = class_of(left());
    uint64_t b = class_of(right());
    uint64_t a2 = class_of(left_ >= 2 ? &lexemes()[left_ - 2] : nullptr);
    size_t failed = search_.failed_lexeme();
    uint64_t f = class_of(failed < lexemes().size() ? &lexemes()[failed] : nullptr);
    uint64_t breaks = 1;
    if (right() != nullptr && right()->first_on_line) {
      breaks = left() == nullptr || right()->indent == left()->indent ? 2 : (right()->indent > left()->indent ? 3 : 4);
    }
    uint64_t blanks = gap_shape(change);
    uint64_t characters = characters_around(change);
    uint64_t lead = line_start();
    uint64_t enclosing = enclosing_bracket();
    uint64_t local = mix(language, what);
    features.sparse = {low(what, 1),
                       low(local, 2),
                       low(mix(what, a), 3),
                       low(mix(what, b), 4),
                       low(mix(mix(what, a), b), 5),
                       low(mix(mix(local, a), b), 6),
                       low(mix(what, breaks), 7),
                       low(mix(mix(local, breaks), a), 8),
                       low(mix(mix(what, f), b), 9),
                       low(mix(what, blanks), 10),
                       low(mix(mix(local, a), a2), 11),
                       low(mix(mix(mix(what, breaks), b), blanks), 12),
                       low(mix(local, characters), 13),
                       low(mix(mix(what, characters), breaks), 14),
                       low(mix(local, lead), 15),
                       low(mix(mix(local, enclosing), a), 16),
                       low(mix(mix(what, lead), mix(enclosing, b)), 17)};
  }

  /// The first lexeme of the line of the change: what kind of statement it is in.
  uint64_t line_start() const {
    size_t at = std::min(left_ == 0 ? 0 : left_ - 1, lexemes().empty() ? 0 : lexemes().size() - 1);
    for (size_t looked = 0; at > 0 && !lexemes()[at].first_on_line && looked < longest_line; looked++) at--;
    return class_of(at < lexemes().size() ? &lexemes()[at] : nullptr);
  }

  /// The bracket around the change, and what stands before it: an `if (`, a call, an index.
  uint64_t enclosing_bracket() const {
    int depth = 0;
    for (size_t at = left_, looked = 0; at-- > 0 && looked < longest_line; looked++) {
      if (is_closing(text(), lexemes()[at])) depth++;
      if (!is_opening(text(), lexemes()[at]) || depth-- > 0) continue;
      return mix(class_of(&lexemes()[at]), class_of(at > 0 ? &lexemes()[at - 1] : nullptr));
    }
    return 3;
  }

  /// The characters on either side, letters and digits alike: within a string there are no lexemes to tell.
  uint64_t characters_around(const TextChange& change) const {
    auto shown = [this](size_t at) {
      const char c = at < text().size() ? text()[at] : '\n';
      return static_cast<uint64_t>(is_word(c) ? 'a' : c);
    };
    const uint64_t before = change.range.begin == 0 ? '\n' : shown(change.range.begin - 1);
    return mix(before, shown(change.range.end));
  }

  static uint32_t low(uint64_t hash, uint64_t seed) { return static_cast<uint32_t>(mix(seed, hash)); }

  static std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
  }

  /// The blanks on either side of the change.
  uint64_t gap_shape(const TextChange& change) const {
    auto shape = [&](int64_t at, int step) {
      uint64_t blanks = 0;
      for (; blanks < 2 && at >= 0 && at < static_cast<int64_t>(text().size()) &&
             is_blank(text()[static_cast<size_t>(at)]);
           at += step)
        blanks++;
      bool end = at < 0 || at >= static_cast<int64_t>(text().size()) || text()[static_cast<size_t>(at)] == '\n';
      return blanks * 2 + end;
    };
    return shape(int64_t{change.range.begin} - 1, -1) * 8 + shape(change.range.end, 1);
  }

  const RepairSearch& search_;
  LexemeClasses classes_;
  LexemeNgrams ngrams_;
  BracketDisorder disorder_;
  std::string new_text_;
  size_t first_ = 0;  // the lexeme that the change begins in or before
  size_t left_ = 0;
  size_t right_ = 0;
};

}  // namespace

std::vector<RepairFeatures> features_of(const RepairSearch& search, const std::vector<Candidate>& candidates) {
  uint32_t furthest = 0;
  for (const Candidate& each : candidates) furthest = std::max(furthest, each.reached);
  FeatureMaker maker(search);
  std::vector<RepairFeatures> all;
  all.reserve(candidates.size());
  for (const Candidate& each : candidates) all.push_back(maker.make(each, furthest));
  return all;
}

}  // namespace lacuna::syntax
