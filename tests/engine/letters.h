/// A constraint for tests of decoding: simple, and most tokens of a random model break it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "engine/request.h"

namespace lacuna::engine {

/// Pieces must hold one of these letters; the text ends after so many bytes.
class Letters : public Constraint {
 public:
  explicit Letters(std::string letters, size_t longest = SIZE_MAX) : letters_(std::move(letters)), longest_(longest) {}
  bool accepts(std::string_view, std::string_view piece) override {
    return piece.find_first_of(letters_) != std::string_view::npos;
  }
  bool complete(std::string_view generated) override { return generated.size() >= longest_; }

 private:
  std::string letters_;
  size_t longest_;
};

}  // namespace lacuna::engine
