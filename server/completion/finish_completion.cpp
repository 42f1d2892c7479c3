#include "server/completion/finish_completion.h"

#include <algorithm>
#include <utility>

#include "server/completion/text_hygiene.h"
#include "syntax/trim.h"

namespace lacuna::server {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool is_blank(std::string_view text) { return text.find_first_not_of(kBlanks) == std::string_view::npos; }

/// Without a tree: the first line with something on it, unless the text after the cursor begins with the same.
syntax::Trimmed trim_line(std::string_view text, uint32_t offset, std::string_view generated) {
  syntax::Trimmed trimmed;
  trimmed.reason = "nothing generated";
  const size_t begin = generated.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return trimmed;
  const size_t end = std::min(generated.find_first_of("\r\n", begin), generated.size());
  const std::string_view line = generated.substr(0, end);
  std::string_view after = text.substr(offset);
  after.remove_prefix(std::min(after.find_first_not_of(kBlanks), after.size()));
  trimmed.reason = "repeats the next line";
  if (after.starts_with(generated.substr(begin, end - begin))) return trimmed;
  trimmed.text = line;
  trimmed.remainder = generated.substr(end);
  return trimmed;
}

/// The first `max_lines` lines, without the end of the last.
std::string_view first_lines(std::string_view text, int max_lines) {
  size_t end = 0;
  for (int line = 0; line < max_lines; ++line) {
    const size_t newline = text.find('\n', end);
    if (newline == std::string_view::npos) return text;
    end = newline + 1;
  }
  text = text.substr(0, end - 1);
  return text.ends_with('\r') ? text.substr(0, text.size() - 1) : text;
}

}  // namespace

Suggestion finish_completion(const Snapshot& snapshot, uint32_t offset,
                             const std::optional<syntax::CompletionContext>& context, std::string generated,
                             int max_lines) {
  Suggestion suggestion;
  suggestion.generated = clean_prefix(generated, *snapshot.text);
  std::string_view usable = suggestion.generated;
  if (!context || !context->in_empty_block) usable = first_lines(usable, max_lines);
  const syntax::Trimmed trimmed = context
                                      ? syntax::trim_completion(*snapshot.tree, *snapshot.text, offset, *context, usable)
                                      : trim_line(*snapshot.text, offset, usable);
  if (is_blank(trimmed.text)) {
    suggestion.silence = trimmed.reason ? trimmed.reason : "nothing generated";
    return suggestion;
  }
  suggestion.shown = trimmed.text;
  suggestion.generated = trimmed.text + trimmed.remainder;  // trimming may have dropped an indentation that was there
  suggestion.replace_after = trimmed.replace_after;
  return suggestion;
}

}  // namespace lacuna::server
