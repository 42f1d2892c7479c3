#include "syntax/tree_shape.h"

#include <doctest/doctest.h>

#include "marked_text.h"

using namespace lacuna::syntax;

TEST_CASE("layout does not change a tree's shape, and a changed token does") {
  const auto shape = [](std::string_view text) { return shape_of(tree_of("c", text), text); };
  CHECK(shape("int a=1;") == shape("int  a =\n 1 ;\n"));
  CHECK(shape("int a=1;") != shape("int a=2;"));
  CHECK(shape("int a=1;") != shape("int a;"));
  CHECK(shape("") == shape("\n"));
}

TEST_CASE("a shape names inner nodes and holds the texts of leaves") {
  std::string_view text = "x;";
  CHECK(shape_of(tree_of("c", text), text) ==
        std::vector<std::string>{"(translation_unit", "(expression_statement", "x", ";", ")", ")"});
}
