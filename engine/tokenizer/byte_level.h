/// The byte-level alphabet: how vocabularies of the GPT-2 kind write bytes as printable characters.
///
/// Bytes that print in Latin-1 stand for themselves; the other 68, in order, are U+0100, U+0101, … A token's text in
/// the file is such a string; its piece is the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lacuna::engine {

/// Appends the character of the alphabet that stands for `byte`, as UTF-8.
void append_byte_character(std::string& out, uint8_t byte);

/// Appends the bytes that `text` stands for. False, with `out` as it was, if some character is not of the alphabet.
bool append_bytes_of(std::string_view text, std::string& out);

}  // namespace lacuna::engine
