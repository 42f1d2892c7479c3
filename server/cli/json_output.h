/// Printing JSON: one value, indented, with a line end. Bytes that are not UTF-8 become U+FFFD instead of an exception.
#pragma once

#include <nlohmann/json.hpp>

#include "server/cli/console.h"

namespace lacuna::server {

using Json = nlohmann::ordered_json;

inline void print_json(const Console& console, const Json& value) {
  console.print("{}\n", value.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace lacuna::server
