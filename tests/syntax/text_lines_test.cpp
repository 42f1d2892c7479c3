#include "syntax/text_lines.h"

#include <doctest/doctest.h>

using namespace lacuna::syntax;

TEST_CASE("a line is found from every offset in it") {
  std::string_view text = "one\r\ntwo\n\nlast";
  CHECK(line_at(text, 0) == ByteRange{0, 3});
  CHECK(line_at(text, 3) == ByteRange{0, 3});
  CHECK(line_at(text, 4) == ByteRange{0, 4});  // between "\r" and "\n": the offset stays inside its line
  CHECK(line_at(text, 5) == ByteRange{5, 8});
  CHECK(line_at(text, 8) == ByteRange{5, 8});
  CHECK(line_at(text, 9) == ByteRange{9, 9});
  CHECK(line_at(text, 14) == ByteRange{10, 14});
  CHECK(line_at("", 0) == ByteRange{0, 0});
}

TEST_CASE("lines are numbered from 0, and a line end belongs to the line it ends") {
  CHECK(line_number("a\nb\n", 0) == 0);
  CHECK(line_number("a\nb\n", 1) == 0);
  CHECK(line_number("a\nb\n", 2) == 1);
  CHECK(line_number("a\nb\n", 4) == 2);
}

TEST_CASE("indentation is the blanks that begin a line, and tabs go to the next multiple of eight") {
  CHECK(indentation_at("a\n\t  b", 5) == "\t  ");
  CHECK(indentation_at("a\n   ", 3) == "   ");
  CHECK(width_of("") == 0);
  CHECK(width_of("   ") == 3);
  CHECK(width_of("  \t") == 8);
  CHECK(width_of("\t\t ") == 17);
}
