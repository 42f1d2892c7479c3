/// The version that the program tells. CMake's project() sets it.
#pragma once

namespace lacuna::server {

inline constexpr const char kVersion[] = LACUNA_VERSION;

}  // namespace lacuna::server
