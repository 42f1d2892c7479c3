/// The shape of a tree with the texts of its leaves: what two texts have in common that differ in layout only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "syntax/syntax_tree.h"

namespace lacuna::syntax {

/// "(TYPE" where an inner node begins, ")" where it ends, and the text of each leaf that is not empty.
std::vector<std::string> shape_of(const SyntaxTree& tree, std::string_view text);

}  // namespace lacuna::syntax
