#include "server/cli/complete.h"

#include <doctest/doctest.h>

using namespace lacuna;
using namespace lacuna::server;

TEST_CASE("a place is a file, a line and a column, and the file may hold colons") {
  const auto place = parse_place("C:/a b/x.py:12:7");
  REQUIRE(place.ok());
  CHECK(place->file == "C:/a b/x.py");
  CHECK(place->line == 12);
  CHECK(place->column == 7);
  for (const char* wrong : {"", "x.py", "x.py:1", "x.py:1:", "x.py:0:1", "x.py:1:0", "x.py:-1:1", "x.py:1:1x", ":1:1",
                            "x.py:99999999999:1"}) {
    CAPTURE(wrong);
    const auto error = parse_place(wrong);
    REQUIRE_FALSE(error.ok());
    CHECK(error.error().code == ErrorCode::invalid_argument);
  }
}

TEST_CASE("columns count characters, and one past the end is a place") {
  const std::string text = "a\xC3\xA9\xF0\x9F\x8E\x89z\r\nb\n";
  const auto offset = [&](uint32_t line, uint32_t column) -> int64_t {
    const auto found = offset_of(text, {"f", line, column});
    return found.ok() ? static_cast<int64_t>(*found) : -1;
  };
  CHECK(offset(1, 1) == 0);
  CHECK(offset(1, 2) == 1);
  CHECK(offset(1, 3) == 3);
  CHECK(offset(1, 4) == 7);
  CHECK(offset(1, 5) == 8);
  CHECK(offset(1, 6) == -1);
  CHECK(offset(2, 1) == 10);
  CHECK(offset(2, 2) == 11);
  CHECK(offset(3, 1) == 12);
  CHECK(offset(3, 2) == -1);
  CHECK(offset(4, 1) == -1);
  CHECK(offset_of("", {"f", 1, 1}).value() == 0);
}

TEST_CASE("places and offsets are each other's inverse") {
  const std::string text = "a\xC3\xA9z\n\nb";
  for (const uint32_t offset : {0u, 1u, 3u, 4u, 5u, 6u, 7u}) {
    FilePlace place = place_of(text, offset);
    place.file = "f";
    CHECK(offset_of(text, place).value() == offset);
  }
}
