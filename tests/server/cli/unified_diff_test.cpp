#include "server/cli/unified_diff.h"

#include <random>
#include <string>
#include <vector>

#include "doctest/doctest.h"

namespace lacuna::server {
namespace {

using Changes = std::vector<syntax::TextChange>;

syntax::TextChange replace(std::string_view text, std::string_view part, std::string_view by) {
  const auto begin = static_cast<uint32_t>(text.find(part));
  return {{begin, begin + static_cast<uint32_t>(part.size())}, std::string(by)};
}

std::string applied(std::string text, const Changes& changes) {
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    text.replace(change->range.begin, change->range.size(), change->text);
  }
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    const size_t length = end == std::string::npos ? text.size() - at : end - at + 1;
    lines.push_back(text.substr(at, length));
    at += length;
  }
  return lines;
}

/// Applies a diff as `patch` does, believing nothing: every context and removed line must be where the hunk says, and
/// the counts of its header must be right.
class Patch {
 public:
  Patch(const std::string& text, const std::string& diff) : old_(lines_of(text)), diff_(lines_of(diff)) {}

  std::string result() {
    REQUIRE(diff_.size() > 2);
    at_ = 2;  // behind --- and +++
    while (at_ < diff_.size()) hunk();
    copy_until(old_.size());
    return new_;
  }

 private:
  void hunk() {
    size_t old_begin = 0, old_count = 1, new_begin = 0, new_count = 1;
    read_header(diff_[at_++], old_begin, old_count, new_begin, new_count);
    copy_until(old_count == 0 ? old_begin : old_begin - 1);
    CHECK(new_lines_ == (new_count == 0 ? new_begin : new_begin - 1));
    const size_t old_end = next_ + old_count;
    const size_t new_end = new_lines_ + new_count;
    while (at_ < diff_.size() && diff_[at_][0] != '@') line();
    CHECK(next_ == old_end);
    CHECK(new_lines_ == new_end);
  }

  static void read_header(const std::string& header, size_t& a, size_t& b, size_t& c, size_t& d) {
    const size_t plus = header.find('+');
    REQUIRE(header.starts_with("@@ -"));
    read_side(header.substr(4, plus - 5), a, b);
    read_side(header.substr(plus + 1, header.rfind(" @@") - plus - 1), c, d);
  }
  static void read_side(const std::string& side, size_t& begin, size_t& count) {
    const size_t comma = side.find(',');
    begin = std::stoul(side.substr(0, comma));
    if (comma != std::string::npos) count = std::stoul(side.substr(comma + 1));
  }

  void line() {
    const char mark = diff_[at_][0];
    std::string text = diff_[at_++].substr(1);
    if (at_ < diff_.size() && diff_[at_][0] == '\\') {
      text.pop_back();
      ++at_;
    }
    if (mark != '+') {
      REQUIRE(next_ < old_.size());
      CHECK(old_[next_++] == text);
    }
    if (mark != '-') add(text);
  }

  void copy_until(size_t line) {
    while (next_ < line) add(old_[next_++]);
  }
  void add(const std::string& line) {
    new_ += line;
    ++new_lines_;
  }

  std::vector<std::string> old_;
  std::vector<std::string> diff_;
  std::string new_;
  size_t at_ = 0;
  size_t next_ = 0;
  size_t new_lines_ = 0;
};

void check_round_trip(const std::string& text, const Changes& changes) {
  CAPTURE(text);
  const std::string expected = applied(text, changes);
  const std::string diff = unified_diff("f", text, changes);
  CAPTURE(diff);
  if (diff.empty()) {  // changes on different lines may cancel out; then a diff of lines is right as well
    CHECK(expected == text);
    return;
  }
  CHECK(Patch(text, diff).result() == expected);
}

TEST_CASE("one changed line is shown with three lines of context on each side") {
  const std::string text = "1\n2\n3\n4\nfive(\n6\n7\n8\n9\n";
  CHECK(unified_diff("dir/a.py", text, {replace(text, "five(", "five()")}) ==
        "--- a/dir/a.py\n+++ b/dir/a.py\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-five(\n+five()\n 6\n 7\n 8\n");
}

TEST_CASE("neighbouring changed lines are shown as one change") {
  const std::string text = "f(\ng(\n";
  CHECK(unified_diff("f", text, {{{2, 2}, ")"}, {{5, 5}, ")"}}) ==
        "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-f(\n-g(\n+f()\n+g()\n");
}

TEST_CASE("an absolute path loses its slash, as git wants it") {
  CHECK(unified_diff("/a.py", "x\n", {replace("x\n", "x", "y")}).starts_with("--- a/a.py\n+++ b/a.py\n"));
}

TEST_CASE("no change gives no diff") {
  CHECK(unified_diff("f", "a\nb\n", {}).empty());
  CHECK(unified_diff("f", "a\nb\n", {{{0, 1}, "a"}}).empty());
}

TEST_CASE("a missing line end at the end of the file is told") {
  CHECK(unified_diff("f", "a", {{{1, 1}, ")"}}) ==
        "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a)\n\\ No newline at end of file\n");
}

TEST_CASE("an appended line is an insertion behind the last line") {
  CHECK(unified_diff("f", "a\n", {{{2, 2}, "}\n"}}) == "--- a/f\n+++ b/f\n@@ -1 +1,2 @@\n a\n+}\n");
}

TEST_CASE("an empty file and a file that becomes empty have the places that patch expects") {
  CHECK(unified_diff("f", "", {{{0, 0}, "x\n"}}) == "--- a/f\n+++ b/f\n@@ -0,0 +1 @@\n+x\n");
  CHECK(unified_diff("f", "x\n", {{{0, 2}, ""}}) == "--- a/f\n+++ b/f\n@@ -1 +0,0 @@\n-x\n");
}

TEST_CASE("changes far apart get hunks of their own, near ones share one") {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "line " + std::to_string(i) + "\n";
  const auto count_hunks = [&](const Changes& changes) {
    const std::string diff = unified_diff("f", text, changes);
    size_t hunks = 0;
    for (size_t at = diff.find("\n@@ "); at != std::string::npos; at = diff.find("\n@@ ", at + 1)) ++hunks;
    return hunks;
  };
  CHECK(count_hunks({replace(text, "line 2\n", "x\n"), replace(text, "line 9\n", "x\n")}) == 1);   // six lines between
  CHECK(count_hunks({replace(text, "line 2\n", "x\n"), replace(text, "line 10\n", "x\n")}) == 2);  // seven
}

TEST_CASE("random edits of random texts: the diff turns the one into the other") {
  std::mt19937 random(7);
  const auto below = [&](size_t bound) { return static_cast<uint32_t>(random() % bound); };
  const auto some_text = [&](size_t longest) {
    std::string text;
    for (size_t length = below(longest + 1); text.size() < length;) text += "ab\n\n"[below(4)];
    return text;
  };
  for (int round = 0; round < 3000; ++round) {
    const std::string text = some_text(60);
    Changes changes;
    for (uint32_t at = 0; changes.size() < 4 && at <= text.size();) {
      at += below(20);
      if (at > text.size()) break;
      const auto end = std::min<uint32_t>(at + below(6), static_cast<uint32_t>(text.size()));
      changes.push_back({{at, end}, some_text(5)});
      at = end + 1;
    }
    check_round_trip(text, changes);
  }
}

TEST_CASE("colours frame lines and leave their text alone") {
  const std::string colored = colored_diff("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n c\n");
  CHECK(colored.find("\x1b[31m-a\x1b[0m\n") != std::string::npos);
  CHECK(colored.find("\x1b[32m+b\x1b[0m\n") != std::string::npos);
  CHECK(colored.ends_with("\n c\n"));
}

}  // namespace
}  // namespace lacuna::server
