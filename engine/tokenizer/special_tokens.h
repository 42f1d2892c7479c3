/// SpecialTokens: finds the texts of special tokens in other text, the leftmost first, of those at one place the
/// longest.
#pragma once

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/request.h"

namespace lacuna::engine {

class SpecialTokens {
 public:
  struct Match {
    size_t position;
    size_t length;
    TokenId token;  ///< -1: no match; `position` is then the text's end
  };

  /// Adds a text that stays alive and is not empty. Call build() after the last one.
  void add(std::string_view text, TokenId token) { entries_.emplace_back(text, token); }
  void build();

  /// The first match at or after `from`.
  Match find(std::string_view text, size_t from) const;

 private:
  Match longest_at(std::string_view text, size_t at) const;

  std::vector<std::pair<std::string_view, TokenId>> entries_;  ///< sorted by text
  std::array<bool, 256> may_begin_{};                          ///< by the first byte
};

}  // namespace lacuna::engine
