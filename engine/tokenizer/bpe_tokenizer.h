/// BpeTokenizer: byte-level byte-pair encoding over a vocabulary and its merges.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/tokenizer/marked_tokens.h"
#include "engine/tokenizer/merges.h"
#include "engine/tokenizer/pre_tokenizer.h"
#include "engine/tokenizer/special_tokens.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/vocabulary.h"

namespace lacuna::engine {

class BpeTokenizer final : public Tokenizer {
 public:
  static Result<std::unique_ptr<const Tokenizer>> load(const gguf::File& file);
  BpeTokenizer(PreTokenizer pre_tokenizer, Vocabulary vocabulary, Merges merges, MarkedTokens marked);

  std::vector<TokenId> encode(std::string_view text, bool parse_special) const override;
  std::string decode(std::span<const TokenId> tokens) const override;
  std::string_view piece(TokenId token) const override;
  bool is_control(TokenId token) const override;
  std::optional<TokenId> find(std::string_view piece) const override;
  int size() const override { return vocabulary_.size(); }
  std::vector<uint32_t> split(std::string_view text) const override;
  size_t split_margin() const override { return kSplitMargin + user_defined_.longest(); }

  const FimTokens& fim() const override { return marked_.fim; }
  std::optional<TokenId> bos() const override { return marked_.bos; }
  std::span<const TokenId> end_tokens() const override { return marked_.ends; }

 private:
  void encode_piece(std::string_view piece, std::vector<TokenId>& out) const;
  /// The normal token that is exactly these bytes; -1: none.
  TokenId whole_token(std::string_view bytes) const;

  PreTokenizer pre_tokenizer_;
  bool whole_pieces_first_;  ///< a piece that is a token is not merged from its bytes: llama-3
  Vocabulary vocabulary_;
  Merges merges_;
  MarkedTokens marked_;
  SpecialTokens user_defined_;  ///< found in any text
  SpecialTokens all_special_;   ///< these and the control tokens
};

}  // namespace lacuna::engine
