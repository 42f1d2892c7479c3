#include "server/lsp/line_index.h"

#include <algorithm>

#include "support/utf8.h"

namespace lacuna::server {
namespace {

/// Whether a line begins at `offset` > 0: decided by the bytes on both sides of it.
bool begins_line(std::string_view text, size_t offset) {
  const char before = text[offset - 1];
  return before == '\n' || (before == '\r' && (offset == text.size() || text[offset] != '\n'));
}

size_t find_byte(std::string_view text, char byte, size_t from) {
  const size_t found = from < text.size() ? text.find(byte, from) : std::string_view::npos;
  return found == std::string_view::npos ? text.size() : found;
}

/// Appends the line beginnings in [first, last] of `text`. Two searches for one byte each run at the speed of memchr.
void find_beginnings(std::string_view text, size_t first, size_t last, std::vector<uint32_t>& out) {
  size_t lf = find_byte(text, '\n', first - 1);
  size_t cr = find_byte(text, '\r', first - 1);
  while (std::min(lf, cr) < last) {
    size_t& end = lf < cr ? lf : cr;
    if (begins_line(text, end + 1)) out.push_back(static_cast<uint32_t>(end + 1));
    end = find_byte(text, text[end], end + 1);
  }
}

/// UTF-16 units of valid UTF-8: one a character, and one more for those of four bytes. Written so that it vectorises.
size_t count_utf16(std::string_view text) {
  size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    units += static_cast<size_t>((byte & 0xC0) != 0x80) + static_cast<size_t>(byte >= 0xF0);
  }
  return units;
}

size_t count_utf32(std::string_view text) {
  size_t units = 0;
  for (const char c : text) units += static_cast<size_t>((static_cast<unsigned char>(c) & 0xC0) != 0x80);
  return units;
}

size_t count_units(std::string_view text, PositionEncoding encoding) {
  if (encoding == PositionEncoding::utf8) return text.size();
  return encoding == PositionEncoding::utf16 ? count_utf16(text) : count_utf32(text);
}

size_t round_down(std::string_view text, size_t offset) {
  while (offset > 0 && offset < text.size() && utf8::is_continuation(text[offset])) --offset;
  return offset;
}

/// The byte offset of the character that holds unit number `units` of `line`; its end where there are fewer.
size_t advance(std::string_view line, size_t units, PositionEncoding encoding) {
  if (encoding == PositionEncoding::utf8) return round_down(line, std::min(units, line.size()));
  constexpr size_t kStride = 4096;  // long lines are crossed in strides that are counted as a whole
  size_t offset = 0;
  while (line.size() - offset > kStride) {
    const size_t next = round_down(line, offset + kStride);
    const size_t count = count_units(line.substr(offset, next - offset), encoding);
    if (count > units) break;
    units -= count;
    offset = next;
  }
  while (offset < line.size() && units > 0) {
    const auto lead = static_cast<unsigned char>(line[offset]);
    const size_t width = encoding == PositionEncoding::utf16 && lead >= 0xF0 ? 2 : 1;
    if (width > units) break;  // in the middle of a surrogate pair
    units -= width;
    ++offset;
    while (offset < line.size() && utf8::is_continuation(line[offset])) ++offset;
  }
  return offset;
}

}  // namespace

const char* name_of(PositionEncoding encoding) {
  constexpr const char* names[] = {"utf-8", "utf-16", "utf-32"};
  return names[static_cast<int>(encoding)];
}

void LineIndex::reset(std::string_view text) {
  starts_.assign(1, 0);
  find_beginnings(text, 1, text.size(), starts_);
}

/// A beginning depends on the two bytes around it, so those at the edges of the edit are decided anew: a CR and an LF
/// may have come together, or have been parted.
void LineIndex::replace(std::string_view text, uint32_t begin, uint32_t old_size, uint32_t new_size) {
  const auto first = std::lower_bound(starts_.begin() + 1, starts_.end(), begin);
  const auto last = std::upper_bound(first, starts_.end(), begin + old_size);
  const uint32_t shift = new_size - old_size;  // modulo 2^32, like the additions below
  for (auto start = last; start != starts_.end(); ++start) *start += shift;

  std::vector<uint32_t> found;
  find_beginnings(text, std::max(begin, 1u), std::min<size_t>(begin + new_size, text.size()), found);
  const auto at = starts_.erase(first, last);
  starts_.insert(at, found.begin(), found.end());
}

uint32_t LineIndex::line_of(uint32_t offset) const {
  return static_cast<uint32_t>(std::upper_bound(starts_.begin(), starts_.end(), offset) - starts_.begin()) - 1;
}

uint32_t LineIndex::line_end(std::string_view text, uint32_t line) const {
  if (line + 1 == starts_.size()) return static_cast<uint32_t>(text.size());
  const uint32_t next = starts_[line + 1];
  return next - (text[next - 1] == '\n' && next - 1 > starts_[line] && text[next - 2] == '\r' ? 2 : 1);
}

uint32_t LineIndex::offset_of(std::string_view text, Position position, PositionEncoding encoding) const {
  if (position.line >= num_lines()) return static_cast<uint32_t>(text.size());
  const uint32_t begin = line_begin(position.line);
  const std::string_view line = text.substr(begin, line_end(text, position.line) - begin);
  return begin + static_cast<uint32_t>(advance(line, position.character, encoding));
}

Position LineIndex::position_of(std::string_view text, uint32_t offset, PositionEncoding encoding) const {
  offset = static_cast<uint32_t>(round_down(text, std::min<size_t>(offset, text.size())));
  const uint32_t line = line_of(offset);
  const uint32_t begin = line_begin(line);
  const uint32_t end = std::min(offset, line_end(text, line));
  return {line, static_cast<uint32_t>(count_units(text.substr(begin, end - begin), encoding))};
}

}  // namespace lacuna::server
