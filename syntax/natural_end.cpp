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

/// The line ends in an operator: its statement goes on in the next one.
bool goes_on(std::string_view line) {
  line = line.substr(0, end_without_blanks(line, static_cast<uint32_t>(line.size())));
  return !line.empty() && std::string_view("+-*/%&|^=<.\\").find(line.back()) != std::string_view::npos;
}

/// The end of a block's body. The block is over at a bracket that closes it, or at a line indented less than its body.
NaturalEnd block_end(const Language& language, const CompletionContext& context, std::string_view generated) {
  const CodeScan scan = scan_code(language, generated);
  auto limit = static_cast<uint32_t>(generated.size());
  const bool closes = !scan.lone_closers.empty();
  const uint32_t closer = closes ? scan.lone_closers.front() : limit;
  limit = std::min(limit, closer);
  bool complete = closes;

  int body = context.line_blank_before ? width_of(context.indentation) : -1;
  int num_lines = 0;
  for (size_t i = 0; i < scan.line_ends.size(); i++) {
    const uint32_t begin = i == 0 ? 0 : scan.line_ends[i - 1].offset + 1;
    if (begin >= limit) break;
    std::string_view line = generated.substr(begin, scan.line_ends[i].offset - begin);
    std::string_view blanks = blanks_of(line);
    if (blanks.size() == line.size()) continue;
    if (i > 0 && body < 0) body = width_of(blanks);
    const bool continued = i > 0 && (scan.line_ends[i - 1].depth > 0 || scan.line_ends[i - 1].kind != TextKind::code);
    const bool dedented = i > 0 && !continued && width_of(blanks) < body;
    if (dedented || ++num_lines > max_block_lines) {
      limit = begin;
      complete = true;
      break;
    }
  }
  const uint32_t end = end_without_blanks(generated, limit);
  const bool closed_here = closes && end_without_blanks(generated, closer) == end;
  return {end, closed_here ? closer + 1 : end, complete};
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
    bool closed = mark.depth <= 0 && mark.kind != TextKind::string;
    bool finished = plain || !context.line_blank_after || (closed ? !goes_on(generated.substr(0, end)) : is_sound(end));
    if (finished || num_lines >= max_open_lines) {
      end = end_without_blanks(generated, end);
      return {end, end, true};
    }
  }
  uint32_t end = end_without_blanks(generated, size);
  return {end, end, false};
}

}  // namespace

NaturalEnd natural_end(const Language& language, std::string_view text, uint32_t offset,
                       const CompletionContext& context, std::string_view generated, const IsSound& is_sound) {
  if (context.in_empty_block) return block_end(language, context, generated);
  return line_end(language, text, offset, context, generated, is_sound);
}

}  // namespace lacuna::syntax
