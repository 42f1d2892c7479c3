#include "syntax/repair_search.h"

#include <tree_sitter/api.h>

#include <algorithm>

#include "syntax/text_lines.h"
#include "syntax/tree_sitter_internals.h"

namespace lacuna::syntax {
namespace {

constexpr uint32_t horizon_bytes = 600;  // past the failure: far enough to tell a repair from a lucky token
constexpr uint32_t longest_trial_tail = 1 << 16;
constexpr uint32_t longest_run = 1 << 15;  // past the failure: what reads so far has proved itself
constexpr uint64_t hash_base = 0x9E3779B97F4A7C15ull;

/// The offset of the old text that `offset` of the changed text stands for; inserted text stands for the change's
/// begin.
uint32_t old_offset(const std::vector<TextChange>& changes, uint32_t offset) {
  int64_t shift = 0;
  for (const TextChange& change : changes) {
    int64_t begin = change.range.begin + shift;
    int64_t end = begin + static_cast<int64_t>(change.text.size());
    if (offset < begin) break;
    if (offset < end) return change.range.begin;
    shift += static_cast<int64_t>(change.text.size()) - change.range.size();
  }
  return static_cast<uint32_t>(offset - shift);
}

int64_t growth(const std::vector<TextChange>& changes) {
  int64_t size = 0;
  for (const TextChange& change : changes) size += static_cast<int64_t>(change.text.size()) - change.range.size();
  return size;
}

/// A quote between two blanks makes another string than one beside them.
bool between_blanks(std::string_view text, ByteRange range) {
  return range.begin > 0 && is_blank(text[range.begin - 1]) && range.end < text.size() && is_blank(text[range.end]);
}

uint64_t extended(uint64_t hash, char c) {
  return hash * hash_base + static_cast<unsigned char>(c) + 1;
}

}  // namespace

RepairSearch::RepairSearch(const Language& language, std::string_view text, const Deadline& deadline)
    : language_(&language), text_(text), deadline_(deadline), stack_(language), rules_(lexeme_rules(language)) {
  list_terminals();
}

bool RepairSearch::detect() {
  stack_.set_text(text_);
  StackFrontier frontier = stack_.start();
  StackOutcome outcome = stack_.run(frontier, UINT32_MAX, deadline_, &trace_);
  if (outcome.end != StackOutcome::End::rejected) return false;
  failure_ = outcome.token;
  lexemes_ = lexemes_of(text_, rules_, 0, static_cast<uint32_t>(text_.size()));
  failed_lexeme_ = lexeme_at(lexemes_, failure_.begin);
  hash_text();
  return true;
}

std::string_view RepairSearch::text_of(size_t lexeme) const {
  return slice(text_, lexemes_[lexeme].range);
}

bool RepairSearch::is_mark(size_t lexeme, std::string_view text) const {
  return lexeme < lexemes_.size() && lexemes_[lexeme].kind == Lexeme::Kind::mark && text_of(lexeme) == text;
}

void RepairSearch::list_terminals() {
  const auto* grammar = static_cast<const TSLanguage*>(language_->grammar());
  for (uint32_t symbol = 1; symbol < lacuna_ts_token_count(grammar); symbol++) {
    auto id = static_cast<TSSymbol>(symbol);
    TSSymbolType type = ts_language_symbol_type(grammar, id);
    std::string_view name = ts_language_symbol_name(grammar, id);
    if (name.empty() || std::any_of(name.begin(), name.end(), is_space)) continue;
    if (is_word(name[0]) && type != TSSymbolTypeAuxiliary) words_.push_back(name);
    if (type != TSSymbolTypeAnonymous) continue;
    terminals_.push_back({id, name, is_word(name[0])});
  }
}

/// Blanks do not count, but where lines are syntax their ends and their indentation do.
bool RepairSearch::counts(char c, bool& leading) const {
  bool blank = is_space(c);
  bool counted = !blank || (language_->indentation_blocks && c != '\r' && (leading || c == '\n'));
  leading = c == '\n' || (leading && blank);
  return counted;
}

void RepairSearch::hash_text() {
  prefix_hash_.assign(text_.size() + 1, 0);
  prefix_count_.assign(text_.size() + 1, 0);
  powers_.assign(text_.size() + 1, 1);
  bool leading = true;
  for (uint32_t i = 0; i < text_.size(); i++) {
    bool counted = counts(text_[i], leading);
    prefix_hash_[i + 1] = counted ? extended(prefix_hash_[i], text_[i]) : prefix_hash_[i];
    prefix_count_[i + 1] = prefix_count_[i] + counted;
    powers_[i + 1] = powers_[i] * hash_base;
  }
}

uint64_t RepairSearch::key_of(RepairKind kind, const std::vector<TextChange>& changes) const {
  uint64_t hash = 0;
  uint32_t at = 0;
  auto copy = [&](uint32_t end) {
    uint64_t power = powers_[prefix_count_[end] - prefix_count_[at]];
    hash = hash * power + prefix_hash_[end] - prefix_hash_[at] * power;
  };
  for (const TextChange& change : changes) {
    copy(change.range.begin);
    bool leading = is_space(change.range.begin == 0 ? '\n' : text_[change.range.begin - 1]) &&
                   indentation_at(text_, change.range.begin).size() >=
                       change.range.begin - line_at(text_, change.range.begin).begin;
    for (char c : change.text)
      if (counts(c, leading)) hash = extended(hash, c);
    at = change.range.end;
  }
  copy(static_cast<uint32_t>(text_.size()));
  const bool within_blanks = kind == RepairKind::quote && between_blanks(text_, changes.front().range);
  return within_blanks ? hash + 1 : hash;
}

std::vector<const FixedTerminal*> RepairSearch::terminals_at(uint32_t position) const {
  std::vector<bool> valid(lacuna_ts_token_count(static_cast<const TSLanguage*>(language_->grammar())));
  // Hidden tokens of no width leave several marks at one place, each in a state of its own.
  size_t mark = trace_.last_before(position);
  for (uint32_t at = trace_.position(mark);; mark--) {
    for (uint16_t symbol : stack_.lookaheads(trace_.frontier(mark))) valid[symbol] = true;
    if (mark == 0 || trace_.position(mark - 1) != at) break;
  }
  std::vector<const FixedTerminal*> found;
  for (const FixedTerminal& each : terminals_)
    if (valid[each.symbol]) found.push_back(&each);
  return found;
}

/// Readings of the old text far enough before `offset` that no token before them looked at it: two lexemes.
StackFrontier RepairSearch::resume_before(uint32_t offset) const {
  size_t lexeme = lexeme_at(lexemes_, offset == 0 ? 0 : offset - 1);
  uint32_t safe = lexeme < 2 ? 0 : lexemes_[lexeme - 2].range.begin;
  return trace_.frontier(trace_.last_before(safe));
}

/// A comment that loses its end hides the code behind it, and one that loses its begin becomes code.
bool RepairSearch::cuts_comment(const std::vector<TextChange>& changes) const {
  return std::any_of(changes.begin(), changes.end(), [this](const TextChange& change) {
    const ByteRange range = change.range;
    for (size_t at = lexeme_at(lexemes_, range.begin); at < lexemes_.size() && lexemes_[at].range.begin < range.end;
         at++) {
      const Lexeme& each = lexemes_[at];
      const bool cut = each.range.begin < range.begin || each.range.end > range.end;
      if (each.kind == Lexeme::Kind::comment && cut && !each.unclosed) return true;
    }
    return false;
  });
}

bool RepairSearch::try_change(RepairKind kind, ByteRange range, std::string_view text) {
  return try_changes(kind, {{range, std::string(text)}});
}

bool RepairSearch::try_changes(RepairKind kind, std::vector<TextChange> changes) {
  if (deadline_.passed() || cuts_comment(changes)) return false;
  const uint64_t key = key_of(kind, changes);
  if (keys_.contains(key)) return false;
  std::optional<Candidate> candidate = trial(kind, std::move(changes));
  if (!candidate) return false;
  keys_.insert(key);
  kept_.push_back(std::move(*candidate));
  return true;
}

bool RepairSearch::would_help(const TextChange& change) {
  if (deadline_.passed()) return false;
  const size_t checkpoint = stack_.checkpoint();
  const bool helps = trial(RepairKind::insert, {change}).has_value();
  stack_.give_back(checkpoint);
  return helps;
}

/// The text with the changes read to the horizon; nothing if it gets no further than it did.
std::optional<Candidate> RepairSearch::trial(RepairKind kind, std::vector<TextChange> changes) {
  Candidate candidate;
  size_t last = std::max(failure_.end, changes.back().range.end);
  auto cut = static_cast<uint32_t>(std::min<size_t>(text_.size(), last + longest_trial_tail));
  trial_text_ = syntax::apply(text_.substr(0, cut), changes);
  stack_.set_text(trial_text_);
  StackFrontier frontier = resume_before(changes.front().range.begin);
  size_t checkpoint = stack_.checkpoint();
  int64_t shift = growth(changes);
  auto stop = static_cast<uint32_t>(
      std::min<int64_t>(int64_t{failure_.end} + horizon_bytes + std::max<int64_t>(shift, 0), UINT32_MAX));
  StackOutcome outcome = stack_.run(frontier, stop, deadline_);
  candidate.accepted = outcome.end == StackOutcome::End::accepted;
  bool failed = outcome.end == StackOutcome::End::rejected;
  if (outcome.end == StackOutcome::End::gave_up) return std::nullopt;
  candidate.reached = candidate.accepted ? static_cast<uint32_t>(text_.size())
                                         : old_offset(changes, failed ? outcome.token.begin : frontier.position());
  if (!candidate.accepted && candidate.reached <= failure_.begin) {
    stack_.give_back(checkpoint);
    return std::nullopt;
  }
  if (outcome.end == StackOutcome::End::stopped) candidate.frontier = ParseStack::shifted(frontier, -shift);
  candidate.kind = kind;
  candidate.changes = std::move(changes);
  return candidate;
}

std::vector<Candidate> RepairSearch::take() {
  run_to_end();
  return std::move(kept_);
}

/// Candidates that stand in one state at one place have the same future: one run serves them all.
void RepairSearch::run_to_end() {
  stack_.set_text(text_);
  for (size_t i = 0; i < kept_.size(); i++) {
    if (kept_[i].frontier.empty()) continue;
    StackFrontier start = kept_[i].frontier;
    StackFrontier frontier = start;
    StackOutcome outcome = stack_.run(frontier, failure_.end + longest_run, deadline_);
    bool accepted = outcome.end == StackOutcome::End::accepted || outcome.end == StackOutcome::End::stopped;
    uint32_t reached = accepted ? static_cast<uint32_t>(text_.size()) : outcome.token.begin;
    for (size_t j = i; j < kept_.size(); j++) {
      if (kept_[j].frontier.empty() || !ParseStack::equal(kept_[j].frontier, start)) continue;
      kept_[j].accepted = accepted;
      kept_[j].reached = std::max(kept_[j].reached, reached);
      kept_[j].frontier = {};
    }
  }
}

}  // namespace lacuna::syntax
