/// The few Unicode properties that pre-tokenizers ask for.
#pragma once

#include <cstdint>

namespace lacuna::engine {

/// Every code point is in exactly one class; those of white space (White_Space=yes) are in no other.
enum class CharClass : uint8_t {
  other,        ///< symbols, marks, controls, unassigned; also what cannot be decoded
  letter,       ///< general category L
  number,       ///< general category N
  punctuation,  ///< general category P
  space,
};

/// Unicode 16.0, as in unicode_tables.inc. Values above U+10FFFF are `other`.
CharClass char_class(char32_t code_point);

}  // namespace lacuna::engine
