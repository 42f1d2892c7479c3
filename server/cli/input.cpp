#include "server/cli/input.h"

#include <array>
#include <cstdio>

#include "support/os.h"

namespace lacuna::server {

Result<std::string> read_input(const std::string& file, size_t max_bytes) {
  if (!file.empty() && file != "-") return os::read_file(file, max_bytes);
  std::string text;
  std::array<char, 65536> buffer;
  while (const size_t got = std::fread(buffer.data(), 1, buffer.size(), stdin)) {
    if (got > max_bytes - text.size())
      return Error::format(ErrorCode::exhausted, "stdin is longer than {} bytes", max_bytes);
    text.append(buffer.data(), got);
  }
  if (std::ferror(stdin) != 0) return Error{ErrorCode::io, "cannot read stdin"};
  return text;
}

}  // namespace lacuna::server
