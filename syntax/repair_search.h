/// RepairSearch: the ground that all generators of repairs stand on.
///
/// It finds the first token that no reading of the text can take, keeps the parse stacks of every place before it, and
/// tries changes: a changed text is read from shortly before its change until it fails or has come well past the old
/// failure. A change that gets no further than the old text is dropped. Changes that leave the parser in the same state
/// share the run over the rest of the text. One search belongs to one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "syntax/deadline.h"
#include "syntax/lexemes.h"
#include "syntax/parse_stack.h"
#include "syntax/repair.h"

namespace lacuna::syntax {

enum class RepairKind : uint8_t { insert, remove, replace, split, respell, quote, close, indent, line };

struct Candidate {
  RepairKind kind = RepairKind::insert;
  std::vector<TextChange> changes;
  bool accepted = false;   ///< nothing is wrong up to the end of the text
  uint32_t reached = 0;    ///< of the old text: where the changed one fails, or its size
  StackFrontier frontier;  ///< at the horizon, in offsets of the old text; empty if it failed before
};

/// A terminal of the grammar that is always written the same.
struct FixedTerminal {
  uint16_t symbol;
  std::string_view text;
  bool word;
};

class RepairSearch {
 public:
  RepairSearch(const Language& language, std::string_view text, const Deadline& deadline);

  /// Reads the text up to its first failure. False if there is none, or if it was not found in time.
  bool detect();

  const Language& language() const { return *language_; }
  std::string_view text() const { return text_; }
  const std::vector<Lexeme>& lexemes() const { return lexemes_; }
  const std::vector<FixedTerminal>& terminals() const { return terminals_; }
  /// The words of the language: keywords, and named terminals that are called as they are written (`self`, `null`).
  const std::vector<std::string_view>& words() const { return words_; }
  const LexemeRules& rules() const { return rules_; }
  std::string_view text_of(size_t lexeme) const;
  bool is_mark(size_t lexeme, std::string_view text) const;
  /// The token that failed; empty where no token begins, and at the end of the text.
  ByteRange failure() const { return failure_; }
  /// The first lexeme that ends after the failure's begin; the number of lexemes if there is none.
  size_t failed_lexeme() const { return failed_lexeme_; }
  bool out_of_time() const { return deadline_.passed(); }

  /// The fixed terminals that may follow `position`, the end of a lexeme, as far as the parser's states tell.
  std::vector<const FixedTerminal*> terminals_at(uint32_t position) const;

  /// Keeps the change if the text then reads further than before, and no equal one is kept. True if kept.
  bool try_change(RepairKind kind, ByteRange range, std::string_view text);
  bool try_changes(RepairKind kind, std::vector<TextChange> changes);

  /// Whether the text would read further with the change. Keeps nothing.
  bool would_help(const TextChange& change);
  bool keeps_any() const { return !kept_.empty(); }

  /// The kept changes, each run to the end of the text while there is time.
  std::vector<Candidate> take();

 private:
  std::optional<Candidate> trial(RepairKind kind, std::vector<TextChange> changes);
  void list_terminals();
  void hash_text();
  bool counts(char c, bool& leading) const;
  /// Equal for changes of a kind that differ in layout only.
  uint64_t key_of(RepairKind kind, const std::vector<TextChange>& changes) const;
  bool cuts_comment(const std::vector<TextChange>& changes) const;
  StackFrontier resume_before(uint32_t offset) const;
  void run_to_end();

  const Language* language_;
  std::string_view text_;
  const Deadline& deadline_;
  ParseStack stack_;
  StackTrace trace_;
  LexemeRules rules_;
  std::vector<Lexeme> lexemes_;
  std::vector<FixedTerminal> terminals_;
  std::vector<std::string_view> words_;
  ByteRange failure_;
  size_t failed_lexeme_ = 0;
  std::vector<Candidate> kept_;
  std::unordered_set<uint64_t> keys_;
  std::string trial_text_;
  std::vector<uint64_t> prefix_hash_;   // of the bytes that count, up to each offset
  std::vector<uint32_t> prefix_count_;  // how many they are
  std::vector<uint64_t> powers_;
};

}  // namespace lacuna::syntax
