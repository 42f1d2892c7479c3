/// Writes the manual page lacuna(1).
#pragma once

#include <string>
#include <string_view>

#include "server/cli/command_tree.h"

namespace lacuna::server {

/// The page in the language of man(7): commands and options as `root` has them, and the same text for every build of a
/// version.
std::string manual_page(const CommandDescription& root, std::string_view version);

}  // namespace lacuna::server
