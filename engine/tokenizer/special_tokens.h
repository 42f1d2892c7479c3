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

  /// Bytes of the longest text; 0: there is none.
  size_t longest() const { return longest_; }

  /// The first match at or after `from`.
  Match find(std::string_view text, size_t from) const;

  /// Calls on_text(stretch) for what lies between matches and on_special(match) for each, in the order of the text.
  template <class OnText, class OnSpecial>
  void walk(std::string_view text, OnText on_text, OnSpecial on_special) const {
    for (size_t at = 0; at < text.size();) {
      const Match match = find(text, at);
      if (match.position > at) on_text(text.substr(at, match.position - at));
      if (match.token >= 0) on_special(match);
      at = match.position + match.length;
    }
  }

 private:
  Match longest_at(std::string_view text, size_t at) const;

  std::vector<std::pair<std::string_view, TokenId>> entries_;  ///< sorted by text
  std::array<bool, 256> may_begin_{};                          ///< by the first byte
  size_t longest_ = 0;
};

}  // namespace lacuna::engine
