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

/// The first bytes of `text`, at most 8, as a number: equal for texts of one length up to 8 if and only if they are.
inline uint64_t first_bytes(std::string_view text) {
  const auto load = [&text]<class T>(T, size_t at) {
    T value;
    std::memcpy(&value, text.data() + at, sizeof value);
    return uint64_t{value};
  };
  const size_t size = text.size();
  if (size >= 8) return load(uint64_t{}, 0);
  // Two loads that overlap in the middle cover any length without a loop.
  if (size >= 4) return load(uint32_t{}, 0) | load(uint32_t{}, size - 4) << 32;
  if (size >= 2) return load(uint16_t{}, 0) | load(uint16_t{}, size - 2) << 32;
  return size == 1 ? load(uint8_t{}, 0) : 0;
}

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
    for (; text.size() > 8; text.remove_prefix(8)) state = fold(state ^ first_bytes(text), factor_);
    return fold(fold(state ^ first_bytes(text), factor_) ^ key_, factor_);
  }

 private:
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
