/// Places in a broken text that can be shown: ranges that are not empty and lie within one line.
#pragma once

#include <string_view>
#include <vector>

#include "syntax/tokens.h"

namespace lacuna::syntax {

/// Refers to the text and the tokens it is made with.
class ErrorPlaces {
 public:
  ErrorPlaces(std::string_view text, const std::vector<Token>& tokens) : text_(text), tokens_(tokens) {}

  /// The last line of the last token that ends at or before `offset`: where something is missing behind it.
  ByteRange before(uint32_t offset) const;
  /// The part of `range` on its first line.
  ByteRange first_line(ByteRange range) const;
  /// From `begin` to the end of its line, without blanks at the end.
  ByteRange rest_of_line(ByteRange begin) const;
  /// Some byte near `offset`; empty only in an empty text.
  ByteRange near(uint32_t offset) const;

 private:
  std::string_view text_;
  const std::vector<Token>& tokens_;
};

}  // namespace lacuna::syntax
