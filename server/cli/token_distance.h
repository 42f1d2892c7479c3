/// How far a repaired text is from the broken one, in tokens.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace lacuna::server {

/// Words and punctuation marks, read without a grammar, so that a broken text has the tokens of its repair around the
/// break. Bytes of non-ASCII characters count as letters.
std::vector<std::string_view> plain_tokens(std::string_view text);

/// Tokens inserted, removed or replaced between `a` and `b`, by matching the longest common runs first (Ratcliff and
/// Obershelp's method, as in Python's difflib, whose figures the project's evaluation tool prints).
size_t token_distance(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b);

}  // namespace lacuna::server
