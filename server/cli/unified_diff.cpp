/// Changes that touch the same lines are joined into one replacement of whole lines; equal lines at its ends are cut
/// off. Replacements closer than twice the context share a hunk.
#include "server/cli/unified_diff.h"

#include <fmt/format.h>

#include <algorithm>

namespace lacuna::server {
namespace {

constexpr size_t kContext = 3;

using Lines = std::vector<std::string_view>;  // each with its line end, if it has one

Lines split_lines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const size_t length = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

struct Replacement {
  size_t first = 0;  ///< index of the first old line
  size_t count = 0;  ///< old lines replaced
  std::string text;  ///< the new lines
};

bool ends_line(const Replacement& replacement) {
  return replacement.text.empty() || replacement.text.ends_with('\n');
}

class Differ {
 public:
  explicit Differ(std::string_view text) : text_(text), lines_(split_lines(text)) {
    size_t offset = 0;
    for (const std::string_view line : lines_) {
      starts_.push_back(offset);
      offset += line.size();
    }
    starts_.push_back(offset);
  }

  std::vector<Replacement> replacements(const std::vector<syntax::TextChange>& changes) const;
  std::string hunks(const std::vector<Replacement>& replacements) const;

 private:
  size_t line_of(size_t offset) const {
    const auto after = std::upper_bound(starts_.begin(), starts_.end() - 1, offset);
    return static_cast<size_t>(after - starts_.begin()) - (after == starts_.begin() ? 0 : 1);
  }
  void cut_equal_ends(Replacement& replacement) const;
  std::string hunk(std::span<const Replacement> replacements, std::ptrdiff_t line_shift) const;

  std::string_view text_;
  Lines lines_;
  std::vector<size_t> starts_;  ///< of each line, and the text's end
};

std::vector<Replacement> Differ::replacements(const std::vector<syntax::TextChange>& changes) const {
  std::vector<Replacement> result;
  for (size_t i = 0; i < changes.size();) {
    const size_t first = line_of(changes[i].range.begin);
    size_t last = line_of(changes[i].range.end);
    size_t copied = std::min(starts_[first], text_.size());
    Replacement replacement{first, 0, {}};
    for (; i < changes.size() && line_of(changes[i].range.begin) <= last; ++i) {
      replacement.text += text_.substr(copied, changes[i].range.begin - copied);
      replacement.text += changes[i].text;
      copied = changes[i].range.end;
      last = std::max(last, line_of(changes[i].range.end));
    }
    const size_t end_line = std::min(last + 1, lines_.size());
    replacement.text += text_.substr(copied, starts_[end_line] - copied);
    replacement.count = end_line - first;
    cut_equal_ends(replacement);
    if (replacement.count == 0 && replacement.text.empty()) continue;
    if (!result.empty() && result.back().first + result.back().count == replacement.first && ends_line(result.back())) {
      result.back().count += replacement.count;  // neighbours are shown as one: all old lines, then all new ones
      result.back().text += replacement.text;
    } else {
      result.push_back(std::move(replacement));
    }
  }
  return result;
}

void Differ::cut_equal_ends(Replacement& replacement) const {
  Lines added = split_lines(replacement.text);
  size_t front = 0;
  while (front < replacement.count && front < added.size() && added[front] == lines_[replacement.first + front])
    ++front;
  size_t back = 0;
  const size_t room = std::min(replacement.count, added.size()) - front;
  while (back < room && added[added.size() - 1 - back] == lines_[replacement.first + replacement.count - 1 - back])
    ++back;
  std::string kept;
  for (size_t i = front; i < added.size() - back; ++i) kept += added[i];
  replacement.first += front;
  replacement.count -= front + back;
  replacement.text = std::move(kept);
}

void append_line(std::string& out, char mark, std::string_view line) {
  out += mark;
  out += line;
  if (!line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
}

/// A side of a hunk's header. An empty side names the line before it.
std::string place(size_t first, size_t count) {
  const size_t shown = count == 0 ? first : first + 1;
  return count == 1 ? fmt::format("{}", shown) : fmt::format("{},{}", shown, count);
}

std::string Differ::hunk(std::span<const Replacement> replacements, std::ptrdiff_t line_shift) const {
  const size_t begin = replacements.front().first - std::min(replacements.front().first, kContext);
  const size_t end = std::min(lines_.size(), replacements.back().first + replacements.back().count + kContext);
  std::string body;
  size_t new_count = 0;
  size_t at = begin;
  const auto copy_until = [&](size_t stop) {
    for (; at < stop; ++at, ++new_count) append_line(body, ' ', lines_[at]);
  };
  for (const Replacement& replacement : replacements) {
    copy_until(replacement.first);
    for (; at < replacement.first + replacement.count; ++at) append_line(body, '-', lines_[at]);
    const Lines added = split_lines(replacement.text);
    for (const std::string_view line : added) append_line(body, '+', line);
    new_count += added.size();
  }
  copy_until(end);
  const auto new_begin = static_cast<size_t>(static_cast<std::ptrdiff_t>(begin) + line_shift);
  return fmt::format("@@ -{} +{} @@\n{}", place(begin, end - begin), place(new_begin, new_count), body);
}

std::string Differ::hunks(const std::vector<Replacement>& replacements) const {
  std::string result;
  std::ptrdiff_t shift = 0;
  for (size_t i = 0; i < replacements.size();) {
    size_t end = i + 1;
    const auto last_line = [&](size_t index) { return replacements[index].first + replacements[index].count; };
    while (end < replacements.size() && replacements[end].first <= last_line(end - 1) + 2 * kContext) ++end;
    result += hunk(std::span(replacements).subspan(i, end - i), shift);
    for (; i < end; ++i) {
      shift += static_cast<std::ptrdiff_t>(split_lines(replacements[i].text).size()) -
               static_cast<std::ptrdiff_t>(replacements[i].count);
    }
  }
  return result;
}

}  // namespace

std::string unified_diff(std::string_view path, std::string_view text, const std::vector<syntax::TextChange>& changes) {
  const Differ differ(text);
  const std::string hunks = differ.hunks(differ.replacements(changes));
  if (hunks.empty()) return {};
  while (path.starts_with('/')) path.remove_prefix(1);
  return fmt::format("--- a/{0}\n+++ b/{0}\n{1}", path, hunks);
}

std::string colored_diff(std::string_view diff) {
  std::string result;
  for (std::string_view line : split_lines(diff)) {
    const bool header = line.starts_with("--- ") || line.starts_with("+++ ");
    const char* color = header                   ? "\x1b[1m"
                        : line.starts_with('+')  ? "\x1b[32m"
                        : line.starts_with('-')  ? "\x1b[31m"
                        : line.starts_with("@@") ? "\x1b[36m"
                                                 : "";
    const bool ended = line.ends_with('\n');
    if (ended) line.remove_suffix(1);
    result += color;
    result += line;
    if (*color != 0) result += "\x1b[0m";
    if (ended) result += '\n';
  }
  return result;
}

}  // namespace lacuna::server
