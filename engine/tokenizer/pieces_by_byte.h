/// PiecesByByte: a vocabulary's tokens by the first byte of their pieces.
///
/// It finds the few tokens that can begin a given text without looking at all the others.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/tokenizer/tokenizer.h"

namespace lacuna::engine {

class PiecesByByte {
 public:
  /// Control tokens are left out: they are no text. `tokenizer` must outlive this.
  explicit PiecesByByte(const Tokenizer& tokenizer);

  /// Adds the tokens whose pieces are a beginning of `text`, or begin with it, to `found`, ascending, until there are
  /// more than `most`. `text` is not empty.
  void find_beginnings(std::string_view text, size_t most, std::vector<TokenId>& found) const;

 private:
  const Tokenizer& tokenizer_;
  std::array<uint32_t, 257> begin_{};  // of each byte's tokens
  std::vector<TokenId> tokens_;
};

}  // namespace lacuna::engine
