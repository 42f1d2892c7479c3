#include "syntax/repair_title.h"

#include <fmt/format.h>

#include <algorithm>

#include "support/utf8.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr size_t longest_quoted = 32;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// In back quotes, on one line, and cut where it is long.
std::string quoted(std::string_view text) {
  std::string shown(trimmed(text));
  std::replace(shown.begin(), shown.end(), '\n', ' ');
  if (shown.size() > longest_quoted) {
    shown.resize(utf8::complete_prefix(std::string_view(shown).substr(0, longest_quoted - 3)));
    shown += "...";
  }
  return fmt::format("`{}`", shown);
}

/// The word or mark that ends at `offset`, on the same line; empty if the line begins there.
std::string_view token_before(std::string_view text, uint32_t offset) {
  uint32_t end = offset;
  while (end > 0 && is_blank(text[end - 1])) end--;
  uint32_t begin = end;
  while (begin > 0 && is_word(text[begin - 1])) begin--;
  if (begin == end && end > 0 && text[end - 1] != '\n') begin--;
  return text.substr(begin, end - begin);
}

std::string_view token_after(std::string_view text, uint32_t offset) {
  uint32_t begin = offset;
  while (begin < text.size() && is_blank(text[begin])) begin++;
  uint32_t end = begin;
  while (end < text.size() && is_word(text[end])) end++;
  if (begin == end && end < text.size() && text[end] != '\n') end++;
  return text.substr(begin, end - begin);
}

/// The whole word around an insertion point inside of it, widened over the change.
ByteRange word_around(std::string_view text, ByteRange range) {
  while (range.begin > 0 && is_word(text[range.begin - 1])) range.begin--;
  while (range.end < text.size() && is_word(text[range.end])) range.end++;
  return range;
}

std::string insertion_title(std::string_view text, const TextChange& change) {
  uint32_t at = change.range.begin;
  bool splits = at > 0 && at < text.size() && is_word(text[at - 1]) && is_word(text[at]);
  if (splits) {
    ByteRange word = word_around(text, change.range);
    std::string_view old = slice(text, word);
    uint32_t left = at - word.begin;
    return fmt::format("Change {} to {}", quoted(old),
                       quoted(fmt::format("{}{}{}", old.substr(0, left), change.text, old.substr(left))));
  }
  std::string what = quoted(change.text);
  if (std::string_view before = token_before(text, at); !before.empty())
    return fmt::format("Insert {} after {}", what, quoted(before));
  if (change.text.starts_with('\n')) return fmt::format("Insert {} on a new line", what);
  if (std::string_view after = token_after(text, at); !after.empty())
    return fmt::format("Insert {} before {}", what, quoted(after));
  return fmt::format("Insert {}", what);
}

std::string one_title(std::string_view text, const TextChange& change) {
  std::string_view old = slice(text, change.range);
  bool old_blank = trimmed(old).empty();
  bool new_blank = trimmed(change.text).empty();
  if (old_blank && new_blank) return change.text.size() > old.size() ? "Indent this line" : "Unindent this line";
  if (old_blank) return insertion_title(text, {{change.range.end, change.range.end}, change.text});
  if (new_blank)
    return fmt::format("Remove {}{}", old.find('\n') == std::string_view::npos ? "" : "the line ", quoted(old));
  return fmt::format("Change {} to {}", quoted(old), quoted(change.text));
}

}  // namespace

std::string repair_title(std::string_view text, const std::vector<TextChange>& changes, uint32_t shown_line) {
  std::string title;
  for (const TextChange& change : changes) {
    std::string part = one_title(text, change);
    uint32_t line = line_number(text, change.range.begin);
    if (line != shown_line) part += fmt::format(" on line {}", line + 1);
    if (!title.empty()) {
      title += ", ";
      part[0] = static_cast<char>(part[0] - 'A' + 'a');
    }
    title += part;
    if (title.size() > 160 && &change != &changes.back()) return title + ", and more";
  }
  return title;
}

}  // namespace lacuna::syntax
