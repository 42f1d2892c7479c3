#include <algorithm>

#include "syntax/repair.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr size_t shortest_macro = 4;

bool is_macro_name(std::string_view word) {
  const bool loud = std::all_of(word.begin(), word.end(), [](char c) { return is_word(c) && (c < 'a' || c > 'z'); });
  const bool reserved = word.starts_with("__") && std::all_of(word.begin(), word.end(), is_word);
  return word.size() >= shortest_macro && (loud || reserved);
}

}  // namespace

bool mends_macro_line(const Language& language, std::string_view text, const std::vector<TextChange>& changes) {
  if (language.id != "c" && language.id != "cpp") return false;
  return std::any_of(changes.begin(), changes.end(), [text](const TextChange& change) {
    if (change.range.size() != 0 || change.text != ";") return false;
    const ByteRange line = line_at(text, change.range.begin);
    std::string_view word = without_trailing_blanks(slice(text, line));
    word.remove_prefix(std::min(word.size(), indentation_at(text, line.begin).size()));
    return is_macro_name(word);
  });
}

}  // namespace lacuna::syntax
