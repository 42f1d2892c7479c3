/// A fast hash with a secret key.
///
/// Vocabularies come from files that strangers made. With a key that is new in every process nobody can prepare texts
/// that fall into one slot and make loading quadratic. Only speed depends on the key, never a result.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>

namespace lacuna::engine {

class KeyedHash {
 public:
  KeyedHash() {
    std::random_device random;
    key_ = (uint64_t{random()} << 32) ^ random();
    factor_ = ((uint64_t{random()} << 32) ^ random()) | 1;
  }

  uint64_t operator()(uint64_t value) const { return fold(value ^ key_, factor_); }

  uint64_t operator()(std::string_view text) const {
    uint64_t state = key_ + text.size() * factor_;
    while (text.size() > 8) {
      state = fold(state ^ word(text, 8), factor_);
      text.remove_prefix(8);
    }
    return fold(fold(state ^ word(text, text.size()), factor_) ^ key_, factor_);
  }

 private:
  static uint64_t word(std::string_view text, size_t length) {
    uint64_t value = 0;
    std::memcpy(&value, text.data(), length);
    return value;
  }
  /// Both halves of the 128-bit product, so that every bit of `a` reaches every bit of the result.
  static uint64_t fold(uint64_t a, uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }

  uint64_t key_;
  uint64_t factor_;
};

}  // namespace lacuna::engine
