/// A repair in words, as an editor's menu shows it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "syntax/repair.h"

namespace lacuna::syntax {

/// "Insert `)` after `x`", "Change `retrun` to `return`"; with the line's number where the edit is not on line
/// `shown_line` (counted from 0).
std::string repair_title(std::string_view text, const std::vector<TextChange>& changes, uint32_t shown_line);

}  // namespace lacuna::syntax
