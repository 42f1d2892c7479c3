#include "server/completion/prompt_builder.h"

#include <algorithm>

#include "server/completion/prompt_window.h"
#include "server/completion/text_hygiene.h"
#include "support/check.h"

namespace lacuna::server {

namespace {

using Tokens = std::vector<engine::TokenId>;

constexpr size_t kLongestToken = 16;  // bytes a token that no source code reaches on average

void append(Tokens& tokens, const Tokens& more) {
  tokens.insert(tokens.end(), more.begin(), more.end());
}

std::string_view file_name(std::string_view path) {
  const size_t slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// `<|file_sep|>NAME\n`, for models that were trained on repositories.
void append_file_header(Tokens& tokens, const engine::Tokenizer& tokenizer, std::string_view path) {
  const std::string_view name = file_name(path);
  if (tokenizer.fim().file_separator < 0 || name.empty()) return;
  tokens.push_back(tokenizer.fim().file_separator);
  append(tokens, tokenizer.encode(std::string(name) + "\n"));
}

/// All that stands in front of the text before the cursor.
Tokens opening(const engine::Tokenizer& tokenizer, std::string_view path) {
  Tokens tokens;
  if (tokenizer.bos()) tokens.push_back(*tokenizer.bos());
  if (!tokenizer.fim().available()) return tokens;
  append_file_header(tokens, tokenizer, path);
  tokens.push_back(tokenizer.fim().prefix);
  return tokens;
}

/// Drops the tokens of `middle` that reach beyond its first `keep` bytes; returns their text. Does nothing where the
/// vocabulary lacks some of its bytes, as then tokens and text do not align.
std::string drop_healed(Tokens& tokens, const engine::Tokenizer& tokenizer, std::string_view middle, size_t keep) {
  if (tokenizer.decode(tokens) != middle) return {};
  size_t kept = middle.size();
  while (kept > keep) {
    kept -= tokenizer.piece(tokens.back()).size();
    tokens.pop_back();
  }
  return std::string(middle.substr(kept));
}

}  // namespace

Tokens prompt_beginning(const engine::Tokenizer& tokenizer, std::string_view text, std::string_view path,
                        const PromptBudget& budget) {
  const auto fits = static_cast<size_t>(std::max(0, budget.prefix_tokens));
  if (text.empty() || text.size() > fits * kLongestToken) return {};
  const Tokens prefix = tokenizer.encode(with_line_ends(text, "\n"));
  if (prefix.size() > fits) return {};
  Tokens tokens = opening(tokenizer, path);
  append(tokens, prefix);
  return tokens;
}

PromptFrame build_frame(TextEncoders& encoders, std::string_view text, std::string_view path, uint32_t anchor,
                        uint32_t resume, const PromptBudget& budget) {
  LACUNA_CHECK(anchor <= resume && resume <= text.size());
  const engine::Tokenizer& tokenizer = encoders.tokenizer();
  const engine::FimTokens& fim = tokenizer.fim();
  PromptFrame frame;
  frame.fill_in_middle = fim.available();
  frame.tokens = opening(tokenizer, path);
  const Tokens before = tokens_before(encoders.before, text, anchor, budget.prefix_tokens);
  frame.before = tokenizer.decode(before);
  append(frame.tokens, before);
  if (!frame.fill_in_middle) return frame;
  const Tokens after = tokens_after(encoders.after, text, resume, budget.suffix_tokens);
  frame.after = tokenizer.decode(after);
  frame.tokens.push_back(fim.suffix);
  append(frame.tokens, after);
  frame.tokens.push_back(fim.middle);
  return frame;
}

Prompt complete_frame(TextEncoders& encoders, const PromptFrame& frame, std::string_view middle, size_t healed_bytes) {
  const std::string written = with_line_ends(middle, "\n");
  Prompt prompt{.tokens = frame.tokens, .forced = {}, .fill_in_middle = frame.fill_in_middle};
  Tokens tokens = encoders.middle.encode(written);
  prompt.forced =
      drop_healed(tokens, encoders.tokenizer(), written, written.size() - std::min(written.size(), healed_bytes));
  append(prompt.tokens, tokens);
  return prompt;
}

Prompt build_prompt(const engine::Tokenizer& tokenizer, const PromptText& prompt, const PromptBudget& budget) {
  LACUNA_CHECK(prompt.anchor <= prompt.heal_from && prompt.heal_from <= prompt.cursor);
  LACUNA_CHECK(prompt.cursor <= prompt.text.size());
  TextEncoders encoders(tokenizer);
  const PromptFrame frame = build_frame(encoders, prompt.text, prompt.path, prompt.anchor, prompt.cursor, budget);
  const std::string_view healed = prompt.text.substr(prompt.heal_from, prompt.cursor - prompt.heal_from);
  return complete_frame(encoders, frame, prompt.text.substr(prompt.anchor, prompt.cursor - prompt.anchor),
                        with_line_ends(healed, "\n").size());
}

}  // namespace lacuna::server
