// The regular expressions that these scanners stand for, alternatives in order of preference, the leftmost match first:
//
//   gpt2            's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//   smollm          every \p{N} alone; what lies between them as gpt2, each stretch as if it were the whole text
//   qwen2           (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|
//                   \s+(?!\S)|\s+
//   llama3          as qwen2 with \p{N}{1,3}
//   deepseek_coder  five cuts one after the other, each inside the pieces of the last: [\r\n], then \s?\p{L}+, then
//                   \s?\p{P}+, then runs of CJK, then every \p{N} alone
//
// Every character of any text is matched by some alternative, so the matches are the pieces.
#include "engine/tokenizer/pre_tokenizer.h"

#include <algorithm>
#include <utility>

#include "engine/tokenizer/unicode_class.h"
#include "support/check.h"
#include "support/utf8.h"

namespace lacuna::engine {
namespace {

struct Character {
  char32_t code_point;
  uint32_t length;  ///< 0 at the end of the text
  CharClass kind;
};

Character character_at(std::string_view text, size_t at) {
  if (at >= text.size()) return {0, 0, CharClass::other};
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return {byte, 1, char_class(byte)};
  const utf8::Decoded decoded = utf8::decode(text, at);
  return {decoded.code_point, decoded.length, decoded.valid ? char_class(decoded.code_point) : CharClass::other};
}

bool is_newline(char32_t c) {
  return c == '\r' || c == '\n';
}
bool is_letter(const Character& c) {
  return c.kind == CharClass::letter;
}
bool is_number(const Character& c) {
  return c.kind == CharClass::number;
}
bool is_punctuation(const Character& c) {
  return c.kind == CharClass::punctuation;
}
bool is_space(const Character& c) {
  return c.kind == CharClass::space;
}
/// [^\s\p{L}\p{N}]
bool is_symbol(const Character& c) {
  return c.kind == CharClass::other || c.kind == CharClass::punctuation;
}
/// [一-龥ࠀ-一가-퟿] of deepseek-coder.
bool is_cjk(const Character& c) {
  return (c.code_point >= 0x800 && c.code_point <= 0x9FA5) || (c.code_point >= 0xAC00 && c.code_point <= 0xD7FF);
}

/// The end of the run of characters from `at` for which `belongs` holds, at most `most` of them.
template <class Predicate>
size_t run_end(std::string_view text, size_t at, Predicate belongs, size_t most = SIZE_MAX) {
  for (size_t n = 0; n < most; ++n) {
    const Character c = character_at(text, at);
    if (c.length == 0 || !belongs(c)) break;
    at += c.length;
  }
  return at;
}

size_t skip_one(std::string_view text, size_t at, char c) {
  return at < text.size() && text[at] == c ? at + 1 : at;
}

/// The end of a contraction ('s, 't, 're, 've, 'm, 'll, 'd) that begins at `at`, or `at`.
size_t contraction_end(std::string_view text, size_t at, bool ignore_case) {
  if (at >= text.size() || text[at] != '\'') return at;
  const std::string_view rest = text.substr(at + 1, 2);
  // The one letter beyond ASCII that the regular expression's case folding takes for one of these: U+017F, a long s.
  if (ignore_case && rest == "\u017F") return at + 3;
  const auto letter = [&](size_t i) {
    if (i >= rest.size()) return '\0';
    const char c = rest[i];
    return ignore_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  };
  const char first = letter(0);
  const char second = letter(1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
  const bool two =
      (first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l');
  return two ? at + 3 : at;
}

/// \s+(?!\S)|\s+ : a run of space leaves its last character to the word that follows, unless it has only that one.
size_t space_end(std::string_view text, size_t at) {
  size_t end = at;
  size_t last = at;
  for (Character c = character_at(text, end); c.length != 0 && is_space(c); c = character_at(text, end)) {
    last = end;
    end += c.length;
  }
  return end == text.size() || last == at ? end : last;
}

/// \s*[\r\n]+ : up to the last line break in the run of space; `at` if there is none.
size_t line_breaks_end(std::string_view text, size_t at) {
  size_t end = at;
  for (size_t i = at;;) {
    const Character c = character_at(text, i);
    if (c.length == 0 || !is_space(c)) return end;
    i += c.length;
    if (is_newline(c.code_point)) end = i;
  }
}

size_t gpt2_piece_end(std::string_view text, size_t at) {
  if (const size_t end = contraction_end(text, at, false); end != at) return end;
  const size_t start = skip_one(text, at, ' ');
  if (const size_t end = run_end(text, start, is_letter); end != start) return end;
  if (const size_t end = run_end(text, start, is_number); end != start) return end;
  if (const size_t end = run_end(text, start, is_symbol); end != start) return end;
  return space_end(text, at);
}

size_t qwen2_piece_end(std::string_view text, size_t at, size_t longest_number) {
  if (const size_t end = contraction_end(text, at, true); end != at) return end;
  const Character first = character_at(text, at);
  const bool may_lead = !is_letter(first) && !is_number(first) && !is_newline(first.code_point);
  const size_t word = may_lead ? at + first.length : at;
  if (const size_t end = run_end(text, word, is_letter); end != word) return end;
  if (const size_t end = run_end(text, at, is_number, longest_number); end != at) return end;
  const size_t start = skip_one(text, at, ' ');
  if (const size_t end = run_end(text, start, is_symbol); end != start) {
    return run_end(text, end, [](const Character& c) { return is_newline(c.code_point); });
  }
  if (const size_t end = line_breaks_end(text, at); end != at) return end;
  return space_end(text, at);
}

/// Appends the pieces of `text`, each as long as `piece_end(text, at)` says.
template <class PieceEnd>
void cut(std::string_view text, std::vector<uint32_t>& lengths, PieceEnd piece_end) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = piece_end(text, at);
    LACUNA_CHECK(end > at);
    lengths.push_back(static_cast<uint32_t>(end - at));
    at = end;
  }
}

/// Appends the pieces of `text` where each match stands alone and so does what lies between two matches.
/// `match_end(text, at)` is the end of the match that begins at `at`, or `at`.
template <class MatchEnd>
void isolate(std::string_view text, std::vector<uint32_t>& lengths, MatchEnd match_end) {
  size_t start = 0;  // of the stretch without a match
  for (size_t at = 0; at < text.size();) {
    const size_t end = match_end(text, at);
    if (end == at) {
      at += character_at(text, at).length;
      continue;
    }
    if (at > start) lengths.push_back(static_cast<uint32_t>(at - start));
    lengths.push_back(static_cast<uint32_t>(end - at));
    at = start = end;
  }
  if (text.size() > start) lengths.push_back(static_cast<uint32_t>(text.size() - start));
}

/// isolate() inside each of the pieces of `text`.
template <class MatchEnd>
void isolate_again(std::string_view text, std::vector<uint32_t>& lengths, MatchEnd match_end) {
  std::vector<uint32_t> finer;
  finer.reserve(lengths.size());
  size_t at = 0;
  for (const uint32_t length : lengths) {
    isolate(text.substr(at, length), finer, match_end);
    at += length;
  }
  lengths.swap(finer);
}

size_t one_number_end(std::string_view text, size_t at) {
  return run_end(text, at, is_number, 1);
}

void split_smollm(std::string_view text, std::vector<uint32_t>& lengths) {
  std::vector<uint32_t> stretches;
  isolate(text, stretches, one_number_end);
  size_t at = 0;
  for (const uint32_t length : stretches) {
    cut(text.substr(at, length), lengths, gpt2_piece_end);
    at += length;
  }
}

/// \s?X+ for the class of characters X.
template <class Predicate>
auto led_by_space(Predicate belongs) {
  return [belongs](std::string_view text, size_t at) {
    const size_t start = run_end(text, at, is_space, 1);
    const size_t end = run_end(text, start, belongs);
    return end == start ? at : end;
  };
}

void split_deepseek_coder(std::string_view text, std::vector<uint32_t>& lengths) {
  std::vector<uint32_t> pieces;
  isolate(text, pieces,
          [](std::string_view t, size_t at) { return is_newline(static_cast<unsigned char>(t[at])) ? at + 1 : at; });
  isolate_again(text, pieces, led_by_space(is_letter));
  isolate_again(text, pieces, led_by_space(is_punctuation));
  isolate_again(text, pieces, [](std::string_view t, size_t at) { return run_end(t, at, is_cjk); });
  isolate_again(text, pieces, one_number_end);
  lengths.insert(lengths.end(), pieces.begin(), pieces.end());
}

}  // namespace

std::optional<PreTokenizer> find_pre_tokenizer(std::string_view name) {
  static constexpr std::pair<std::string_view, PreTokenizer> names[] = {
      {"default", PreTokenizer::gpt2},
      {"gpt-2", PreTokenizer::gpt2},
      {"gpt2", PreTokenizer::gpt2},
      {"mellum", PreTokenizer::gpt2},
      {"smollm", PreTokenizer::smollm},
      {"starcoder", PreTokenizer::smollm},
      {"refact", PreTokenizer::smollm},
      {"qwen2", PreTokenizer::qwen2},
      {"deepseek-r1-qwen", PreTokenizer::qwen2},
      {"llama-bpe", PreTokenizer::llama3},
      {"llama3", PreTokenizer::llama3},
      {"llama-v3", PreTokenizer::llama3},
      {"deepseek-coder", PreTokenizer::deepseek_coder},
  };
  for (const auto& [known, kind] : names) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

void split_pieces(PreTokenizer kind, std::string_view text, std::vector<uint32_t>& lengths) {
  LACUNA_CHECK(text.size() <= UINT32_MAX);
  switch (kind) {
    case PreTokenizer::gpt2:
      return cut(text, lengths, gpt2_piece_end);
    case PreTokenizer::smollm:
      return split_smollm(text, lengths);
    case PreTokenizer::qwen2:
      return cut(text, lengths, [](std::string_view t, size_t at) { return qwen2_piece_end(t, at, 1); });
    case PreTokenizer::llama3:
      return cut(text, lengths, [](std::string_view t, size_t at) { return qwen2_piece_end(t, at, 3); });
    case PreTokenizer::deepseek_coder:
      return split_deepseek_coder(text, lengths);
  }
}

}  // namespace lacuna::engine
