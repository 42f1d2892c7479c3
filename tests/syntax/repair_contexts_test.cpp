#include "syntax/repair_contexts.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "marked_text.h"
#include "syntax/repair.h"

using namespace lacuna::syntax;

namespace {

/// The contexts of `token` where it was put into a text; it stands there once.
RepairContexts contexts_of(std::string_view language, std::string_view text, std::string_view token) {
  const auto at = static_cast<uint32_t>(text.find(token));
  return repair_contexts(tree_of(language, text), text, {{{at, at}, std::string(token)}});
}

size_t num_different(const RepairContexts& a, const RepairContexts& b) {
  size_t count = 0;
  for (size_t i = 0; i < a.size(); i++) count += a[i] != b[i];
  return count;
}

}  // namespace

TEST_CASE("a construct has the same contexts wherever it stands and whatever its names are") {
  const RepairContexts here = contexts_of("c", "int f(int a) {\n  return a < 1;\n}\n", "<");
  CHECK(contexts_of("c", "int g;\n\nint long_name(int b, int c) {\n  return c < 22;\n}\n", "<") == here);
}

TEST_CASE("another construct, another token and another language have other contexts") {
  const RepairContexts compared = contexts_of("c", "int f(int a) {\n  return a < 1;\n}\n", "<");
  const RepairContexts added = contexts_of("c", "int f(int a) {\n  return a + 1;\n}\n", "+");
  const RepairContexts condition = contexts_of("c", "int f(int a) {\n  if (a < 1) a++;\n}\n", "<");
  CHECK(num_different(compared, added) > 0);
  CHECK(num_different(compared, condition) > 0);
  CHECK(num_different(compared, contexts_of("cpp", "int f(int a) {\n  return a < 1;\n}\n", "<")) ==
        num_repair_contexts);
}

TEST_CASE("changes at either end of a text and in an empty one have contexts, too") {
  for (const std::string_view text : {"", ";", "int a;"}) {
    const auto size = static_cast<uint32_t>(text.size());
    const SyntaxTree tree = tree_of("c", text);
    for (const uint32_t at : {0U, size}) {
      const RepairContexts contexts = repair_contexts(tree, text, {{{at, at + 3}, ""}});
      CHECK(std::any_of(contexts.begin(), contexts.end(), [](uint32_t each) { return each != 0; }));
    }
  }
}

TEST_CASE("two lost closers of which neither helps alone come back together") {
  const std::string_view wanted =
      "int a[][2] = {\n    { 1, 2 },\n    { 3, 4 },\n    { 5, 6 },\n    { 7, 8 },\n    { 9, 0 },\n};\n\nint b;\n";
  std::string broken(wanted);
  for (const std::string_view row : {"{ 3, 4 }", "{ 7, 8 }"}) broken.erase(broken.find(row) + row.size() - 1, 1);
  const SyntaxTree tree = tree_of("cpp", broken);
  const Repair repair = fix_all(tree, broken, {std::chrono::milliseconds(60000), nullptr});
  CHECK(lacuna::syntax::apply(broken, repair.changes) == wanted);
}
