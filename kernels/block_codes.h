/// read_codes(): the integer codes of a file block, unsigned and in order; what dequantize() and the packers agree on.
///
/// A weight is scale * (code - offset) or scale * code + minimum; kCodeOffset<Block> is that offset. Q8_0 holds signed
/// codes and has none.
#pragma once

#include <cstdint>

#include "kernels/quant_blocks.h"

namespace lacuna::kernels {

template <class Block>
inline constexpr int kCodeOffset = 0;
template <>
inline constexpr int kCodeOffset<BlockQ4_0> = 8;
template <>
inline constexpr int kCodeOffset<BlockQ5_0> = 16;
template <>
inline constexpr int kCodeOffset<BlockQ6_K> = 32;

/// 16 bytes of nibbles: the low ones are codes 0 to 15, the high ones 16 to 31.
inline void read_nibbles(const uint8_t* qs, uint8_t* codes) {
  for (int i = 0; i < 16; ++i) {
    codes[i] = qs[i] & 15;
    codes[i + 16] = qs[i] >> 4;
  }
}

inline void add_fifth_bits(const uint8_t* qh, uint8_t* codes) {
  for (int i = 0; i < 32; ++i) codes[i] = static_cast<uint8_t>(codes[i] | (((qh[i / 8] >> (i % 8)) & 1) << 4));
}

inline void read_codes(const BlockQ4_0& block, uint8_t* codes) {
  read_nibbles(block.qs, codes);
}
inline void read_codes(const BlockQ4_1& block, uint8_t* codes) {
  read_nibbles(block.qs, codes);
}
inline void read_codes(const BlockQ5_0& block, uint8_t* codes) {
  read_nibbles(block.qs, codes);
  add_fifth_bits(block.qh, codes);
}
inline void read_codes(const BlockQ5_1& block, uint8_t* codes) {
  read_nibbles(block.qs, codes);
  add_fifth_bits(block.qh, codes);
}
inline void read_codes(const BlockQ8_0& block, uint8_t* codes) {
  for (int i = 0; i < 32; ++i) codes[i] = static_cast<uint8_t>(block.qs[i]);
}

/// Two sub-blocks of 32 share 32 bytes: low nibbles, then high ones.
inline void read_codes(const BlockQ4_K& block, uint8_t* codes) {
  for (int pair = 0; pair < 4; ++pair) {
    for (int i = 0; i < 32; ++i) {
      codes[64 * pair + i] = block.qs[32 * pair + i] & 15;
      codes[64 * pair + 32 + i] = block.qs[32 * pair + i] >> 4;
    }
  }
}

/// As Q4_K, with the fifth bit of sub-block j in bit j of qh.
inline void read_codes(const BlockQ5_K& block, uint8_t* codes) {
  for (int j = 0; j < 8; ++j) {
    for (int i = 0; i < 32; ++i) {
      const int low = (block.qs[32 * (j / 2) + i] >> (4 * (j % 2))) & 15;
      codes[32 * j + i] = static_cast<uint8_t>(low | (((block.qh[i] >> j) & 1) << 4));
    }
  }
}

/// Each half of 128 weights is four runs of 32; runs 0 and 2 share their low nibbles' bytes, as do 1 and 3.
inline void read_codes(const BlockQ6_K& block, uint8_t* codes) {
  for (int half = 0; half < 2; ++half) {
    for (int run = 0; run < 4; ++run) {
      const uint8_t* ql = block.ql + 64 * half + 32 * (run % 2);
      const uint8_t* qh = block.qh + 32 * half;
      for (int i = 0; i < 32; ++i) {
        const int low = (ql[i] >> (4 * (run / 2))) & 15;
        codes[128 * half + 32 * run + i] = static_cast<uint8_t>(low | (((qh[i] >> (2 * run)) & 3) << 4));
      }
    }
  }
}

}  // namespace lacuna::kernels
