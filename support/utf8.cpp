#include "support/utf8.h"

#include <algorithm>

namespace lacuna::utf8 {

Decoded decode(std::string_view text, size_t offset) {
  constexpr Decoded invalid{U'\uFFFD', 1, false};
  if (offset >= text.size()) return {0, 0, false};
  const auto first = static_cast<unsigned char>(text[offset]);
  if (first < 0x80) return {first, 1, true};
  const int length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() - offset < static_cast<size_t>(length)) return invalid;
  char32_t value = first & (0xFF >> (length + 1));
  for (int i = 1; i < length; ++i) {
    const char byte = text[offset + static_cast<size_t>(i)];
    if (!is_continuation(byte)) return invalid;
    value = (value << 6) | (static_cast<unsigned char>(byte) & 0x3F);
  }
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < smallest[length] || value > 0x10FFFF || surrogate) return invalid;
  return {value, static_cast<uint8_t>(length), true};
}

void append(std::string& out, char32_t c) {
  const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

bool is_valid(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const Decoded d = decode(text, i);
    if (!d.valid) return false;
    i += d.length;
  }
  return true;
}

std::string sanitize(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Decoded d = decode(text, i);
    append(out, d.code_point);
    i += d.length;
  }
  return out;
}

size_t utf16_length(std::string_view text) {
  size_t units = 0;
  for (size_t i = 0; i < text.size();) {
    const Decoded d = decode(text, i);
    units += d.code_point >= 0x10000 ? 2 : 1;
    i += d.length;
  }
  return units;
}

size_t utf32_length(std::string_view text) {
  size_t units = 0;
  for (size_t i = 0; i < text.size(); ++units) i += decode(text, i).length;
  return units;
}

size_t complete_prefix(std::string_view text) {
  const size_t tail = std::min<size_t>(text.size(), 3);
  for (size_t back = 1; back <= tail; ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte < 0x80) break;
    if (byte < 0xC0) continue;  // a continuation byte: its leader is further left
    const size_t needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    return needed > back ? text.size() - back : text.size();
  }
  return text.size();
}

}  // namespace lacuna::utf8
