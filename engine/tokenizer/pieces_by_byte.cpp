#include "engine/tokenizer/pieces_by_byte.h"

#include "support/check.h"

namespace lacuna::engine {

namespace {

bool is_text(const Tokenizer& tokenizer, TokenId token) {
  return !tokenizer.is_control(token) && !tokenizer.piece(token).empty();
}

size_t first_byte(std::string_view text) {
  return static_cast<uint8_t>(text.front());
}

}  // namespace

PiecesByByte::PiecesByByte(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
  for (TokenId token = 0; token < tokenizer.size(); ++token) {
    if (is_text(tokenizer, token)) begin_[first_byte(tokenizer.piece(token)) + 1] += 1;
  }
  for (size_t byte = 1; byte < begin_.size(); ++byte) begin_[byte] += begin_[byte - 1];
  tokens_.resize(begin_.back());
  auto next = begin_;
  for (TokenId token = 0; token < tokenizer.size(); ++token) {
    if (is_text(tokenizer, token)) tokens_[next[first_byte(tokenizer.piece(token))]++] = token;
  }
}

void PiecesByByte::find_beginnings(std::string_view text, size_t most, std::vector<TokenId>& found) const {
  LACUNA_CHECK(!text.empty());
  const size_t byte = first_byte(text);
  for (uint32_t i = begin_[byte]; i < begin_[byte + 1] && found.size() <= most; ++i) {
    const std::string_view piece = tokenizer_.piece(tokens_[i]);
    if (piece.starts_with(text) || text.starts_with(piece)) found.push_back(tokens_[i]);
  }
}

}  // namespace lacuna::engine
