/// Vocabulary: the tokens of a model, by id and by text.
///
/// Texts stay where they lie in the model file; pieces (the bytes that a token stands for) are decoded once into one
/// block of memory. Immutable after loading.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gguf/gguf_file.h"
#include "engine/request.h"
#include "engine/tokenizer/keyed_hash.h"
#include "support/result.h"

namespace lacuna::engine {

/// The numbers are the file format's.
enum class TokenKind : uint8_t { normal = 1, unknown, control, user_defined, unused, byte };

/// How token texts stand for bytes.
enum class TextForm {
  byte_level,      ///< each byte is a printable character (byte_level.h)
  sentence_piece,  ///< as they are, with U+2581 for a space; bytes of their own are tokens "<0xNN>"
};

/// How texts of the sentence_piece form write a space.
inline constexpr std::string_view space_mark = "\u2581";
/// Appends `text` with a space for every space_mark.
void append_with_spaces(std::string_view text, std::string& out);

class Vocabulary {
 public:
  static constexpr uint64_t most_tokens = 1u << 20;
  static constexpr uint64_t longest_text = 64u << 10;
  static constexpr uint64_t longest_special = 256;  ///< of control and user-defined tokens, which are searched for

  /// From `tokenizer.ggml.tokens` and `tokenizer.ggml.token_type`. Errors: not_found, corrupt.
  static Result<Vocabulary> load(const gguf::File& file, TextForm form = TextForm::byte_level);

  int size() const { return static_cast<int>(texts_.size()); }
  bool contains(int64_t id) const { return id >= 0 && id < size(); }

  /// As in the file. Ids must be in [0, size()).
  std::string_view text(TokenId id) const { return texts_[static_cast<size_t>(id)]; }
  /// The bytes of a normal token, the text of any other.
  std::string_view piece(TokenId id) const {
    const size_t i = static_cast<size_t>(id);
    return std::string_view(pieces_).substr(piece_ends_[i], piece_ends_[i + 1] - piece_ends_[i]);
  }
  TokenKind kind(TokenId id) const { return kinds_[static_cast<size_t>(id)]; }
  /// Never part of source text: control, unknown and unused tokens.
  bool is_control(TokenId id) const {
    return kind(id) == TokenKind::control || kind(id) == TokenKind::unknown || kind(id) == TokenKind::unused;
  }
  void make_control(TokenId id) { kinds_[static_cast<size_t>(id)] = TokenKind::control; }

  /// By the text in the file; -1: none.
  TokenId find_text(std::string_view text) const;
  /// -1: the vocabulary cannot express this byte.
  TokenId byte_token(uint8_t byte) const { return byte_tokens_[byte]; }

 private:
  /// Texts of up to 8 bytes, most of them, are compared here, without a look at the text itself.
  struct Slot {
    uint64_t first_bytes = 0;
    uint32_t length = 0;
    TokenId id = -1;  ///< -1: the slot is free
  };

  Result<void> read_texts(const gguf::File& file);
  Result<void> read_kinds(const gguf::File& file);
  Result<void> check_length(TokenId id) const;
  Result<void> index_texts();
  /// The slot with this text, or the free one where it belongs.
  size_t slot_of(std::string_view text, uint64_t hash) const;
  Result<void> decode_pieces();
  bool append_piece(TokenId id);
  Result<void> find_byte_tokens();

  TextForm form_ = TextForm::byte_level;

  std::vector<std::string_view> texts_;
  std::vector<TokenKind> kinds_;
  std::string pieces_;
  std::vector<uint32_t> piece_ends_;  ///< [size() + 1], from 0
  std::vector<Slot> slots_;           ///< open addressing, a power of two, at most 3/4 full
  KeyedHash hash_;
  std::array<TokenId, 256> byte_tokens_{};
};

}  // namespace lacuna::engine
