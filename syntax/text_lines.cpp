#include "syntax/text_lines.h"

#include <algorithm>

namespace lacuna::syntax {

ByteRange line_at(std::string_view text, uint32_t offset) {
  size_t before = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  size_t begin = before == std::string_view::npos ? 0 : before + 1;
  size_t end = text.find('\n', offset);
  if (end == std::string_view::npos) end = text.size();
  if (end > begin && text[end - 1] == '\r' && end - 1 >= offset) end--;
  return {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
}

uint32_t line_number(std::string_view text, uint32_t offset) {
  return static_cast<uint32_t>(std::count(text.begin(), text.begin() + offset, '\n'));
}

std::string_view indentation_at(std::string_view text, uint32_t offset) {
  std::string_view line = slice(text, line_at(text, offset));
  size_t size = 0;
  while (size < line.size() && is_blank(line[size])) size++;
  return line.substr(0, size);
}

int width_of(std::string_view blanks) {
  int width = 0;
  for (char c : blanks) width = c == '\t' ? (width / 8 + 1) * 8 : width + 1;
  return width;
}

std::string_view without_trailing_blanks(std::string_view line) {
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  return line;
}

}  // namespace lacuna::syntax
