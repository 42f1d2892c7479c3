#include "engine/tokenizer/byte_level.h"

#include <array>

#include "support/utf8.h"

namespace lacuna::engine {
namespace {

constexpr int alphabet_end = 0x144;  // one past the last character

constexpr bool prints(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

struct Alphabet {
  std::array<char16_t, 256> character{};
  std::array<int16_t, alphabet_end> byte{};  ///< -1: not of the alphabet
};

constexpr Alphabet alphabet = [] {
  Alphabet result;
  result.byte.fill(-1);
  int next = 0x100;
  for (int b = 0; b < 256; ++b) {
    const int c = prints(b) ? b : next++;
    result.character[static_cast<size_t>(b)] = static_cast<char16_t>(c);
    result.byte[static_cast<size_t>(c)] = static_cast<int16_t>(b);
  }
  return result;
}();

}  // namespace

void append_byte_character(std::string& out, uint8_t byte) {
  utf8::append(out, alphabet.character[byte]);
}

bool append_bytes_of(std::string_view text, std::string& out) {
  const size_t before = out.size();
  for (size_t i = 0; i < text.size();) {
    if (const char c = text[i]; c > 0x20 && c < 0x7F) {  // nearly all of a vocabulary; the general way gives the same
      out.push_back(c);
      ++i;
      continue;
    }
    const utf8::Decoded c = utf8::decode(text, i);
    if (!c.valid || c.code_point >= alphabet_end || alphabet.byte[c.code_point] < 0) {
      out.resize(before);
      return false;
    }
    out.push_back(static_cast<char>(alphabet.byte[c.code_point]));
    i += c.length;
  }
  return true;
}

}  // namespace lacuna::engine
