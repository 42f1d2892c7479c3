#include "syntax/parse_stack.h"

#include <algorithm>
#include <utility>

#include "support/check.h"
#include "syntax/grammar_lexer.h"
#include "syntax/tree_sitter_internals.h"

namespace lacuna::syntax {
namespace {

constexpr uint16_t start_state = 1;
constexpr uint16_t end_of_text = 0;
constexpr size_t max_actions = 16;
constexpr size_t max_reductions = 4096;     // for one token: a chain is as deep as the nesting that it closes
constexpr uint32_t max_empty_tokens = 256;  // in a row: dedents, automatic semicolons

const TSLanguage* grammar_of(const Language& language) {
  return static_cast<const TSLanguage*>(language.grammar());
}

/// Equal lists, as far as a bounded look tells. A "no" for equal lists costs time only.
bool same_stack(const StackCell* a, const StackCell* b) {
  for (int steps = 0; a != b; steps++) {
    if (a == nullptr || b == nullptr || a->state != b->state || steps == 64) return false;
    if (a->other != nullptr || b->other != nullptr) return false;
    a = a->up;
    b = b->up;
  }
  return true;
}

bool holds(const StackCell* cell, const StackCell* tail) {
  for (; cell != nullptr; cell = cell->other)
    if (same_stack(cell->up, tail)) return true;
  return false;
}

/// The cells that lie some way below another one, by every way down: mostly one.
class CellsBelow {
 public:
  CellsBelow(const StackCell* cell, uint32_t count) {
    cells_[size_++] = cell;
    for (; count > 0 && size_ > 0; count--) descend();
  }
  bool empty() const { return size_ == 0; }
  const StackCell* const* begin() const { return cells_.data(); }
  const StackCell* const* end() const { return cells_.data() + size_; }

 private:
  static constexpr size_t capacity = 32;

  void descend() {
    if (size_ == 1 && cells_[0]->other == nullptr) {
      cells_[0] = cells_[0]->up;
      size_ = cells_[0] != nullptr;
      return;
    }
    std::array<const StackCell*, capacity> above = cells_;
    size_t num_above = std::exchange(size_, 0);
    for (size_t i = 0; i < num_above; i++)
      for (const StackCell* each = above[i]; each != nullptr; each = each->other) add(each->up);
  }

  void add(const StackCell* cell) {
    if (cell == nullptr || size_ == capacity || std::find(begin(), end(), cell) != end()) return;
    cells_[size_++] = cell;
  }

  std::array<const StackCell*, capacity> cells_;
  size_t size_ = 0;
};

}  // namespace

uint32_t StackFrontier::position() const {
  uint32_t least = count_ == 0 ? 0 : versions_[0].position;
  for (const StackVersion& version : *this) least = std::min(least, version.position);
  return least;
}

bool StackFrontier::level() const {
  return std::all_of(begin(), end(),
                     [this](const StackVersion& each) { return each.position == versions_[0].position; });
}

StackFrontier StackTrace::frontier(size_t mark) const {
  StackFrontier frontier;
  frontier.count_ = marks_[mark].count;
  std::copy_n(versions_.begin() + marks_[mark].first, frontier.count_, frontier.versions_.begin());
  return frontier;
}

size_t StackTrace::last_before(uint32_t position) const {
  auto after =
      std::partition_point(marks_.begin(), marks_.end(), [=](const Mark& mark) { return mark.position <= position; });
  return after == marks_.begin() ? 0 : static_cast<size_t>(after - marks_.begin()) - 1;
}

/// A reading that meets another one at the same place in the same state joins it; whatever exceeds the capacity is left
/// out.
void ParseStack::add(const StackVersion& version, StackFrontier& frontier) {
  for (size_t i = 0; i < frontier.count_; i++) {
    StackVersion& each = frontier.versions_[i];
    if (each.position != version.position || each.scanner != version.scanner) continue;
    if (each.top->state != version.top->state) continue;
    if (!holds(each.top, version.top->up)) each.top = push(version.top->up, version.top->state, each.top);
    return;
  }
  if (frontier.count_ < StackFrontier::capacity) frontier.versions_[frontier.count_++] = version;
}

struct ParseStack::Token {
  ByteRange range;
  uint16_t symbol;
  bool keyword;
  uint32_t scanner;  // the scanner's state after it
};

/// The stacks that one token still has to be tried on.
struct ParseStack::Feed {
  std::vector<const StackCell*> work;
  size_t num_reductions = 0;

  void add(const StackCell* cell) {
    if (++num_reductions > max_reductions) return;
    for (const StackCell* each : work)
      if (same_stack(each, cell)) return;
    work.push_back(cell);
  }
};

ParseStack::ParseStack(const Language& language)
    : language_(&language), lexer_(lacuna_lexer_new(grammar_of(language))), feed_(std::make_unique<Feed>()) {
  intern("");
}

ParseStack::~ParseStack() {
  lacuna_lexer_delete(lexer_);
}

void ParseStack::set_text(std::string_view text) {
  lacuna_lexer_set_text(lexer_, text.data(), static_cast<uint32_t>(text.size()));
}

StackFrontier ParseStack::start() {
  StackFrontier frontier;
  add({push(nullptr, start_state), 0, 0}, frontier);
  return frontier;
}

void ParseStack::mark(const StackFrontier& frontier, StackTrace& trace) {
  trace.marks_.push_back(
      {frontier.position(), static_cast<uint32_t>(trace.versions_.size()), static_cast<uint32_t>(frontier.size())});
  trace.versions_.insert(trace.versions_.end(), frontier.begin(), frontier.end());
}

StackFrontier ParseStack::shifted(const StackFrontier& frontier, int64_t shift) {
  StackFrontier moved = frontier;
  for (size_t i = 0; i < moved.count_; i++) {
    moved.versions_[i].position = static_cast<uint32_t>(moved.versions_[i].position + shift);
  }
  return moved;
}

bool ParseStack::equal(const StackFrontier& a, const StackFrontier& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const StackVersion& x, const StackVersion& y) {
    return x.position == y.position && x.scanner == y.scanner && same_stack(x.top, y.top);
  });
}

StackOutcome ParseStack::run(StackFrontier& frontier, uint32_t stop, const Deadline& deadline, StackTrace* trace) {
  StackOutcome outcome;
  uint32_t num_empty = 0;
  while (outcome.end != StackOutcome::End::accepted) {
    uint32_t position = frontier.position();
    if (position >= stop) {
      outcome.end = StackOutcome::End::stopped;
      break;
    }
    if ((outcome.num_tokens % 256 == 255 && deadline.passed()) || num_cells_ + 65536 > max_cells) break;
    if (trace != nullptr && frontier.level()) mark(frontier, *trace);
    StackFrontier next;
    outcome.token = {position, position};
    for (const StackVersion& version : frontier) {
      if (version.position == position) {
        step(version, next, outcome);
      } else {
        add(version, next);
      }
    }
    if (outcome.end == StackOutcome::End::accepted) break;
    if (next.empty()) {
      outcome.end = StackOutcome::End::rejected;
      break;
    }
    num_empty = next.position() == position ? num_empty + 1 : 0;
    if (num_empty > max_empty_tokens) break;
    frontier = next;
    outcome.num_tokens++;
  }
  return outcome;
}

/// Advances one reading by one token.
void ParseStack::step(StackVersion version, StackFrontier& next, StackOutcome& outcome) {
  if (!leave_extra(version)) return;
  Token token;
  if (!lex(version, token)) return;
  outcome.token = token.range;
  feed(version, token, next, outcome);
}

bool ParseStack::lex(const StackVersion& version, Token& token) {
  const std::string& before = *scanner_states_[version.scanner];
  LacunaToken found;
  if (!lacuna_lexer_next(lexer_, version.position, version.top->state,
                         {before.data(), static_cast<uint32_t>(before.size())}, &found)) {
    return false;
  }
  token = {{found.begin, found.end}, found.symbol, found.keyword, version.scanner};
  if (found.external) {
    std::string_view after(found.scanner.bytes, found.scanner.size);
    if (after != before) token.scanner = intern(after);
  }
  return true;
}

void ParseStack::feed(const StackVersion& version, const Token& token, StackFrontier& next, StackOutcome& outcome) {
  const TSLanguage* grammar = grammar_of(*language_);
  TSSymbol word = lacuna_ts_keyword_capture_token(grammar);
  std::array<LacunaAction, max_actions> actions;
  Feed& feed = *feed_;
  feed.work.clear();
  feed.num_reductions = 0;
  feed.work.push_back(version.top);
  for (size_t at = 0; at < feed.work.size(); at++) {
    const StackCell* cell = feed.work[at];
    size_t count = lacuna_ts_actions(grammar, cell->state, token.symbol, actions.data(), max_actions);
    if (count == 0 && token.keyword && token.symbol != word &&
        !lacuna_ts_is_reserved_word(grammar, cell->state, token.symbol)) {
      count = lacuna_ts_actions(grammar, cell->state, word, actions.data(), max_actions);
    }
    for (size_t i = 0; i < std::min(count, max_actions); i++) {
      const LacunaAction& action = actions[i];
      if (action.type == LACUNA_ACCEPT) outcome.end = StackOutcome::End::accepted;
      if (action.type == LACUNA_REDUCE) reduce(cell, action.symbol, action.child_count, feed);
      if (action.type != LACUNA_SHIFT || action.repetition) continue;
      add({action.extra ? cell : push(cell, action.state), token.range.end, token.scanner}, next);
    }
  }
}

void ParseStack::reduce(const StackCell* cell, uint16_t symbol, uint32_t child_count, Feed& feed) {
  for (const StackCell* base : CellsBelow(cell, child_count)) {
    TSStateId next = lacuna_ts_goto(grammar_of(*language_), base->state, symbol);
    if (next != 0) feed.add(push(base, next));
  }
}

/// Some extras are whole rules (a preprocessor line, say). The states at their end read no token: they only reduce.
/// False if the stack has nowhere to go.
bool ParseStack::leave_extra(StackVersion& version) {
  const TSLanguage* grammar = grammar_of(*language_);
  for (size_t steps = 0; lacuna_ts_lexes_nothing(grammar, version.top->state); steps++) {
    LacunaAction action;
    if (steps == max_reductions || lacuna_ts_actions(grammar, version.top->state, end_of_text, &action, 1) == 0)
      return false;
    if (action.type != LACUNA_REDUCE) return false;
    CellsBelow bases(version.top, action.child_count);
    if (bases.empty()) return false;
    const StackCell* base = *bases.begin();
    TSStateId next = lacuna_ts_goto(grammar, base->state, action.symbol);
    if (next == 0) return false;
    version.top = next == base->state ? base : push(base, next);
  }
  return true;
}

std::vector<uint16_t> ParseStack::lookaheads(const StackFrontier& frontier) const {
  std::vector<uint16_t> all;
  std::vector<TSSymbol> some(lacuna_ts_token_count(grammar_of(*language_)));
  for (const StackVersion& version : frontier) {
    size_t count = lacuna_ts_lookaheads(grammar_of(*language_), version.top->state, some.data(), some.size());
    all.insert(all.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(std::min(count, some.size())));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

const StackCell* ParseStack::push(const StackCell* up, uint16_t state, const StackCell* other) {
  size_t chunk = num_cells_ / chunk_cells;
  if (chunk == chunks_.size()) chunks_.push_back(std::make_unique<StackCell[]>(chunk_cells));
  StackCell* cell = &chunks_[chunk][num_cells_ % chunk_cells];
  num_cells_++;
  *cell = {up, other, state};
  return cell;
}

uint32_t ParseStack::intern(std::string_view scanner_state) {
  auto [found, added] =
      scanner_numbers_.try_emplace(std::string(scanner_state), static_cast<uint32_t>(scanner_states_.size()));
  if (added) scanner_states_.push_back(&found->first);
  return found->second;
}

}  // namespace lacuna::syntax
