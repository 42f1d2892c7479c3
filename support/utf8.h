/// UTF-8 text: validation, decoding, and lengths in the units of the other encodings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lacuna::utf8 {

struct Decoded {
  char32_t code_point;  ///< U+FFFD where `valid` is false
  uint8_t length;       ///< bytes to advance; 1 for an invalid byte, 0 only at the end of the text
  bool valid;
};

/// The code point at `offset`. Overlong forms, surrogates and values above U+10FFFF are invalid.
Decoded decode(std::string_view text, size_t offset);

void append(std::string& out, char32_t code_point);

bool is_valid(std::string_view text);

/// `text` with each invalid byte replaced by U+FFFD; the same text if it is valid.
std::string sanitize(std::string_view text);

/// Code units of `text` in UTF-16 and UTF-32; an invalid byte counts as one unit of each.
size_t utf16_length(std::string_view text);
size_t utf32_length(std::string_view text);

/// The number of bytes at the start of `text` that form whole characters: cuts an incomplete last character off.
size_t complete_prefix(std::string_view text);

inline bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace lacuna::utf8
