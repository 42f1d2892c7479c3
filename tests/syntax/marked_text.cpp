#include "marked_text.h"

#include <doctest/doctest.h>

namespace lacuna::syntax {

MarkedText read_marks(std::string_view marked) {
  MarkedText result;
  uint32_t begin = 0;
  for (size_t i = 0; i < marked.size(); i++) {
    auto offset = static_cast<uint32_t>(result.text.size());
    std::string_view rest = marked.substr(i);
    if (rest.starts_with('^')) {
      result.cursor = offset;
    } else if (rest.starts_with("[[")) {
      begin = offset;
      i++;
    } else if (rest.starts_with("]]")) {
      result.range = ByteRange{begin, offset};
      i++;
    } else {
      result.text += marked[i];
    }
  }
  return result;
}

SyntaxTree tree_of(std::string_view language_id, std::string_view text) {
  const Language* language = find_language(language_id, "");
  REQUIRE(language != nullptr);
  auto tree = SyntaxTree::parse(*language, text, {.budget = std::chrono::minutes(5)});
  REQUIRE(tree.ok());
  return *std::move(tree);
}

}  // namespace lacuna::syntax
