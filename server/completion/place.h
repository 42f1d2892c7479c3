/// Place: a cursor in a version of a text, recognised in later versions.
///
/// Immutable value of bounded size: the sizes of the text's two sides and their nearest few thousand bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lacuna::server {

class Place {
 public:
  Place(std::string_view text, uint32_t offset);

  struct Typed {
    std::string_view text;  ///< what was inserted at the place, up to the cursor; a view of the new text
    bool closers_inserted;  ///< the editor put closing brackets or quotes behind the cursor
    uint32_t overtyped;     ///< bytes of closers that stood behind the place and end `text` now: they were typed over
  };
  /// What was typed, if `text` is this place's text with something inserted and the cursor at its end, give or take
  /// closers behind it. Nothing otherwise.
  std::optional<Typed> typed_since(std::string_view text, uint32_t offset) const;

 private:
  std::optional<Typed> typed_over(std::string_view typed, std::string_view after) const;

  size_t before_bytes_;
  size_t after_bytes_;
  std::string before_;
  std::string after_;
};

}  // namespace lacuna::server
