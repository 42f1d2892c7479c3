#include "server/completion/text_hygiene.h"

#include <algorithm>
#include <iterator>

#include "support/utf8.h"

namespace lacuna::server {

namespace {

struct CodePointRange {
  char32_t first;
  char32_t last;
};

constexpr CodePointRange kUnseen[] = {
    {0x00, 0x08},       // control characters before tab
    {0x0B, 0x0C},       // vertical tab, form feed
    {0x0E, 0x1F},       // the rest of them
    {0x7F, 0x9F},       // delete, and the second set of control characters
    {0xAD, 0xAD},       // soft hyphen
    {0x034F, 0x034F},   // combining grapheme joiner
    {0x061C, 0x061C},   // Arabic letter mark
    {0x115F, 0x1160},   // Hangul fillers
    {0x17B4, 0x17B5},   // Khmer inherent vowels
    {0x180B, 0x180F},   // Mongolian selectors and vowel separator
    {0x200B, 0x200F},   // zero-width space and joiners, direction marks
    {0x2028, 0x202E},   // line and paragraph separators, embeddings and overrides
    {0x2060, 0x206F},   // word joiner, invisible operators, isolates, deprecated format characters
    {0x3164, 0x3164},   // Hangul filler
    {0xFE00, 0xFE0F},   // variation selectors
    {0xFEFF, 0xFEFF},   // byte order mark
    {0xFFA0, 0xFFA0},   // halfwidth Hangul filler
    {0xFFF0, 0xFFFB},   // interlinear annotation and its unassigned neighbours
    {0xFFFD, 0xFFFD},   // stands for bytes that could not be read
    {0xE0000, 0xE0FFF}  // tags and more variation selectors
};

}  // namespace

bool is_unseen(char32_t code_point) {
  return std::any_of(std::begin(kUnseen), std::end(kUnseen), [code_point](const CodePointRange& range) {
    return range.first <= code_point && code_point <= range.last;
  });
}

std::string_view clean_prefix(std::string_view generated, std::string_view document) {
  size_t offset = 0;
  while (offset < generated.size()) {
    const utf8::Decoded character = utf8::decode(generated, offset);
    if (!character.valid) break;
    const std::string_view bytes = generated.substr(offset, character.length);
    if (is_unseen(character.code_point) && document.find(bytes) == std::string_view::npos) break;
    offset += character.length;
  }
  return generated.substr(0, offset);
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string_view line_end_of(std::string_view document) {
  const size_t newline = document.find('\n');
  const bool carriage = newline != std::string_view::npos && newline > 0 && document[newline - 1] == '\r';
  return carriage ? "\r\n" : "\n";
}

std::string with_line_ends(std::string_view text, std::string_view line_end) {
  std::string out;
  out.reserve(text.size() + 16);
  for (const char byte : text) {
    if (byte == '\r') continue;
    if (byte == '\n') {
      out += line_end;
    } else {
      out += byte;
    }
  }
  return out;
}

}  // namespace lacuna::server
