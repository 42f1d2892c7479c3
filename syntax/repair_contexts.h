/// What a repair makes of the tree around it: constructs that nobody writes tell a wrong repair that parses.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "syntax/syntax_tree.h"
#include "syntax/text_change.h"

namespace lacuna::syntax {

constexpr size_t num_repair_contexts = 28;

/// Hashes of the nodes around the first of `changes` in `tree`, the tree of `text`, which has them already: of what is
/// put in, of its neighbours, and of what holds them.
using RepairContexts = std::array<uint32_t, num_repair_contexts>;
RepairContexts repair_contexts(const SyntaxTree& tree, std::string_view text, const std::vector<TextChange>& changes);

/// What the contexts add to a candidate's score; learned by scripts/repair_train.py.
double score_of(const RepairContexts& contexts);

}  // namespace lacuna::syntax
