/// The part of a very long text in which one error's repair is looked for.
#pragma once

#include "syntax/syntax_tree.h"

namespace lacuna::syntax {

/// The whole text if it is not long. Else a part around `offset` that begins between two top-level constructs, where a
/// parser can begin afresh, and is bounded in size.
ByteRange repair_window(const SyntaxTree& tree, size_t text_size, uint32_t offset);

}  // namespace lacuna::syntax
