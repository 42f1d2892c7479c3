#include "engine/tokenizer/unicode_class.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace lacuna::engine {
namespace {

// Runs of code points of one class, each as (first << 3) | class; a run ends where the next one begins.
constexpr uint32_t runs[] = {
#include "engine/tokenizer/unicode_tables.inc"
};

CharClass search(char32_t code_point) {
  const uint32_t above_all_of_this_start = (static_cast<uint32_t>(code_point) << 3) | 7;
  const auto after = std::upper_bound(std::begin(runs), std::end(runs), above_all_of_this_start);
  return static_cast<CharClass>(*std::prev(after) & 7);
}

const auto ascii_classes = [] {
  std::array<CharClass, 128> classes{};
  for (char32_t c = 0; c < classes.size(); ++c) classes[c] = search(c);
  return classes;
}();

}  // namespace

CharClass char_class(char32_t code_point) {
  if (code_point < ascii_classes.size()) return ascii_classes[code_point];
  return code_point <= 0x10FFFF ? search(code_point) : CharClass::other;
}

}  // namespace lacuna::engine
