#include "engine/tokenizer/sentence_piece_tokenizer.h"

#include <algorithm>
#include <queue>
#include <utility>

#include "support/check.h"
#include "support/utf8.h"

namespace lacuna::engine {
namespace {

constexpr std::string_view scores_key = "tokenizer.ggml.scores";
constexpr char32_t space_character = 0x2581;

Result<std::vector<float>> read_scores(const gguf::File& file, const Vocabulary& vocabulary) {
  LACUNA_ASSIGN_OR_RETURN(const gguf::FloatArray values, file.floats(scores_key));
  if (values.size() != static_cast<size_t>(vocabulary.size())) {
    return Error::format(ErrorCode::corrupt, "metadata key '{}' has {} elements, expected {}", scores_key,
                         values.size(), vocabulary.size());
  }
  std::vector<float> scores;
  scores.reserve(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    // Also where it is NaN: no order could be made of it.
    if (!(values[i] >= -1e30 && values[i] <= 1e30)) {
      return Error::format(ErrorCode::corrupt, "metadata key '{}' gives token {} the score {}", scores_key, i,
                           values[i]);
    }
    scores.push_back(static_cast<float>(values[i]));
  }
  return scores;
}

/// A character that tokens of text can hold: neither a byte that is no UTF-8 nor the one that stands for the space.
bool is_plain(const utf8::Decoded& c) {
  return c.valid && c.code_point != space_character;
}

char32_t as_in_vocabulary(char32_t c) {
  return c == ' ' ? space_character : c;
}

}  // namespace

Result<std::unique_ptr<const Tokenizer>> SentencePieceTokenizer::load(const gguf::File& file) {
  LACUNA_ASSIGN_OR_RETURN(Vocabulary vocabulary, Vocabulary::load(file, TextForm::sentence_piece));
  LACUNA_ASSIGN_OR_RETURN(std::vector<float> scores, read_scores(file, vocabulary));
  LACUNA_ASSIGN_OR_RETURN(MarkedTokens marked, find_marked_tokens(file, vocabulary, true));
  return std::unique_ptr<const Tokenizer>(
      std::make_unique<SentencePieceTokenizer>(std::move(vocabulary), std::move(scores), std::move(marked)));
}

SentencePieceTokenizer::SentencePieceTokenizer(Vocabulary vocabulary, std::vector<float> scores, MarkedTokens marked)
    : vocabulary_(std::move(vocabulary)), scores_(std::move(scores)), marked_(std::move(marked)) {
  for (TokenId id = 0; id < vocabulary_.size(); ++id) {
    const TokenKind kind = vocabulary_.kind(id);
    const std::string_view piece = vocabulary_.piece(id);
    if (piece.empty()) continue;
    if (kind == TokenKind::user_defined) user_defined_.add(piece, id);
    if (kind == TokenKind::user_defined || kind == TokenKind::control) all_special_.add(piece, id);
    add_pairs_of(id);
  }
  user_defined_.build();
  all_special_.build();
}

void SentencePieceTokenizer::add_pairs_of(TokenId id) {
  const TokenKind kind = vocabulary_.kind(id);
  if (kind != TokenKind::normal && kind != TokenKind::user_defined) return;
  const std::string_view text = vocabulary_.text(id);
  utf8::Decoded left = utf8::decode(text, 0);
  for (size_t at = left.length; at < text.size();) {
    const utf8::Decoded right = utf8::decode(text, at);
    pairs_.insert(left.code_point, right.code_point);
    at += right.length;
    left = right;
  }
}

TokenId SentencePieceTokenizer::text_token(std::string_view text) const {
  const TokenId id = vocabulary_.find_text(text);
  if (id < 0) return -1;
  const TokenKind kind = vocabulary_.kind(id);
  return kind == TokenKind::normal || kind == TokenKind::user_defined ? id : -1;
}

size_t SentencePieceTokenizer::first_piece(std::string_view text) const {
  utf8::Decoded left = utf8::decode(text, 0);
  size_t end = left.length;
  while (is_plain(left) && end < text.size()) {
    const utf8::Decoded right = utf8::decode(text, end);
    if (!is_plain(right) || !pairs_.contains(as_in_vocabulary(left.code_point), as_in_vocabulary(right.code_point))) {
      break;
    }
    end += right.length;
    left = right;
  }
  return end;
}

std::vector<TokenId> SentencePieceTokenizer::encode(std::string_view text, bool parse_special) const {
  std::vector<TokenId> tokens;
  const auto encode_stretch = [&](std::string_view stretch) {
    while (!stretch.empty()) {
      const size_t length = first_piece(stretch);
      encode_piece(stretch.substr(0, length), tokens);
      stretch.remove_prefix(length);
    }
  };
  const SpecialTokens& special = parse_special ? all_special_ : user_defined_;
  special.walk(text, encode_stretch, [&](const SpecialTokens::Match& match) { tokens.push_back(match.token); });
  return tokens;
}

std::vector<uint32_t> SentencePieceTokenizer::split(std::string_view text) const {
  std::vector<uint32_t> lengths;
  const auto split_stretch = [&](std::string_view stretch) {
    while (!stretch.empty()) {
      lengths.push_back(static_cast<uint32_t>(first_piece(stretch)));
      stretch.remove_prefix(lengths.back());
    }
  };
  user_defined_.walk(text, split_stretch, [&](const SpecialTokens::Match& match) {
    lengths.push_back(static_cast<uint32_t>(match.length));
  });
  return lengths;
}

/// The merging of one piece. A part is named by where its text begins; one that was joined to its left neighbour is
/// empty. O(n log n) whatever the text.
class SentencePieceTokenizer::Piece {
 public:
  Piece(const SentencePieceTokenizer& tokenizer, std::string_view piece) : tokenizer_(tokenizer) {
    for (size_t at = 0; at < piece.size();) {
      const size_t length = utf8::decode(piece, at).length;
      const bool space = piece[at] == ' ';
      const auto begin = static_cast<uint32_t>(text_.size());
      text_ += space ? space_mark : piece.substr(at, length);
      parts_.push_back({begin, static_cast<uint32_t>(text_.size()) - begin});
      at += length;
    }
    const auto count = static_cast<uint32_t>(parts_.size());
    for (uint32_t i = 0; i < count; ++i) {
      parts_[i].previous = i - 1;
      parts_[i].next = i + 1;
    }
    for (uint32_t i = 0; i + 1 < count; ++i) propose(i);
  }

  void merge_all() {
    while (!candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      const Part& left = parts_[best.left];
      // The pair is still there if nothing that it was made of has changed.
      if (left.length == 0 || left.next >= parts_.size()) continue;
      if (left.length + parts_[left.next].length == best.length) join(best.left);
    }
  }

  /// Calls on_part(text) from left to right.
  void for_each(auto on_part) const {
    for (const Part& part : parts_) {
      if (part.length > 0) on_part(text_of(part));
    }
  }

 private:
  struct Part {
    uint32_t begin, length;
    uint32_t previous = 0, next = 0;
  };
  struct Candidate {
    float score;
    uint32_t left;
    uint32_t length;
    bool operator<(const Candidate& other) const {
      return score != other.score ? score < other.score : left > other.left;
    }
  };

  std::string_view text_of(const Part& part) const { return std::string_view(text_).substr(part.begin, part.length); }

  void propose(uint32_t left) {
    const uint32_t right = parts_[left].next;
    if (right >= parts_.size()) return;
    const uint32_t length = parts_[left].length + parts_[right].length;
    const TokenId token = tokenizer_.text_token(std::string_view(text_).substr(parts_[left].begin, length));
    if (token >= 0) candidates_.push({tokenizer_.scores_[static_cast<size_t>(token)], left, length});
  }

  void join(uint32_t left) {
    Part& part = parts_[left];
    Part& right = parts_[part.next];
    part.length += std::exchange(right.length, 0);
    part.next = right.next;
    if (part.next < parts_.size()) parts_[part.next].previous = left;
    propose(left);
    if (left > 0) propose(part.previous);
  }

  const SentencePieceTokenizer& tokenizer_;
  std::string text_;  // as in the vocabulary
  std::vector<Part> parts_;
  std::priority_queue<Candidate> candidates_;
};

void SentencePieceTokenizer::encode_piece(std::string_view piece, std::vector<TokenId>& out) const {
  if (!is_plain(utf8::decode(piece, 0))) return encode_bytes(piece, out);
  Piece parts(*this, piece);
  parts.merge_all();
  parts.for_each([&](std::string_view part) {
    const TokenId token = text_token(part);
    if (token >= 0) return out.push_back(token);
    encode_bytes(part == space_mark ? " " : part, out);
  });
}

void SentencePieceTokenizer::encode_bytes(std::string_view bytes, std::vector<TokenId>& out) const {
  for (const char c : bytes) {
    const TokenId token = vocabulary_.byte_token(static_cast<uint8_t>(c));
    if (token >= 0) out.push_back(token);
  }
}

std::string SentencePieceTokenizer::decode(std::span<const TokenId> tokens) const {
  std::string text;
  for (const TokenId token : tokens) text += piece(token);
  return text;
}

std::string_view SentencePieceTokenizer::piece(TokenId token) const {
  LACUNA_CHECK(vocabulary_.contains(token));
  return vocabulary_.piece(token);
}

bool SentencePieceTokenizer::is_control(TokenId token) const {
  LACUNA_CHECK(vocabulary_.contains(token));
  return vocabulary_.is_control(token);
}

std::optional<TokenId> SentencePieceTokenizer::find(std::string_view piece) const {
  std::string text;
  for (const char c : piece) {
    if (c == ' ')
      text += space_mark;
    else
      text += c;
  }
  for (const std::string_view wanted : {std::string_view(text), piece}) {
    const TokenId id = vocabulary_.find_text(wanted);
    if (id >= 0 && vocabulary_.piece(id) == piece) return id;
  }
  if (piece.size() != 1) return std::nullopt;
  const TokenId byte = vocabulary_.byte_token(static_cast<uint8_t>(piece[0]));
  return byte >= 0 ? std::optional(byte) : std::nullopt;
}

}  // namespace lacuna::engine
