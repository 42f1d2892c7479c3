/// Unified diffs of edits that are known: no search for differences is needed, only lines around the changes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "syntax/repair.h"

namespace lacuna::server {

/// The diff that turns `text` into syntax::apply(text, changes), as `patch` and `git apply` read it, with three lines
/// of context. `path` stands in its header below a/ and b/. Empty if the changes change nothing. `changes` are in the
/// order of the text and disjoint.
std::string unified_diff(std::string_view path, std::string_view text, const std::vector<syntax::TextChange>& changes);

/// The same diff with terminal colours: removed lines red, added ones green, places cyan.
std::string colored_diff(std::string_view diff);

}  // namespace lacuna::server
