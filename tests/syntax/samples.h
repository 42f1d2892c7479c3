/// A small program in each language of the table, without an error.
#pragma once

#include <span>
#include <string_view>

namespace lacuna::syntax {

struct Sample {
  std::string_view language;
  std::string_view text;
};

std::span<const Sample> samples();

}  // namespace lacuna::syntax
