#include "syntax/mended_text.h"

#include "syntax/text_hunks.h"

namespace lacuna::syntax {

void MendedText::mend(const std::vector<TextChange>& changes) {
  text_ = syntax::apply(text_, changes);
  std::vector<Edit> edits = edits_of(changes);
  edits_.insert(edits_.end(), edits.begin(), edits.end());
}

std::vector<TextChange> MendedText::all_changes() const {
  std::vector<TextChange> changes;
  for (const Hunk& hunk : hunks_of(edits_, real_size_, text_.size())) {
    changes.push_back({hunk.old_range, text_.substr(hunk.new_range.begin, hunk.new_range.size())});
  }
  return changes;
}

std::optional<ByteRange> MendedText::real(ByteRange range) const {
  for (auto edit = edits_.rbegin(); edit != edits_.rend(); ++edit) {
    if (range.end < edit->begin) continue;
    if (range.begin <= edit->new_end && range.end >= edit->begin) return std::nullopt;
    range.begin = range.begin - edit->new_end + edit->old_end;
    range.end = range.end - edit->new_end + edit->old_end;
  }
  return range;
}

std::optional<std::vector<TextChange>> MendedText::real(const std::vector<TextChange>& changes) const {
  std::vector<TextChange> moved;
  for (const TextChange& change : changes) {
    std::optional<ByteRange> range = real(change.range);
    if (!range) return std::nullopt;
    moved.push_back({*range, change.text});
  }
  return moved;
}

std::vector<Edit> edits_of(const std::vector<TextChange>& changes) {
  std::vector<Edit> edits;
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    edits.push_back(
        {change->range.begin, change->range.end, change->range.begin + static_cast<uint32_t>(change->text.size())});
  }
  return edits;
}

Result<SyntaxTree> reparse_with(const SyntaxTree& tree, std::string_view text, const std::vector<TextChange>& changes,
                                const ParseOptions& options) {
  return tree.reparse(edits_of(changes), text, syntax::apply(text, changes), options);
}

}  // namespace lacuna::syntax
