#include "server/lsp/uri.h"

namespace lacuna::server {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decode_percents(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return out;
}

}  // namespace

std::string path_of_uri(std::string_view uri) {
  constexpr std::string_view kFile = "file://";
  std::string_view path = uri.substr(0, uri.find_first_of("?#"));
  if (!path.starts_with(kFile)) {
    const size_t last = path.find_last_of("/:");
    return decode_percents(last == std::string_view::npos ? path : path.substr(last + 1));
  }
  path.remove_prefix(kFile.size());
  const size_t root = path.find('/');  // behind the host, which is usually empty
  return root == std::string_view::npos ? std::string() : decode_percents(path.substr(root));
}

}  // namespace lacuna::server
