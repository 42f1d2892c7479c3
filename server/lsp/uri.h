/// What a document's URI says: its path, for names and extensions. Nothing is opened by it.
#pragma once

#include <string>
#include <string_view>

namespace lacuna::server {

/// The decoded path of a file: URI; of any other one the decoded last part. Malformed escapes stay as they are.
std::string path_of_uri(std::string_view uri);

}  // namespace lacuna::server
