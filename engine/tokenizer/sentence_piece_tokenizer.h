/// SentencePieceTokenizer: byte-pair encoding over characters, as SentencePiece trains it (Kudo and Richardson 2018)
/// and GGUF calls it, `tokenizer.ggml.model` = `llama`. Gemma's and Mistral's.
///
/// There are no ranked merges: two neighbours may be joined if their joint text is a token, that of the best score
/// first. What no token covers is written in tokens of single bytes. Spaces are U+2581 in the vocabulary; that
/// character itself is written in bytes here, so that decoding gives back what was encoded. A space in front of the
/// whole text, which some models add (`add_space_prefix`), is not added: our texts are cut from the middle of files.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/marked_tokens.h"
#include "engine/tokenizer/pre_tokenizer.h"
#include "engine/tokenizer/special_tokens.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/vocabulary.h"

namespace lacuna::engine {

class SentencePieceTokenizer final : public Tokenizer {
 public:
  /// Errors: those of Tokenizer::load().
  static Result<std::unique_ptr<const Tokenizer>> load(const gguf::File& file);
  SentencePieceTokenizer(Vocabulary vocabulary, std::vector<float> scores, MarkedTokens marked);

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
  class Piece;

  /// Which two characters stand side by side in some token, as a hashed set that may say yes too often: where they do
  /// not, no token can cross, and the text may be cut there.
  class Pairs {
   public:
    Pairs() : bits_(size_t{1} << (kBits - 6)) {}
    void insert(char32_t left, char32_t right) { bits_[index(left, right) >> 6] |= bit(left, right); }
    bool contains(char32_t left, char32_t right) const {
      return (bits_[index(left, right) >> 6] & bit(left, right)) != 0;
    }

   private:
    static constexpr int kBits = 22;
    static uint64_t index(char32_t left, char32_t right) {
      return (((uint64_t{left} << 21) ^ right) * 0x9e3779b97f4a7c15ull) >> (64 - kBits);
    }
    static uint64_t bit(char32_t left, char32_t right) { return uint64_t{1} << (index(left, right) & 63); }
    std::vector<uint64_t> bits_;
  };

  /// The token whose text this is, if text may contain it; -1: none.
  TokenId text_token(std::string_view text) const;
  void add_pairs_of(TokenId id);
  /// The length of the first piece of a text that is not empty and holds no special token.
  size_t first_piece(std::string_view text) const;
  void encode_piece(std::string_view piece, std::vector<TokenId>& out) const;
  void encode_bytes(std::string_view bytes, std::vector<TokenId>& out) const;

  Vocabulary vocabulary_;
  std::vector<float> scores_;  ///< by token
  MarkedTokens marked_;
  Pairs pairs_;
  SpecialTokens user_defined_;  ///< found in any text
  SpecialTokens all_special_;   ///< these and the control tokens
};

}  // namespace lacuna::engine
