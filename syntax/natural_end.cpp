#include "syntax/natural_end.h"

#include <algorithm>

#include "syntax/code_scan.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

std::string_view blanks_of(std::string_view line) {
  size_t size = 0;
  while (size < line.size() && is_blank(line[size])) size++;
  return line.substr(0, size);
}

uint32_t end_without_blanks(std::string_view text, uint32_t end) {
  while (end > 0 && is_space(text[end - 1])) end--;
  return end;
}

/// The end of a block's body: `end` is behind its last line with text on it.
NaturalEnd block_end(const Language& language, const CompletionContext& context, std::string_view generated) {
  CodeScan scan = scan_code(language, generated);
  uint32_t limit = static_cast<uint32_t>(generated.size());
  bool complete = false;
  uint32_t closed = 0;
  if (!scan.lone_closers.empty()) {
    limit = scan.lone_closers.front();
    closed = limit + 1;
    complete = true;
  }
  // Lines indented less than the body belong to what is around it.
  int body = context.line_blank_before ? width_of(context.indentation) : -1;
  int num_lines = 0;
  uint32_t begin = 0;
  for (const CodeScan::LineEnd& line_end : scan.line_ends) {
    if (begin >= limit) break;
    std::string_view line = generated.substr(begin, line_end.offset - begin);
    std::string_view blanks = blanks_of(line);
    bool first = begin == 0 && context.line_blank_before;
    bool has_text = blanks.size() < line.size();
    if (has_text && body < 0 && begin > 0) body = width_of(blanks);
    bool in_code = begin == 0 || generated[begin - 1] == '\n';
    if (has_text && !first && in_code && width_of(blanks) < body && !language.line_comment.empty() && num_lines > 0) {
      bool inside = false;  // of brackets or a long string that began in the body
      for (const CodeScan::LineEnd& before : scan.line_ends)
        if (before.offset + 1 == begin) inside = before.depth > 0 || before.kind != TextKind::code;
      if (!inside) {
        return {end_without_blanks(generated, begin), std::max(closed, end_without_blanks(generated, begin)), true};
      }
    }
    num_lines += has_text;
    if (num_lines >= max_block_lines && line_end.offset < generated.size()) {
      limit = std::min(limit, line_end.offset);
      complete = true;
      break;
    }
    begin = line_end.offset + 1;
  }
  uint32_t end = end_without_blanks(generated, limit);
  return {end, std::max(closed, end), complete};
}

/// The end of a line, or of the lines that its brackets need.
NaturalEnd line_end(const Language& language, std::string_view text, uint32_t offset, const CompletionContext& context,
                    std::string_view generated, const IsSound& is_sound) {
  auto size = static_cast<uint32_t>(generated.size());
  uint32_t before = offset - context.line.begin;
  bool plain = context.in_string || context.in_comment;
  std::string joined(text.substr(context.line.begin, before));
  joined += generated;
  CodeScan scan = scan_code(language, joined);
  int num_lines = 0;
  for (const CodeScan::LineEnd& mark : scan.line_ends) {
    if (mark.offset < before) continue;
    uint32_t end = mark.offset - before;
    if (end == size) break;
    if (end_without_blanks(generated, end) == 0 && context.line_blank_after) continue;
    num_lines++;
    bool one_line = plain || !context.line_blank_after || (mark.depth <= 0 && mark.kind == TextKind::code);
    if (one_line || num_lines >= max_open_lines || is_sound(end)) {
      end = end_without_blanks(generated, end);
      return {end, end, true};
    }
  }
  uint32_t end = end_without_blanks(generated, size);
  return {end, end, false};
}

}  // namespace

NaturalEnd natural_end(const Language& language, std::string_view text, uint32_t offset, const CompletionContext& context,
                       std::string_view generated, const IsSound& is_sound) {
  if (context.in_empty_block) return block_end(language, context, generated);
  return line_end(language, text, offset, context, generated, is_sound);
}

}  // namespace lacuna::syntax
