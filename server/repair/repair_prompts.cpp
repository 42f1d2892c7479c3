#include "server/repair/repair_prompts.h"

#include <algorithm>
#include <string>

#include "server/completion/text_hygiene.h"
#include "support/utf8.h"

namespace lacuna::server {

namespace {

using Tokens = std::vector<engine::TokenId>;

constexpr size_t kContextBytes = 800;  // before the scored lines
constexpr size_t kBytesAfter = 80;     // scored behind the last change: what a wrong repair makes unlikely
constexpr size_t kLongestScored = 1000;

uint32_t line_begin(std::string_view text, size_t offset) {
  const size_t newline = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  return newline == std::string_view::npos ? 0 : static_cast<uint32_t>(newline + 1);
}

/// Behind the line's own end.
uint32_t line_end(std::string_view text, size_t offset) {
  const size_t newline = text.find('\n', offset);
  return static_cast<uint32_t>(newline == std::string_view::npos ? text.size() : newline + 1);
}

/// The whole lines from the first change of any repair to a little after the last one.
syntax::ByteRange scored_range(std::string_view text, std::span<const syntax::Repair> repairs) {
  uint32_t first = UINT32_MAX;
  uint32_t last = 0;
  for (const syntax::Repair& repair : repairs) {
    first = std::min(first, repair.changes.front().range.begin);
    last = std::max(last, repair.changes.back().range.end);
  }
  return {line_begin(text, first), line_end(text, std::min(text.size(), line_end(text, last) + kBytesAfter))};
}

/// Never empty: a first token has nothing to be likely after.
Tokens context_tokens(const engine::Tokenizer& tokenizer, std::string_view text, uint32_t end) {
  Tokens tokens;
  if (tokenizer.bos()) tokens.push_back(*tokenizer.bos());
  const uint32_t begin = end > kContextBytes ? line_begin(text, end - kContextBytes) : 0;
  // A line longer than the context is cut at a character.
  const std::string_view near = text.substr(begin, end - begin);
  const std::string_view context = near.substr(near.size() - std::min(near.size(), 2 * kContextBytes));
  const Tokens lines = tokenizer.encode(context.empty() ? "\n" : with_line_ends(utf8::sanitize(context), "\n"));
  tokens.insert(tokens.end(), lines.begin(), lines.end());
  return tokens;
}

}  // namespace

std::vector<ScoringPrompt> scoring_prompts(const engine::Tokenizer& tokenizer, std::string_view text,
                                           std::span<const syntax::Repair> repairs) {
  if (repairs.size() < 2) return {};
  const syntax::ByteRange range = scored_range(text, repairs);
  if (range.size() > kLongestScored) return {};
  const Tokens context = context_tokens(tokenizer, text, range.begin);
  std::vector<ScoringPrompt> prompts;
  for (const syntax::Repair& repair : repairs) {
    const std::string changed = syntax::apply(text.substr(0, range.end), repair.changes).substr(range.begin);
    const Tokens lines = tokenizer.encode(with_line_ends(changed, "\n"));
    ScoringPrompt prompt{context, static_cast<int>(lines.size())};
    prompt.tokens.insert(prompt.tokens.end(), lines.begin(), lines.end());
    prompts.push_back(std::move(prompt));
  }
  return prompts;
}

}  // namespace lacuna::server
