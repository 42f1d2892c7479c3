/// Lines of a text by byte offset. A line ends at "\n"; a "\r" before it is not part of the line.
#pragma once

#include <cstdint>
#include <string_view>

#include "syntax/syntax_tree.h"

namespace lacuna::syntax {

inline bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}
inline bool is_space(char c) {
  return is_blank(c) || c == '\n';
}
/// Letters, digits, `_`, `$`, and every byte of a non-ASCII character.
inline bool is_word(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_' ||
         byte == '$' || byte >= 0x80;
}
inline bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
inline bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

/// The line that holds `offset`, without its end. An offset on the end belongs to the line it ends.
ByteRange line_at(std::string_view text, uint32_t offset);

/// The number of the line that holds `offset`, from 0.
uint32_t line_number(std::string_view text, uint32_t offset);

/// The blanks at the start of the line that holds `offset`.
std::string_view indentation_at(std::string_view text, uint32_t offset);

/// Columns of `blanks`, tabs going to the next multiple of 8.
int width_of(std::string_view blanks);

/// `line` without the blanks at its end.
std::string_view without_trailing_blanks(std::string_view line);

inline std::string_view slice(std::string_view text, ByteRange range) {
  return text.substr(range.begin, range.size());
}

}  // namespace lacuna::syntax
