/// Tokenizer: byte-level BPE, as GGUF vocabularies of the `gpt2` model describe it, or SentencePiece's BPE, as those of
/// the `llama` model do.
///
/// For the first, text is split by the model's pre-tokenizer (qwen2, smollm, gpt-2, llama-3, deepseek-coder:
/// hand-written scanners, no regular-expression engine), and each piece is merged by rank. Immutable after loading; any
/// thread may use it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/request.h"
#include "support/result.h"

namespace lacuna::engine {

namespace gguf {
class File;
}

/// The tokens of fill-in-the-middle and of the repository format; -1 where the model has none.
struct FimTokens {
  TokenId prefix = -1;
  TokenId suffix = -1;
  TokenId middle = -1;
  TokenId pad = -1;
  TokenId repository = -1;
  TokenId file_separator = -1;
  bool available() const { return prefix >= 0 && suffix >= 0 && middle >= 0; }
};

class Tokenizer {
 public:
  /// Errors: unsupported (tokenizer model or pre-tokenizer), corrupt (any contradiction in the vocabulary).
  /// The tokenizer keeps views into the file, which must outlive it.
  static Result<std::unique_ptr<const Tokenizer>> load(const gguf::File& file);
  virtual ~Tokenizer() = default;

  /// Any bytes give tokens; invalid UTF-8 is kept byte for byte. With `parse_special`, the texts of control tokens
  /// (`<|fim_prefix|>`) become those tokens; source text must be encoded without it.
  virtual std::vector<TokenId> encode(std::string_view text, bool parse_special = false) const = 0;
  /// decode(encode(x)) == x for any bytes that the vocabulary has. Qwen's and most have all 256; SmolLM2's lacks 21
  /// that text never holds (six control characters and bytes that UTF-8 does not use): encode() leaves those out, as
  /// its reference does.
  virtual std::string decode(std::span<const TokenId> tokens) const = 0;
  /// The bytes of one token; of a control token, its name. Aborts outside [0, size()).
  virtual std::string_view piece(TokenId token) const = 0;
  virtual bool is_control(TokenId token) const = 0;
  /// By its piece; nothing if no token is exactly these bytes.
  virtual std::optional<TokenId> find(std::string_view piece) const = 0;
  virtual int size() const = 0;
  /// The lengths in bytes of the pieces that encode(text) merges one by one: tokens never cross their ends. Their sum
  /// is the text's length. What a cut leaves behind it is split as if it were the whole text. See IncrementalEncoder.
  virtual std::vector<uint32_t> split(std::string_view text) const = 0;
  /// A cut of split() depends on nothing further behind it than the run of white space there and so many bytes more.
  virtual size_t split_margin() const = 0;

  virtual const FimTokens& fim() const = 0;
  virtual std::optional<TokenId> bos() const = 0;           ///< only where the model wants it in front of a prompt
  virtual std::span<const TokenId> end_tokens() const = 0;  ///< end of text, of turn, and every FIM token
};

}  // namespace lacuna::engine
