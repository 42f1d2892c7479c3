/// TextChange: a replacement in a text.
#pragma once

#include <string>

#include "syntax/syntax_tree.h"

namespace lacuna::syntax {

struct TextChange {
  ByteRange range;
  std::string text;  ///< replaces the range
  friend bool operator==(const TextChange&, const TextChange&) = default;
};

}  // namespace lacuna::syntax
