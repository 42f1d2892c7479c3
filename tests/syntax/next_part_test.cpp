#include "syntax/next_part.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "marked_text.h"

using namespace lacuna::syntax;

namespace {

/// The parts in which the marked range is taken over, one key after the other.
std::vector<std::string> parts(const char* language, std::string_view marked, PartUnit unit) {
  const MarkedText sample = read_marks(marked);
  REQUIRE(sample.range);
  const SyntaxTree tree = tree_of(language, sample.text);
  std::vector<std::string> all;
  for (ByteRange rest = *sample.range; rest.size() > 0;) {
    const uint32_t end = next_part_end(&tree, sample.text, rest, unit, !all.empty());
    REQUIRE(end > rest.begin);
    REQUIRE(end <= rest.end);
    all.push_back(sample.text.substr(rest.begin, end - rest.begin));
    rest.begin = end;
  }
  return all;
}

using Parts = std::vector<std::string>;

}  // namespace

TEST_CASE("a word is blanks and a run of one kind of characters") {
  CHECK(parts("python", "x[[ += self.count_of(é1)]]\n", PartUnit::word) ==
        Parts{" +=", " self", ".", "count_of", "(", "é1", ")"});
}

TEST_CASE("a line ends before its end, and blank lines go with the next one") {
  CHECK(parts("python", "if x:[[\n    a()\n\n    b()]]\n", PartUnit::line) == Parts{"\n    a()", "\n\n    b()"});
  CHECK(parts("c", "int f(void) {[[\r\n  return 1;\r\n}]]\r\n", PartUnit::line) == Parts{"\r\n  return 1;", "\r\n}"});
}

TEST_CASE("a node is the largest one that leaves something over") {
  CHECK(parts("python", "[[total += self.quantity(sku) * item.unit_price]]\n", PartUnit::node) ==
        Parts{"total", " +=", " self.quantity(sku)", " *", " item.unit_price"});
  CHECK(parts("python", "def f():\n    [[a = 1\n    return g(a)]]\n", PartUnit::node) ==
        Parts{"a = 1", "\n    return g(a)"});
  CHECK(parts("javascript", "f([[x => { return x + 1; }, 2]]);\n", PartUnit::node) ==
        Parts{"x => { return x + 1; }", ",", " 2"});
}

TEST_CASE("the rest of a token that was begun by hand is a node") {
  CHECK(parts("python", "tot[[al += 1]]\n", PartUnit::node) == Parts{"al", " +=", " 1"});
}

TEST_CASE("where there is no tree, a node is a word") {
  CHECK(next_part_end(nullptr, "alpha beta", {0, 10}, PartUnit::node, false) == 5);
}

TEST_CASE("units have names, and other names are no units") {
  CHECK(part_unit("node") == PartUnit::node);
  CHECK(part_unit("word") == PartUnit::word);
  CHECK(part_unit("line") == PartUnit::line);
  CHECK_FALSE(part_unit("file"));
}
