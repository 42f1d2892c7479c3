/// The nodes around a place, and what kind of text they are. Grammars name their nodes alike enough that a few words of
/// the names tell comments and strings apart in all of them.
#pragma once

#include <tree_sitter/api.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "syntax/syntax_tree.h"
#include "syntax/text_kind.h"

namespace lacuna::syntax {

/// The nodes that contain the byte at `offset`, the root first. Empty where only blanks are, outside of the root.
std::vector<TSNode> path_to(const SyntaxTree& tree, uint32_t offset);

bool is_comment(TSNode node);
/// A string, character or heredoc with its quotes; not the pieces inside, and not a sequence of strings.
bool is_string(TSNode node);
/// Code inside a string: `${…}`, `{…}` of an f-string.
bool is_interpolation(TSNode node);

/// What a cursor at `offset` stands in, as far as the tree knows.
TextKind kind_at(const SyntaxTree& tree, std::string_view text, uint32_t offset);

}  // namespace lacuna::syntax
