/// JSON as the server uses it: nlohmann's value type behind two functions that cannot throw, recurse or emit bad UTF-8.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "support/result.h"

namespace lacuna::server {

using Json = nlohmann::json;

inline constexpr size_t kJsonDepthLimit =
    128;  ///< nlohmann copies and dumps recursively: deeper values would eat the stack

/// Parses one JSON text. Broken UTF-8 and lone surrogate escapes, which editors do send, become U+FFFD: one UTF-16
/// unit, as the editor counts them. Errors: corrupt, with the byte at which the text is wrong.
Result<Json> parse_json(std::string_view text);

/// Compact; strings that are not UTF-8 are mended.
std::string dump_json(const Json& value);

}  // namespace lacuna::server
