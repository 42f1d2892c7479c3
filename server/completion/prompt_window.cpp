#include "server/completion/prompt_window.h"

#include <algorithm>
#include <optional>
#include <string>

#include "server/completion/text_hygiene.h"
#include "support/utf8.h"

namespace lacuna::server {

namespace {

using Tokens = std::vector<engine::TokenId>;

/// Source code has 3 to 4 bytes a token; a window of this many bytes a token of the budget hardly ever falls short of
/// it.
constexpr size_t kBytesPerToken = 6;

size_t next_line(std::string_view text, size_t offset) {
  const size_t newline = text.find('\n', offset);
  return newline == std::string_view::npos ? text.size() : newline + 1;
}

/// A number that depends on two lines alone, so that it survives edits elsewhere.
uint32_t hash_lines(std::string_view text, size_t begin) {
  const std::string_view lines = text.substr(begin, next_line(text, next_line(text, begin)) - begin);
  uint32_t hash = 2166136261u;  // FNV-1a
  for (const char byte : lines) hash = (hash ^ static_cast<unsigned char>(byte)) * 16777619u;
  return hash;
}

/// Where a window of `text` that may not begin before `earliest` begins. Of the lines that start in its first third the
/// one with the least hash, which is the same line until it falls out or a lesser one comes in: every dozen lines or
/// so. Where no line starts there, the window begins inside the one long line.
size_t window_begin(std::string_view text, size_t earliest) {
  if (earliest == 0) return 0;
  const size_t limit = earliest + (text.size() - earliest) / 3;
  size_t best = text.size();
  uint32_t best_hash = 0;
  for (size_t line = text[earliest - 1] == '\n' ? earliest : next_line(text, earliest); line < limit;
       line = next_line(text, line)) {
    const uint32_t hash = hash_lines(text, line);
    if (best == text.size() || hash < best_hash) {
      best = line;
      best_hash = hash;
    }
  }
  if (best < text.size()) return best;
  while (earliest < text.size() && utf8::is_continuation(text[earliest])) ++earliest;
  return earliest;
}

/// The end of a window of at most `limit` bytes: after the last whole line in its second half, else anywhere between
/// characters.
size_t window_end(std::string_view text, size_t limit) {
  if (limit >= text.size()) return text.size();
  const size_t newline = limit == 0 ? std::string_view::npos : text.rfind('\n', limit - 1);
  if (newline != std::string_view::npos && newline + 1 >= limit / 2) return newline + 1;
  while (limit > 0 && utf8::is_continuation(text[limit])) --limit;
  return limit;
}

size_t bytes_of(const engine::Tokenizer& tokenizer, Tokens::const_iterator begin, Tokens::const_iterator end) {
  size_t bytes = 0;
  for (; begin != end; ++begin) bytes += tokenizer.piece(*begin).size();
  return bytes;
}

}  // namespace

Tokens tokens_before(engine::IncrementalEncoder& encoder, std::string_view text, uint32_t end, int budget) {
  if (budget <= 0) return {};
  const size_t reach = static_cast<size_t>(budget) * kBytesPerToken;
  const size_t earliest = end > reach ? end - reach : 0;
  const size_t begin = window_begin(text.substr(0, end), earliest);
  const std::string window = with_line_ends(text.substr(begin, end - begin), "\n");

  Tokens tokens = encoder.encode(window);
  if (tokens.size() <= static_cast<size_t>(budget)) return tokens;
  const auto first_kept = tokens.end() - budget;
  const std::string_view rest =
      std::string_view(window).substr(window_begin(window, bytes_of(encoder.tokenizer(), tokens.begin(), first_kept)));
  tokens = encoder.encode(rest);
  // Cutting inside a line can split a token into several.
  if (tokens.size() > static_cast<size_t>(budget)) tokens.erase(tokens.begin(), tokens.end() - budget);
  return tokens;
}

Tokens tokens_after(engine::IncrementalEncoder& encoder, std::string_view text, uint32_t begin, int budget) {
  if (budget <= 0) return {};
  const std::string_view after = text.substr(begin);
  const size_t reach = static_cast<size_t>(budget) * kBytesPerToken;
  const std::string window = with_line_ends(after.substr(0, window_end(after, reach)), "\n");

  Tokens tokens = encoder.encode(window);
  if (tokens.size() <= static_cast<size_t>(budget)) return tokens;
  const size_t fitting = bytes_of(encoder.tokenizer(), tokens.begin(), tokens.begin() + budget);
  tokens = encoder.encode(std::string_view(window).substr(0, window_end(window, fitting)));
  if (tokens.size() > static_cast<size_t>(budget)) tokens.resize(static_cast<size_t>(budget));
  return tokens;
}

}  // namespace lacuna::server
