/// Holes: places where a name, an expression or the rest of a line is missing. What stood there no parser can know; a
/// model may write it, and here is said where, and whether what it wrote mends the error.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "syntax/repair.h"

namespace lacuna::syntax {

struct Hole {
  uint32_t offset = 0;  ///< where something is missing: behind the blanks of its line, or at the line's end
  friend bool operator==(const Hole&, const Hole&) = default;
};

/// The holes that an error may come from, the likeliest first; at most two. Pure; any thread.
std::vector<Hole> find_holes(const SyntaxTree& tree, std::string_view text, const SyntaxError& error,
                             const RepairOptions& options = {});

/// The repair that puts a beginning of `written` into the hole, of several that mend one that leaves the fewest errors:
/// up to where it repeats the rest of the hole's line, else as long as can be. Of `written` only the first line counts.
/// Nothing where no part lowers the error cost without adding an error, or none holds a word, a
/// number or a string. Never `preferred`. Pure; any thread.
std::optional<Repair> fill_hole(const SyntaxTree& tree, std::string_view text, const SyntaxError& error, Hole hole,
                                std::string_view written, const RepairOptions& options = {});

}  // namespace lacuna::syntax
