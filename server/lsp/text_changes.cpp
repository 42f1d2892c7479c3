#include "server/lsp/text_changes.h"

#include <algorithm>
#include <utility>

namespace lacuna::server {
namespace {

syntax::Edit apply_change(const ContentChange& change, PositionEncoding encoding, std::string& text, LineIndex& lines) {
  const Range& range = *change.range;
  uint32_t begin = lines.offset_of(text, range.start, encoding);
  uint32_t end = range.end == range.start ? begin : lines.offset_of(text, range.end, encoding);
  if (begin > end) std::swap(begin, end);
  const auto new_size = static_cast<uint32_t>(change.text.size());
  text.replace(begin, end - begin, change.text);
  lines.replace(text, begin, end - begin, new_size);
  return {begin, end, begin + new_size};
}

}  // namespace

Edits apply_changes(const std::vector<ContentChange>& changes, PositionEncoding encoding, std::string& text,
                    LineIndex& lines) {
  std::vector<syntax::Edit> edits;
  bool replaced = false;
  for (const ContentChange& change : changes) {
    if (change.range) {
      edits.push_back(apply_change(change, encoding, text, lines));
    } else {
      replaced = true;
      text = change.text;
      lines.reset(text);
    }
  }
  if (replaced) return std::nullopt;
  return edits;
}

}  // namespace lacuna::server
