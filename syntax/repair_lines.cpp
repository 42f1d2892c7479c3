#include <algorithm>
#include <set>

#include "syntax/repair_candidates.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr size_t lines_back = 3;
constexpr size_t lines_for_levels = 40;

ByteRange whole_line(std::string_view text, uint32_t offset) {
  ByteRange line = line_at(text, offset);
  size_t end = text.find('\n', line.end);
  return {line.begin, static_cast<uint32_t>(end == std::string_view::npos ? text.size() : end + 1)};
}

/// The indentations in use on the lines before `offset`.
std::set<std::string> levels_before(std::string_view text, uint32_t offset) {
  std::set<std::string> levels = {""};
  ByteRange line = line_at(text, offset);
  for (size_t i = 0; i < lines_for_levels; i++) {
    std::string_view content = slice(text, line);
    if (!without_trailing_blanks(content).empty()) levels.emplace(indentation_at(text, line.begin));
    if (line.begin == 0) break;
    line = line_at(text, line.begin - 1);
  }
  size_t end = text.find('\n', offset);
  if (end != std::string_view::npos) levels.emplace(indentation_at(text, static_cast<uint32_t>(end + 1)));
  return levels;
}

void reindent(RepairSearch& search, uint32_t offset) {
  std::string_view text = search.text();
  ByteRange line = line_at(text, offset);
  auto old_size = static_cast<uint32_t>(indentation_at(text, offset).size());
  std::string deeper = std::string(indentation_at(text, line.begin == 0 ? 0 : line.begin - 1)) + "    ";
  std::set<std::string> levels = levels_before(text, offset);
  levels.insert(deeper);
  for (const std::string& level : levels)
    if (level.size() != old_size) search.try_change(RepairKind::indent, {line.begin, line.begin + old_size}, level);
}

bool is_merge_mark(std::string_view line) {
  return line.starts_with("<<<<<<<") || line.starts_with("=======") || line.starts_with(">>>>>>>") ||
         line.starts_with("|||||||");
}

/// Takes all marks of the conflict around the failure out, keeping both sides or only the first.
void remove_merge_marks(RepairSearch& search) {
  std::string_view text = search.text();
  std::vector<TextChange> marks;
  ByteRange other_side{0, 0};
  size_t from = text.substr(0, line_at(text, search.failure().begin).end).rfind("<<<<<<<");
  if (from == std::string_view::npos) return;
  for (auto at = static_cast<uint32_t>(from); at < text.size() && marks.size() < 4;) {
    ByteRange line = whole_line(text, at);
    std::string_view content = slice(text, line);
    if (is_merge_mark(content)) marks.push_back({line, ""});
    if (content.starts_with("=======")) other_side.begin = line.begin;
    if (content.starts_with(">>>>>>>")) {
      other_side.end = line.end;
      break;
    }
    at = line.end;
  }
  if (other_side.end > other_side.begin && other_side.begin > 0) {
    search.try_changes(RepairKind::line, {marks.front(), {other_side, ""}});
  }
  if (!marks.empty()) search.try_changes(RepairKind::line, marks);
}

}  // namespace

void propose_lines(RepairSearch& search) {
  std::string_view text = search.text();
  uint32_t offset = search.failure().begin;
  remove_merge_marks(search);
  for (size_t i = 0; i <= lines_back && !search.out_of_time(); i++) {
    ByteRange line = line_at(text, offset);
    ByteRange whole = whole_line(text, offset);
    if (line.size() > 0) search.try_change(RepairKind::line, whole, "");
    if (search.language().indentation_blocks) reindent(search, offset);
    if (line.begin == 0) break;
    offset = line.begin - 1;
  }
}

}  // namespace lacuna::syntax
