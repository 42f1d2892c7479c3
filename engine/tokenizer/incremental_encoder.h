/// IncrementalEncoder: the tokens of a text that changes by edits, at the cost of the edit instead of the text.
///
/// A pre-tokenizer cuts a text from left to right and never looks back over a cut, so two texts that agree from a cut
/// of both onwards have the same pieces there, and pieces well in front of an edit stay. encode() keeps the last text
/// with its pieces, splits the new one again from the last cut that the edit cannot have moved, and stops where it
/// meets an old cut behind the edit. The result is that of Tokenizer::encode(), always. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/tokenizer.h"

namespace lacuna::engine {

class IncrementalEncoder {
 public:
  /// `tokenizer` outlives the encoder.
  explicit IncrementalEncoder(const Tokenizer& tokenizer) : tokenizer_(&tokenizer) {}

  /// tokenizer.encode(text), source text without control tokens. Valid until the next call.
  const std::vector<TokenId>& encode(std::string_view text);

  const Tokenizer& tokenizer() const { return *tokenizer_; }
  /// Bytes that the last call split and encoded again: for tests and measurements.
  size_t num_encoded_bytes() const { return num_encoded_bytes_; }
  /// Where each piece of the last text ends.
  const std::vector<uint32_t>& cuts() const { return cuts_; }

 private:
  /// A stretch of the new text that replaces one of the old: bytes, at cuts of both.
  struct Change {
    size_t begin = 0;
    size_t old_end = 0;
    size_t new_end = 0;
    std::vector<uint32_t> lengths{};  ///< of the new pieces
  };

  bool survives(std::string_view text, size_t cut, size_t edit) const;
  bool is_old_cut(size_t offset) const;
  size_t last_cut_before(std::string_view text, size_t edit) const;
  Change find_change(std::string_view text) const;
  void apply(std::string_view text, const Change& change);

  const Tokenizer* tokenizer_;
  std::string text_;
  std::vector<TokenId> tokens_;
  std::vector<uint32_t> cuts_;        ///< where each piece ends, in bytes
  std::vector<uint32_t> token_ends_;  ///< and in tokens
  size_t num_encoded_bytes_ = 0;
};

}  // namespace lacuna::engine
