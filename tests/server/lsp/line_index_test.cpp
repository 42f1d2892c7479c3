#include "server/lsp/line_index.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "support/utf8.h"

using namespace lacuna;
using namespace lacuna::server;

namespace {

constexpr PositionEncoding kEncodings[] = {PositionEncoding::utf8, PositionEncoding::utf16, PositionEncoding::utf32};

std::string random_text(std::mt19937& random, size_t num_pieces) {
  static const std::vector<std::string> pieces = {"a",
                                                  "b",
                                                  " ",
                                                  "\n",
                                                  "\r",
                                                  "\r\n",
                                                  "é",
                                                  "漢",
                                                  "😀",
                                                  "\u2028",
                                                  "\u0085",
                                                  "\u0301",
                                                  "👩‍👩‍👧",
                                                  "\xEF\xBB\xBF",
                                                  "\t",
                                                  "\n\r"};
  std::string text;
  for (size_t i = 0; i < num_pieces; ++i) text += pieces[random() % pieces.size()];
  return text;
}

/// Written from the specification, character by character.
Position position_by_walking(std::string_view text, size_t offset, PositionEncoding encoding) {
  Position position;
  size_t i = 0;
  while (i < offset) {
    const auto decoded = utf8::decode(text, i);
    if (i + decoded.length > offset) break;
    const bool crlf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (crlf) {
      if (offset < i + 2) break;
      i += 2;
      position = {position.line + 1, 0};
    } else if (text[i] == '\n' || text[i] == '\r') {
      ++i;
      position = {position.line + 1, 0};
    } else {
      const uint32_t units = encoding == PositionEncoding::utf8    ? decoded.length
                             : encoding == PositionEncoding::utf32 ? 1u
                             : decoded.code_point > 0xFFFF         ? 2u
                                                                   : 1u;
      position.character += units;
      i += decoded.length;
    }
  }
  return position;
}

}  // namespace

TEST_CASE("positions of random texts equal a walk over their characters, and come back") {
  std::mt19937 random(3);
  for (int round = 0; round < 3000; ++round) {
    const std::string text = random_text(random, random() % 40);
    const LineIndex lines(text);
    for (const auto encoding : kEncodings) {
      for (size_t offset = 0; offset <= text.size(); ++offset) {
        const Position position = lines.position_of(text, static_cast<uint32_t>(offset), encoding);
        REQUIRE(position == position_by_walking(text, offset, encoding));
        const bool inside_character = offset < text.size() && utf8::is_continuation(text[offset]);
        const bool inside_line_end =
            offset > 0 && offset < text.size() && text[offset - 1] == '\r' && text[offset] == '\n';
        if (!inside_character && !inside_line_end) REQUIRE(lines.offset_of(text, position, encoding) == offset);
      }
    }
  }
}

TEST_CASE("long lines are crossed as exactly as short ones") {
  std::mt19937 random(4);
  std::string text;
  while (text.size() < 50000) text += random() % 3 == 0 ? "漢" : random() % 2 == 0 ? "😀" : "abc";
  const LineIndex lines(text);
  for (const auto encoding : kEncodings) {
    for (int i = 0; i < 200; ++i) {
      size_t offset = random() % text.size();
      while (utf8::is_continuation(text[offset])) --offset;
      const Position position = lines.position_of(text, static_cast<uint32_t>(offset), encoding);
      CHECK(lines.offset_of(text, position, encoding) == offset);
    }
  }
}

TEST_CASE("positions outside the text are taken to its nearest place") {
  const std::string text = "ab\r\ncd\r\xF0\x9F\x98\x80";
  const LineIndex lines(text);
  const auto at = [&](uint32_t line, uint32_t character, PositionEncoding encoding = PositionEncoding::utf16) {
    return lines.offset_of(text, {line, character}, encoding);
  };
  CHECK(lines.num_lines() == 3);
  CHECK(at(0, 2) == 2);
  CHECK(at(0, 3) == 2);
  CHECK(at(0, 2147483647) == 2);
  CHECK(at(1, 4294967295u) == 6);
  CHECK(at(2, 1) == 7);  // the middle of a surrogate pair
  CHECK(at(2, 2) == 11);
  CHECK(at(2, 3, PositionEncoding::utf8) == 7);  // the middle of a character
  CHECK(at(2, 9) == 11);
  CHECK(at(3, 0) == 11);
  CHECK(at(2147483647, 2147483647) == 11);
  CHECK(lines.position_of(text, 3, PositionEncoding::utf16) == Position{0, 2});  // inside CRLF
  CHECK(lines.position_of(text, 9, PositionEncoding::utf16) == Position{2, 0});  // inside a character
  CHECK(lines.position_of(text, 1000, PositionEncoding::utf16) == Position{2, 2});
}

TEST_CASE("the empty text has one line") {
  const LineIndex lines("");
  CHECK(lines.num_lines() == 1);
  CHECK(lines.offset_of("", {0, 0}, PositionEncoding::utf16) == 0);
  CHECK(lines.offset_of("", {5, 5}, PositionEncoding::utf16) == 0);
  CHECK(lines.position_of("", 0, PositionEncoding::utf16) == Position{0, 0});
}

TEST_CASE("an index that followed random edits equals a new one") {
  std::mt19937 random(5);
  for (int round = 0; round < 2000; ++round) {
    std::string text = random_text(random, random() % 30);
    LineIndex lines(text);
    for (int edit = 0; edit < 10; ++edit) {
      const size_t begin = random() % (text.size() + 1);
      const size_t size = random() % (text.size() - begin + 1) % 6;
      const std::string inserted = random() % 3 == 0   ? ""
                                   : random() % 4 == 0 ? "\n"
                                   : random() % 4 == 0 ? "\r"
                                                       : random_text(random, random() % 5);
      text.replace(begin, size, inserted);
      lines.replace(text, static_cast<uint32_t>(begin), static_cast<uint32_t>(size),
                    static_cast<uint32_t>(inserted.size()));
      REQUIRE(lines == LineIndex(text));
    }
  }
}
