/// How many slips of the hand lie between two words.
#pragma once

#include <cstddef>
#include <string_view>

namespace lacuna::syntax {

/// Damerau-Levenshtein distance (bytes inserted, removed, exchanged, or two neighbours swapped); any value over `limit`
/// if it is more than that.
size_t word_distance(std::string_view a, std::string_view b, size_t limit);

}  // namespace lacuna::syntax
