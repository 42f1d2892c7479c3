/// ParseStack: the LR automaton of a tree-sitter grammar, run token by token without building a tree.
///
/// tree-sitter parses a whole text and recovers from errors on its own. To repair a text, or to say what may follow a
/// cursor, one needs the automaton itself: to stop exactly at the first token that no reading of the text can take (LR
/// parsers have the viable-prefix property: everything before it is the beginning of some program), to go back to any
/// earlier place, and to try another text from there at the cost of microseconds.
///
/// An ambiguous grammar has several stacks at once (tree-sitter is a GLR parser). They are immutable lists that share
/// their tails, so that a place is remembered by copying a few pointers. Readings that meet in one state become one:
/// their cell has several tails from then on, which keeps nested ambiguities (a JavaScript object may still become a
/// pattern) from doubling at each level. Comments and other extras are never pushed.
///
/// Tokens come from the grammar's own lexer and external scanner, in the state of each stack, as in a real parse. The
/// simulation differs from tree-sitter where that one prefers one of several readings: here every reading lives on, up
/// to a bound. One ParseStack belongs to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "syntax/deadline.h"
#include "syntax/syntax_tree.h"

struct LacunaLexer;

namespace lacuna::syntax {

struct StackCell {
  const StackCell* up;     ///< null below the start state
  const StackCell* other;  ///< the same state over another tail; null if there is none
  uint16_t state;
};

/// One reading of the text up to `position`.
struct StackVersion {
  const StackCell* top = nullptr;
  uint32_t position = 0;
  uint32_t scanner = 0;  ///< the external scanner's state, a number of ParseStack
};

/// The readings that are alive, without doubles.
class StackFrontier {
 public:
  static constexpr size_t capacity = 12;

  bool empty() const { return count_ == 0; }
  size_t size() const { return count_; }
  const StackVersion* begin() const { return versions_.data(); }
  const StackVersion* end() const { return versions_.data() + count_; }
  /// The least position of the readings; 0 if there is none.
  uint32_t position() const;
  /// All readings stand at one place.
  bool level() const;

 private:
  friend class ParseStack;
  friend class StackTrace;
  std::array<StackVersion, capacity> versions_;
  size_t count_ = 0;
};

/// The way of a run: a mark before each token at which all readings stood at one place, in the order of the text.
class StackTrace {
 public:
  size_t size() const { return marks_.size(); }
  /// Where the readings stood: the end of the token before.
  uint32_t position(size_t mark) const { return marks_[mark].position; }
  StackFrontier frontier(size_t mark) const;
  /// The last mark at or before `position`; there is one as soon as the trace is not empty.
  size_t last_before(uint32_t position) const;

 private:
  friend class ParseStack;
  struct Mark {
    uint32_t position;
    uint32_t first;  // of versions_
    uint32_t count;
  };
  std::vector<Mark> marks_;
  std::vector<StackVersion> versions_;
};

struct StackOutcome {
  enum class End { accepted, rejected, stopped, gave_up };
  End end = End::gave_up;
  /// rejected: the token that the last reading could not take; it is empty where no token of the grammar begins.
  ByteRange token;
  uint32_t num_tokens = 0;
};

class ParseStack {
 public:
  explicit ParseStack(const Language& language);
  ~ParseStack();
  ParseStack(const ParseStack&) = delete;
  ParseStack& operator=(const ParseStack&) = delete;

  /// The text of the next runs; not copied. Readings hold only offsets: they may go on over another text that agrees
  /// with theirs up to their position.
  void set_text(std::string_view text);
  StackFrontier start();

  /// Reads tokens until the text is accepted, every reading is rejected, or all stand at or after `stop`.
  StackOutcome run(StackFrontier& frontier, uint32_t stop, const Deadline& deadline, StackTrace* trace = nullptr);

  /// The terminals that have an action in a reading's state: more than can really follow, never less. Sorted.
  std::vector<uint16_t> lookaheads(const StackFrontier& frontier) const;

  /// The same readings of a text in which everything from their positions on lies `shift` bytes further.
  static StackFrontier shifted(const StackFrontier& frontier, int64_t shift);
  /// Equal readings: both go the same way over the same text. A "no" may be wrong.
  static bool equal(const StackFrontier& a, const StackFrontier& b);

  /// Stacks made after a checkpoint are given back with it; readings that hold them must not be used any more.
  size_t checkpoint() const { return num_cells_; }
  void give_back(size_t checkpoint) { num_cells_ = checkpoint; }

 private:
  struct Token;
  struct Feed;
  const StackCell* push(const StackCell* up, uint16_t state, const StackCell* other = nullptr);
  void add(const StackVersion& version, StackFrontier& frontier);
  static void mark(const StackFrontier& frontier, StackTrace& trace);
  bool lex(const StackVersion& version, Token& token);
  void step(StackVersion version, StackFrontier& next, StackOutcome& outcome);
  void feed(const StackVersion& version, const Token& token, StackFrontier& next, StackOutcome& outcome);
  void reduce(const StackCell* cell, uint16_t symbol, uint32_t child_count, Feed& feed);
  bool leave_extra(StackVersion& version);
  uint32_t intern(std::string_view scanner_state);

  static constexpr size_t chunk_cells = 4096;
  static constexpr size_t max_cells = size_t{1} << 21;  // 48 MiB

  const Language* language_;
  LacunaLexer* lexer_;
  std::unique_ptr<Feed> feed_;  // kept for its memory
  std::vector<std::unique_ptr<StackCell[]>> chunks_;
  size_t num_cells_ = 0;
  std::vector<const std::string*> scanner_states_;
  std::unordered_map<std::string, uint32_t> scanner_numbers_;
};

}  // namespace lacuna::syntax
