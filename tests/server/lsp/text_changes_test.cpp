#include "server/lsp/text_changes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "support/utf8.h"

using namespace lacuna;
using namespace lacuna::server;

namespace {

/// The same document as an editor holds it: lines of code points and their ends, edited by (line, UTF-16 unit).
/// It shares nothing with the code under test.
class Oracle {
 public:
  explicit Oracle(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }

  void apply(const ContentChange& change) {
    if (!change.range) {
      text_ = change.text;
      return;
    }
    size_t begin = offset(change.range->start);
    size_t end = offset(change.range->end);
    if (begin > end) std::swap(begin, end);
    text_ = text_.substr(0, begin) + change.text + text_.substr(end);
  }

 private:
  size_t offset(Position position) const {
    size_t i = 0;
    for (uint32_t line = 0; line < position.line; ++line) {
      while (i < text_.size() && text_[i] != '\n' && text_[i] != '\r') ++i;
      if (i == text_.size()) return i;
      i += text_.compare(i, 2, "\r\n") == 0 ? 2 : 1;
    }
    uint32_t units = position.character;
    while (i < text_.size() && text_[i] != '\n' && text_[i] != '\r') {
      const auto decoded = utf8::decode(text_, i);
      const uint32_t width = decoded.code_point > 0xFFFF ? 2 : 1;
      if (width > units) break;
      units -= width;
      i += decoded.length;
    }
    return i;
  }

  std::string text_;
};

std::string random_text(std::mt19937& random, size_t num_pieces) {
  static const std::vector<std::string> pieces = {"a",  "(", "\n",     "\r",     "\r\n", "é",
                                                  "漢", "😀", "\u2028", "\u0085", " ",    "x"};
  std::string text;
  for (size_t i = 0; i < num_pieces; ++i) text += pieces[random() % pieces.size()];
  return text;
}

Position random_position(std::mt19937& random) {
  if (random() % 50 == 0) return {2147483647, 2147483647};
  return {static_cast<uint32_t>(random() % 12), static_cast<uint32_t>(random() % 10)};
}

}  // namespace

TEST_CASE("random batches of changes give the text that an editor has, and edits that lead to it") {
  std::mt19937 random(6);
  for (int round = 0; round < 300; ++round) {
    std::string text = random_text(random, random() % 40);
    LineIndex lines(text);
    Oracle oracle(text);
    for (int batch = 0; batch < 40; ++batch) {
      std::vector<ContentChange> changes(1 + random() % 4);
      for (ContentChange& change : changes) {
        change.text = random_text(random, random() % 4);
        if (random() % 20 != 0) change.range = Range{random_position(random), random_position(random)};
      }
      std::string replayed = text;
      const auto edits = apply_changes(changes, PositionEncoding::utf16, text, lines);
      for (const ContentChange& change : changes) oracle.apply(change);
      REQUIRE(text == oracle.text());
      REQUIRE(lines == LineIndex(text));
      REQUIRE(utf8::is_valid(text));

      const bool replaced =
          std::any_of(changes.begin(), changes.end(), [](const auto& change) { return !change.range; });
      REQUIRE(edits.has_value() != replaced);
      if (!edits) continue;
      for (size_t i = 0; i < edits->size(); ++i) {
        const syntax::Edit& edit = (*edits)[i];
        REQUIRE(edit.new_end - edit.begin == changes[i].text.size());
        replayed.replace(edit.begin, edit.old_end - edit.begin, changes[i].text);
      }
      REQUIRE(replayed == text);
    }
  }
}

TEST_CASE("a CR and an LF that come together in two edits are one line end, and two when parted") {
  std::string text = "a\rb";
  LineIndex lines(text);
  CHECK(lines.num_lines() == 2);
  apply_changes({{Range{{1, 0}, {1, 0}}, "\n"}}, PositionEncoding::utf16, text, lines);
  CHECK(text == "a\r\nb");
  CHECK(lines.num_lines() == 2);
  apply_changes({{Range{{0, 1}, {1, 0}}, "\r"}, {Range{{1, 0}, {1, 0}}, "x\n"}}, PositionEncoding::utf16, text, lines);
  CHECK(text == "a\rx\nb");
  CHECK(lines.num_lines() == 3);
}
