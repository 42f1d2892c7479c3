#include "server/lsp/foresight.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace lacuna::server {
namespace {

constexpr int kMostUnanswered = 10;  // a burst of keys, and not a client that no longer asks
constexpr size_t kMostTyped = 16;    // bytes that are no blanks: more at once was pasted
constexpr std::array<std::string_view, 6> kPairs = {"()", "[]", "{}", "\"\"", "''", "``"};
constexpr std::string_view kBlanks = " \t\r\n";

/// The bytes of `inserted` before the cursor: editors put in a closer, or a line for it, along with what is typed.
size_t typed_bytes(std::string_view inserted) {
  if (std::find(kPairs.begin(), kPairs.end(), inserted) != kPairs.end()) return 1;
  const bool blank = inserted.find_first_not_of(kBlanks) == std::string_view::npos;
  const size_t last_line = inserted.rfind('\n');
  if (!blank || last_line == std::string_view::npos || inserted.find('\n') == last_line) return inserted.size();
  return last_line > 0 && inserted[last_line - 1] == '\r' ? last_line - 1 : last_line;
}

bool is_typed(std::string_view inserted, uint32_t replaced) {
  const auto is_blank = [](char byte) { return kBlanks.find(byte) != std::string_view::npos; };
  const auto blanks = static_cast<size_t>(std::count_if(inserted.begin(), inserted.end(), is_blank));
  const bool over_a_closer = replaced == 1 && inserted.size() == 1;
  return !inserted.empty() && (replaced == 0 || over_a_closer) && inserted.size() - blanks <= kMostTyped;
}

}  // namespace

void Foresight::asked(const std::string& uri, uint32_t offset) {
  cursors_[uri] = {offset, 0};
}

std::optional<uint32_t> Foresight::after(const Snapshot& snapshot, const Edits& edits) {
  const auto found = cursors_.find(snapshot.uri);
  if (found == cursors_.end()) return std::nullopt;
  Cursor& cursor = found->second;
  const bool at_cursor =
      edits && edits->size() == 1 && edits->front().begin <= cursor.offset && cursor.offset <= edits->front().old_end;
  if (!at_cursor || cursor.unanswered == kMostUnanswered) {
    cursors_.erase(found);
    return std::nullopt;
  }
  const syntax::Edit& edit = edits->front();
  const auto inserted = std::string_view(*snapshot.text).substr(edit.begin, edit.new_end - edit.begin);
  const uint32_t replaced = edit.old_end - edit.begin;
  cursor.offset = edit.begin + static_cast<uint32_t>(typed_bytes(inserted));
  ++cursor.unanswered;
  return is_typed(inserted, replaced) ? std::optional(cursor.offset) : std::nullopt;
}

}  // namespace lacuna::server
