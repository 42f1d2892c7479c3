#include "server/completion/generation.h"

#include <algorithm>
#include <cmath>

#include "server/completion/text_hygiene.h"

namespace lacuna::server {

namespace {

/// The number of tokens up to and with the end of the first line that has something on it.
size_t first_line_tokens(const std::vector<WrittenToken>& tokens) {
  bool anything = false;
  for (size_t i = 0; i < tokens.size(); ++i) {
    for (const char byte : tokens[i].piece) {
      if (byte == '\n' && anything) return i + 1;
      anything = anything || std::string_view(" \t\r\n").find(byte) == std::string_view::npos;
    }
  }
  return tokens.size();
}

std::string joined(const std::vector<WrittenToken>& tokens, size_t begin, size_t end) {
  std::string text;
  for (size_t i = begin; i < end; ++i) text += tokens[i].piece;
  return text;
}

}  // namespace

std::string Generation::text() const {
  const std::string raw = joined(tokens, 0, tokens.size());
  return with_line_ends(std::string_view(raw).substr(std::min(forced, raw.size())), line_end);
}

bool Generation::healed() const {
  return joined(tokens, 0, tokens.size()).size() >= forced;
}

std::optional<size_t> Generation::typed(std::string_view document, uint32_t offset) const {
  const auto since = place.typed_since(document, offset);
  if (!since) return std::nullopt;
  const std::string written = text();
  const bool agrees = written.starts_with(since->text) || since->text.starts_with(written);
  return agrees ? std::optional(since->text.size()) : std::nullopt;
}

double Generation::line_log_probability() const {
  const size_t count = first_line_tokens(tokens);
  double sum = count == tokens.size() ? end_log_probability : 0;
  for (size_t i = 0; i < count; ++i) sum += tokens[i].log_probability;
  return sum;
}

double Generation::line_certainty() const {
  const size_t count = first_line_tokens(tokens);
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += tokens[i].log_probability;
  return count == 0 ? 1 : std::exp(sum / static_cast<double>(count));
}

std::vector<Branch> branches_of(const Generation& generation, size_t max_branches) {
  const float sure = std::log(0.7f);
  const std::vector<WrittenToken>& tokens = generation.tokens;
  const std::string written = joined(tokens, 0, tokens.size());
  const size_t forced = std::min(generation.forced, written.size());
  std::vector<size_t> begins = {0};
  for (const WrittenToken& token : tokens) begins.push_back(begins.back() + token.piece.size());
  std::vector<size_t> places;
  for (size_t i = 0; i < first_line_tokens(tokens); ++i) {
    // A token that ends within the forced text was no choice of the model's.
    if (begins[i + 1] > forced && tokens[i].log_probability < sure) places.push_back(i);
  }
  std::stable_sort(places.begin(), places.end(),
                   [&](size_t a, size_t b) { return tokens[a].log_probability < tokens[b].log_probability; });
  places.resize(std::min(places.size(), max_branches));
  std::vector<Branch> branches;
  for (const size_t place : places) {
    const size_t begin = begins[place];
    const size_t free = std::max(begin, forced);  // where the text begins that is the model's own
    branches.push_back({.kept = place,
                        .forced = written.substr(begin, free - begin),
                        .head = written.substr(forced, free - forced),
                        .avoided = written.substr(begin)});
  }
  return branches;
}

}  // namespace lacuna::server
