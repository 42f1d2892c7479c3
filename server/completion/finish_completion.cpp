#include "server/completion/finish_completion.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "server/completion/stop_constraint.h"
#include "server/completion/text_hygiene.h"
#include "syntax/trim.h"

namespace lacuna::server {

namespace {

constexpr int kStalls = 8;  // on a busy machine a parse may take so much longer than its budget
constexpr std::string_view kBlanks = " \t\r\n";

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

/// Syntax errors of the document with the suggestion in it; as many as can be where that cannot be told in time.
int errors_with(const Snapshot& snapshot, uint32_t offset, const Suggestion& suggestion,
                std::chrono::milliseconds budget) {
  const std::string& old_text = *snapshot.text;
  const uint32_t old_end = offset + suggestion.replace_after;
  const std::string text = old_text.substr(0, offset) + suggestion.shown + old_text.substr(old_end);
  const syntax::Edit edit{offset, old_end, offset + static_cast<uint32_t>(suggestion.shown.size())};
  const auto tree = snapshot.tree->reparse({&edit, 1}, old_text, text, {.budget = kStalls * budget});
  return tree.ok() ? tree->num_errors() : std::numeric_limits<int>::max();
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
                             const std::optional<syntax::CompletionContext>& context, const std::string& generated,
                             const FinishOptions& options) {
  Suggestion suggestion;
  suggestion.generated = clean_prefix(generated, *snapshot.text);
  if (repeats_itself(suggestion.generated)) {
    suggestion.silence = "the model repeats itself";
    return suggestion;
  }
  std::string_view usable = suggestion.generated;
  if (!context || !context->in_empty_block) usable = first_lines(usable, options.max_lines);
  const syntax::Trimmed trimmed =
      context ? syntax::trim_completion(*snapshot.tree, *snapshot.text, offset, *context, usable, options.budget)
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

std::vector<Suggestion> finish_drafts(const Snapshot& snapshot, uint32_t offset,
                                      const std::optional<syntax::CompletionContext>& context,
                                      const std::vector<Draft>& drafts, const FinishOptions& options) {
  struct Ranked {
    Suggestion suggestion;
    int errors;
    bool first;
    double log_probability;
    auto order() const { return std::tuple(errors, !first, -log_probability); }
  };
  std::vector<Suggestion> silent;
  std::vector<Ranked> ranked;
  for (const Draft& draft : drafts) {
    Suggestion suggestion = finish_completion(snapshot, offset, context, draft.generated, options);
    suggestion.certainty = draft.certainty;
    const bool known = std::any_of(ranked.begin(), ranked.end(),
                                   [&](const Ranked& other) { return other.suggestion.shown == suggestion.shown; });
    if (suggestion.shown.empty()) {
      silent.push_back(std::move(suggestion));
    } else if (!known) {
      const int errors = context && drafts.size() > 1 ? errors_with(snapshot, offset, suggestion, options.budget) : 0;
      ranked.push_back({std::move(suggestion), errors, &draft == &drafts.front(), draft.log_probability});
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const Ranked& a, const Ranked& b) { return a.order() < b.order(); });
  std::vector<Suggestion> finished;
  for (Ranked& one : ranked) finished.push_back(std::move(one.suggestion));
  if (finished.empty() && !silent.empty()) finished.push_back(std::move(silent.front()));
  return finished;
}

bool leaves_no_error(const Snapshot& snapshot, uint32_t offset, const std::optional<syntax::CompletionContext>& context,
                     const Draft& draft, const FinishOptions& options) {
  const Suggestion suggestion = finish_completion(snapshot, offset, context, draft.generated, options);
  if (suggestion.shown.empty()) return false;
  return !context || errors_with(snapshot, offset, suggestion, options.budget) == 0;
}

}  // namespace lacuna::server
