#include "server/completion/anchor.h"

#include <algorithm>

#include "server/completion/text_hygiene.h"

namespace lacuna::server {

namespace {

constexpr size_t kMostMiddleBytes = 2400;  // further away no anchor is looked for: a new one is better then
constexpr size_t kMostClosers = 6;
constexpr std::string_view kClosers = ")]}>\"'`;,";

}  // namespace

uint32_t line_start_above(std::string_view text, uint32_t offset, int lines_above) {
  size_t begin = offset;
  for (int line = 0; line <= lines_above; ++line) {
    if (begin == 0) return 0;
    const size_t newline = text.rfind('\n', begin - 1);
    if (newline == std::string_view::npos) return 0;
    begin = line == lines_above ? newline + 1 : newline;
  }
  return static_cast<uint32_t>(begin);
}

uint32_t division_for(std::string_view text, uint32_t cursor, int lines_above) {
  for (; lines_above >= 0; --lines_above) {
    const uint32_t begin = line_start_above(text, cursor, lines_above);
    if (cursor - begin <= kMostMiddleBytes / 2) return begin;
  }
  return cursor;
}

uint32_t past_closers(std::string_view text, uint32_t cursor) {
  const std::string_view rest = text.substr(cursor, text.find_first_of("\r\n", cursor) - cursor);
  const bool only_closers = rest.size() <= kMostClosers && rest.find_first_not_of(kClosers) == std::string_view::npos;
  return only_closers ? cursor + static_cast<uint32_t>(rest.size()) : cursor;
}

Anchor::Anchor(TextEncoders& encoders, std::string_view text, std::string_view path, uint32_t begin, uint32_t resume,
               const PromptBudget& budget) {
  frame_ = build_frame(encoders, text, path, begin, resume, budget);
  const std::string_view line_end = line_end_of(text);
  before_ = with_line_ends(frame_.before, line_end);
  after_ = with_line_ends(frame_.after, line_end);
  from_beginning_ = before_.size() >= begin;
  to_end_ = frame_.fill_in_middle && after_.size() >= text.size() - resume;
}

bool Anchor::fits_after(std::string_view after) const {
  for (size_t closers = 0; closers <= kMostClosers; ++closers) {
    if (after.starts_with(after_) && (!to_end_ || after.size() == after_.size())) return true;
    if (after.empty() || kClosers.find(after.front()) == std::string_view::npos) return false;
    after.remove_prefix(1);
  }
  return false;
}

std::optional<uint32_t> Anchor::middle_begin(std::string_view text, uint32_t cursor) const {
  if (!fits_after(text.substr(cursor))) return std::nullopt;
  const size_t farthest = cursor - std::min<size_t>(cursor, kMostMiddleBytes);
  for (size_t begin = line_start_above(text, cursor, 0);;) {
    const bool fits = from_beginning_ ? text.substr(0, begin) == before_ : text.substr(0, begin).ends_with(before_);
    if (fits) return static_cast<uint32_t>(begin);
    if (begin == 0 || begin < farthest) return std::nullopt;
    begin = line_start_above(text, static_cast<uint32_t>(begin - 1), 0);
  }
}

}  // namespace lacuna::server
