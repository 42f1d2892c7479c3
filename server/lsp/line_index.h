/// LineIndex: where the lines of a text begin, kept up to date edit by edit, and positions in the three encodings of
/// LSP.
///
/// Lines end with LF, CRLF or a lone CR, as LSP has it; U+2028 and the like end nothing. Offsets are bytes of UTF-8
/// text, which must be valid. Any position is accepted: beyond the line's end it means that end, beyond the last line
/// the end of the text, and within a character its beginning.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "server/lsp/protocol.h"

namespace lacuna::server {

enum class PositionEncoding { utf8, utf16, utf32 };

/// "utf-8", as LSP spells it.
const char* name_of(PositionEncoding encoding);

class LineIndex {
 public:
  LineIndex() = default;
  explicit LineIndex(std::string_view text) { reset(text); }

  void reset(std::string_view text);
  /// `text` is the new text, in which [begin, begin + new_size) replaced old_size bytes. Costs the new lines plus a
  /// shift of the later ones.
  void replace(std::string_view text, uint32_t begin, uint32_t old_size, uint32_t new_size);

  uint32_t num_lines() const { return static_cast<uint32_t>(starts_.size()); }
  uint32_t line_of(uint32_t offset) const;
  uint32_t line_begin(uint32_t line) const { return starts_[line]; }
  /// The end of the line's content, before its line end.
  uint32_t line_end(std::string_view text, uint32_t line) const;

  uint32_t offset_of(std::string_view text, Position position, PositionEncoding encoding) const;
  /// An offset inside a line end counts as the end of the line's content.
  Position position_of(std::string_view text, uint32_t offset, PositionEncoding encoding) const;

  friend bool operator==(const LineIndex&, const LineIndex&) = default;

 private:
  std::vector<uint32_t> starts_{0};
};

}  // namespace lacuna::server
