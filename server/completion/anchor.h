/// Anchor: a division of a document into the text before, the text after and the middle between them, kept while a
/// person types, so that a keystroke appends to the prompt instead of changing its inside.
///
/// It is found again by content, not by position: edits outside the two windows that the prompt shows leave it valid,
/// and so do all edits of the middle. Brackets and quotes that an editor puts behind the cursor, or that are typed
/// over, do not count as a change of the text after. Immutable; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/completion/prompt_builder.h"

namespace lacuna::server {

class Anchor {
 public:
  /// Divides `text` before `begin`; the text after begins at `resume`. Only a division at the start of a line is found
  /// again.
  Anchor(TextEncoders& encoders, std::string_view text, std::string_view path, uint32_t begin, uint32_t resume,
         const PromptBudget& budget);

  /// Where the middle begins, if the anchor fits this text and cursor.
  std::optional<uint32_t> middle_begin(std::string_view text, uint32_t cursor) const;

  const PromptFrame& frame() const { return frame_; }

 private:
  bool fits_after(std::string_view after) const;

  PromptFrame frame_;
  std::string before_;   // as it stands in the document
  std::string after_;    // the same
  bool from_beginning_;  // `before_` begins with the document
  bool to_end_;          // `after_` ends with it
};

/// The start of the line that is `lines_above` lines above the one of `offset`.
uint32_t line_start_above(std::string_view text, uint32_t offset, int lines_above);

/// The same, or nearer where the lines are too long to be part of a middle: then in the end the cursor itself.
uint32_t division_for(std::string_view text, uint32_t cursor, int lines_above);

/// Where the text after a cursor begins for the model: closing brackets and quotes up to the line's end are left out.
uint32_t past_closers(std::string_view text, uint32_t cursor);

}  // namespace lacuna::server
