/// Where a completion ends by itself, as far as its own text tells: the rule that both the stop and the trim follow.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "syntax/completion_context.h"
#include "syntax/syntax_tree.h"

namespace lacuna::syntax {

struct NaturalEnd {
  uint32_t end = 0;  ///< the completion is generated[0, end)
  uint32_t closed_end =
      0;  ///< the same with the bracket that closes the enclosing block, where one was written; else `end`
  bool complete = false;  ///< more text would not change `end`
};

/// Says whether the text with generated[0, end) inserted is as sound as it can be; asked at line ends only.
using IsSound = std::function<bool(uint32_t end)>;

/// In an empty block: the whole block, up to the bracket or the dedent that ends it. Elsewhere: the line, or as many
/// lines as the brackets opened in it need while the text is not sound without them, up to `max_open_lines`.
NaturalEnd natural_end(const Language& language, std::string_view text, uint32_t offset,
                       const CompletionContext& context, std::string_view generated, const IsSound& is_sound);

constexpr int max_open_lines = 3;
constexpr int max_block_lines = 24;

}  // namespace lacuna::syntax
