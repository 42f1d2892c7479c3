#include "syntax/error_places.h"

#include <algorithm>

#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr std::string_view spaces = " \t\r\n\f\v";

}  // namespace

ByteRange ErrorPlaces::before(uint32_t offset) const {
  for (size_t i = first_token_at(tokens_, offset); i-- > 0;) {
    const Token& token = tokens_[i];
    std::string_view all = slice(text_, token.range);
    size_t last = all.find_last_not_of(spaces);
    if (token.extra || token.range.end > offset || last == std::string_view::npos) continue;
    size_t newline = all.rfind('\n', last);
    size_t first = newline == std::string_view::npos ? 0 : newline + 1;
    return {token.range.begin + static_cast<uint32_t>(first), token.range.begin + static_cast<uint32_t>(last) + 1};
  }
  return near(offset);
}

ByteRange ErrorPlaces::first_line(ByteRange range) const {
  uint32_t line_end = line_at(text_, range.begin).end;
  if (range.size() == 0 || line_end == range.begin) return near(range.begin);
  return {range.begin, std::min(range.end, line_end)};
}

ByteRange ErrorPlaces::rest_of_line(ByteRange begin) const {
  ByteRange line = line_at(text_, begin.begin);
  size_t size = without_trailing_blanks(slice(text_, {begin.begin, line.end})).size();
  return first_line({begin.begin, std::max(begin.end, begin.begin + static_cast<uint32_t>(size))});
}

ByteRange ErrorPlaces::near(uint32_t offset) const {
  auto size = static_cast<uint32_t>(text_.size());
  uint32_t begin = std::min(offset, size == 0 ? 0 : size - 1);
  return {begin, std::min(begin + 1, size)};
}

}  // namespace lacuna::syntax
