#include "syntax/text_hunks.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace lacuna::syntax;

TEST_CASE("separate edits stay separate and get offsets of the first and the last text") {
  // "abcdefgh": "b" becomes "BBB", then "g" (now at 8) is removed.
  const Edit edits[] = {{1, 2, 4}, {8, 9, 8}};
  auto hunks = hunks_of(edits, 8, 9);
  REQUIRE(hunks.size() == 2);
  CHECK(hunks[0].old_range == ByteRange{1, 2});
  CHECK(hunks[0].new_range == ByteRange{1, 4});
  CHECK(hunks[1].old_range == ByteRange{6, 7});
  CHECK(hunks[1].new_range == ByteRange{8, 8});
}

TEST_CASE("an edit before an earlier one moves it") {
  const Edit edits[] = {{6, 7, 6}, {0, 0, 2}};
  auto hunks = hunks_of(edits, 8, 9);
  REQUIRE(hunks.size() == 2);
  CHECK(hunks[0].new_range == ByteRange{0, 2});
  CHECK(hunks[1].old_range == ByteRange{6, 7});
  CHECK(hunks[1].new_range == ByteRange{8, 8});
}

TEST_CASE("edits outside of their text, or that do not give the new size, are refused") {
  const Edit outside[] = {{4, 9, 4}};
  CHECK(hunks_of(outside, 8, 3).empty());
  const Edit backward[] = {{4, 3, 5}};
  CHECK(hunks_of(backward, 8, 10).empty());
  const Edit wrong_size[] = {{0, 0, 1}};
  CHECK(hunks_of(wrong_size, 8, 8).empty());
}

TEST_CASE("random edits: replacing the hunks in the old text gives the new text") {
  std::mt19937 random(20260101);
  auto below = [&](size_t limit) { return static_cast<uint32_t>(random() % limit); };
  for (int round = 0; round < 2000; round++) {
    std::string old_text;
    for (uint32_t i = below(30); i > 0; i--) old_text += static_cast<char>('a' + below(26));
    std::string text = old_text;
    std::vector<Edit> edits;
    for (uint32_t i = 1 + below(6); i > 0; i--) {
      uint32_t begin = below(text.size() + 1);
      uint32_t end = begin + below(text.size() - begin + 1);
      std::string inserted(below(5), static_cast<char>('A' + below(26)));
      text.replace(begin, end - begin, inserted);
      edits.push_back({begin, end, begin + static_cast<uint32_t>(inserted.size())});
    }
    auto hunks = hunks_of(edits, old_text.size(), text.size());
    REQUIRE_FALSE(hunks.empty());
    std::string rebuilt;
    uint32_t from = 0;
    for (const Hunk& hunk : hunks) {
      REQUIRE(hunk.old_range.begin >= from);
      rebuilt += old_text.substr(from, hunk.old_range.begin - from);
      REQUIRE(rebuilt.size() == hunk.new_range.begin);
      rebuilt += text.substr(hunk.new_range.begin, hunk.new_range.size());
      from = hunk.old_range.end;
    }
    rebuilt += old_text.substr(from);
    REQUIRE(rebuilt == text);
  }
}
