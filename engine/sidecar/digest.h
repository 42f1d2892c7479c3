/// A fast 64-bit digest for finding damage, at the speed of memory. Not a cryptographic one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace lacuna::engine {

/// After wyhash (Wang Yi, 2019): both halves of 128-bit products, in four chains that do not wait for one another.
inline uint64_t digest_of(std::span<const std::byte> bytes, uint64_t seed = 0) {
  constexpr uint64_t kKeys[4] = {0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3};
  const auto load = [](const std::byte* from) {
    uint64_t value;
    std::memcpy(&value, from, sizeof value);
    return value;
  };
  const auto fold = [](uint64_t a, uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  uint64_t chain[4];
  for (int i = 0; i < 4; ++i) chain[i] = seed ^ kKeys[i];
  const std::byte* at = bytes.data();
  size_t left = bytes.size();
  const auto take = [&](const std::byte* block) {
    for (int i = 0; i < 4; ++i) {
      chain[i] = fold(load(block + 16 * i) ^ kKeys[i], load(block + 16 * i + 8) ^ chain[i]);
    }
  };
  for (; left >= 64; left -= 64, at += 64) take(at);
  std::byte last[64] = {};
  if (left > 0) std::memcpy(last, at, left);
  take(last);
  return fold(fold(chain[0] ^ kKeys[1], chain[1] ^ bytes.size()), fold(chain[2] ^ kKeys[3], chain[3] ^ kKeys[0]));
}

inline uint64_t digest_of(std::string_view text, uint64_t seed = 0) {
  return digest_of(std::as_bytes(std::span(text)), seed);
}

}  // namespace lacuna::engine
