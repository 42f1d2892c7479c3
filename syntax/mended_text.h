/// MendedText: a copy of a text on which changes are tried one after another, and the way back to the real text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syntax/repair.h"

namespace lacuna::syntax {

class MendedText {
 public:
  explicit MendedText(std::string_view text) : real_size_(text.size()), text_(text) {}

  std::string_view text() const { return text_; }
  /// Applies changes of text().
  void mend(const std::vector<TextChange>& changes);
  /// Everything that mend() did, as changes of the real text.
  std::vector<TextChange> all_changes() const;

  /// A range of text() in the real text; nothing if it touches a mended place.
  std::optional<ByteRange> real(ByteRange range) const;
  /// The same for changes of text().
  std::optional<std::vector<TextChange>> real(const std::vector<TextChange>& changes) const;

 private:
  size_t real_size_;
  std::string text_;
  std::vector<Edit> edits_;  // in the order in which they were made
};

/// `changes` as edits in an order in which each finds the offsets that it names: the last one first.
std::vector<Edit> edits_of(const std::vector<TextChange>& changes);

/// The tree of `text`, whose tree is `tree`, with `changes`. Errors: as reparse().
Result<SyntaxTree> reparse_with(const SyntaxTree& tree, std::string_view text, const std::vector<TextChange>& changes,
                                const ParseOptions& options = {});

}  // namespace lacuna::syntax
