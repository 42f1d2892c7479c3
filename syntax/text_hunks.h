/// Successive edits as disjoint replacements from the first text to the last one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "syntax/syntax_tree.h"

namespace lacuna::syntax {

/// old_text[old_range] became new_text[new_range].
struct Hunk {
  ByteRange old_range;
  ByteRange new_range;
};

/// The hunks of `edits`, which were applied in order to a text of `old_size` bytes, in the order of the text; edits
/// that touch are merged. Empty if an edit lies outside its text, or if the result has not `new_size` bytes.
std::vector<Hunk> hunks_of(std::span<const Edit> edits, uint64_t old_size, uint64_t new_size);

}  // namespace lacuna::syntax
