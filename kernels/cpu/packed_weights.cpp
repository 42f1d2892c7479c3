#include "kernels/cpu/packed_weights.h"

#include <algorithm>
#include <cstring>

#include "kernels/block_codes.h"
#include "support/check.h"

namespace lacuna::kernels {
namespace {

constexpr size_t kScaleBytes = kGroupRows * sizeof(Half);
constexpr size_t kVectorBytes = 4 * kGroupRows;
constexpr size_t kNibbleBytes = 4 * kVectorBytes;

/// The codes of 32 inputs of 16 rows, as words of four inputs: [vector][row].
struct CodeWords {
  uint32_t word[8][kGroupRows];

  void set_row(int row, const uint8_t* codes) {
    for (int i = 0; i < 8; ++i) std::memcpy(&word[i][row], codes + 4 * i, 4);
  }
};

void put_words(const uint32_t (&words)[kGroupRows], std::byte*& out) {
  std::memcpy(out, words, sizeof(words));
  out += sizeof(words);
}

void put_nibbles(const CodeWords& codes, std::byte*& out) {
  for (int i = 0; i < 4; ++i) {
    uint32_t words[kGroupRows];
    for (int row = 0; row < kGroupRows; ++row) {
      words[row] = (codes.word[i][row] & 0x0F0F0F0F) | ((codes.word[i + 4][row] & 0x0F0F0F0F) << 4);
    }
    put_words(words, out);
  }
}

void put_fifth_bits(const CodeWords& codes, std::byte*& out) {
  uint32_t words[kGroupRows] = {};
  for (int i = 0; i < 8; ++i) {
    for (int row = 0; row < kGroupRows; ++row) words[row] |= ((codes.word[i][row] >> 4) & 0x01010101) << i;
  }
  put_words(words, out);
}

void put_upper_pairs(const CodeWords& codes, std::byte*& out) {
  for (int half = 0; half < 2; ++half) {
    uint32_t words[kGroupRows] = {};
    for (int i = 0; i < 4; ++i) {
      for (int row = 0; row < kGroupRows; ++row) {
        words[row] |= ((codes.word[4 * half + i][row] >> 4) & 0x03030303) << (2 * i);
      }
    }
    put_words(words, out);
  }
}

void put_bytes(const CodeWords& codes, std::byte*& out) {
  for (const auto& words : codes.word) put_words(words, out);
}

using PutCodes = void (*)(const CodeWords&, std::byte*&);

void put_5_bits(const CodeWords& codes, std::byte*& out) {
  put_nibbles(codes, out);
  put_fifth_bits(codes, out);
}

void put_6_bits(const CodeWords& codes, std::byte*& out) {
  put_nibbles(codes, out);
  put_upper_pairs(codes, out);
}

template <class T, size_t kCount>
void put(const T (&values)[kCount], std::byte*& out) {
  std::memcpy(out, values, sizeof(values));
  out += sizeof(values);
}

template <class Block>
Block read_block(const std::byte* row, int64_t index) {
  Block block;
  std::memcpy(&block, row + index * static_cast<int64_t>(sizeof(Block)), sizeof(Block));
  return block;
}

/// The rows of one group in the file; those past the matrix's end are left out, and their part of the group stays zero.
struct GroupRows {
  const std::byte* first;
  uint64_t row_bytes;
  int count;
  const std::byte* row(int i) const { return first + row_bytes * static_cast<uint64_t>(i); }
};

template <class Block, bool kHasMin>
void pack_32(const GroupRows& rows, int64_t cols, std::byte* out, PutCodes put_codes) {
  for (int64_t b = 0; b < cols / 32; ++b) {
    Half d[kGroupRows] = {};
    Half m[kGroupRows] = {};
    CodeWords codes{};
    for (int i = 0; i < rows.count; ++i) {
      const auto block = read_block<Block>(rows.row(i), b);
      d[i] = block.d;
      if constexpr (kHasMin) m[i] = block.m;
      uint8_t bytes[32];
      read_codes(block, bytes);
      codes.set_row(i, bytes);
    }
    put(d, out);
    if constexpr (kHasMin) put(m, out);
    put_codes(codes, out);
  }
}

/// Q4_K and Q5_K.
template <class Block>
void pack_k(const GroupRows& rows, int64_t cols, std::byte* out, PutCodes put_codes) {
  for (int64_t b = 0; b < cols / 256; ++b) {
    Half d[kGroupRows] = {};
    Half dmin[kGroupRows] = {};
    uint8_t scale[8][kGroupRows] = {};
    uint8_t min[8][kGroupRows] = {};
    CodeWords codes[8] = {};
    for (int i = 0; i < rows.count; ++i) {
      const auto block = read_block<Block>(rows.row(i), b);
      d[i] = block.d;
      dmin[i] = block.dmin;
      uint8_t bytes[256];
      read_codes(block, bytes);
      for (int j = 0; j < 8; ++j) {
        const ScaleMin k = k_scale_min(block.scales, j);
        scale[j][i] = k.scale;
        min[j][i] = k.min;
        codes[j].set_row(i, bytes + 32 * j);
      }
    }
    put(d, out);
    put(dmin, out);
    for (int j = 0; j < 8; ++j) {
      put(scale[j], out);
      put(min[j], out);
      put_codes(codes[j], out);
    }
  }
}

void pack_q6_k(const GroupRows& rows, int64_t cols, std::byte* out) {
  for (int64_t b = 0; b < cols / 256; ++b) {
    Half d[kGroupRows] = {};
    int8_t scale[16][kGroupRows] = {};
    CodeWords codes[8] = {};
    for (int i = 0; i < rows.count; ++i) {
      const auto block = read_block<BlockQ6_K>(rows.row(i), b);
      d[i] = block.d;
      uint8_t bytes[256];
      read_codes(block, bytes);
      for (int j = 0; j < 16; ++j) scale[j][i] = block.scales[j];
      for (int j = 0; j < 8; ++j) codes[j].set_row(i, bytes + 32 * j);
    }
    put(d, out);
    for (int j = 0; j < 8; ++j) {
      put(scale[2 * j], out);
      put(scale[2 * j + 1], out);
      put_6_bits(codes[j], out);
    }
  }
}

void pack_floats(const GroupRows& rows, int64_t cols, size_t element_bytes, std::byte* out) {
  for (int64_t k = 0; k < cols; ++k) {
    for (int i = 0; i < rows.count; ++i) {
      std::memcpy(out + static_cast<size_t>(i) * element_bytes, rows.row(i) + static_cast<size_t>(k) * element_bytes,
                  element_bytes);
    }
    out += kGroupRows * element_bytes;
  }
}

void pack_group(TensorType type, const GroupRows& rows, int64_t cols, std::byte* out) {
  switch (type) {
    case TensorType::f32:
      return pack_floats(rows, cols, 4, out);
    case TensorType::f16:
    case TensorType::bf16:
      return pack_floats(rows, cols, 2, out);
    case TensorType::q4_0:
      return pack_32<BlockQ4_0, false>(rows, cols, out, put_nibbles);
    case TensorType::q4_1:
      return pack_32<BlockQ4_1, true>(rows, cols, out, put_nibbles);
    case TensorType::q5_0:
      return pack_32<BlockQ5_0, false>(rows, cols, out, put_5_bits);
    case TensorType::q5_1:
      return pack_32<BlockQ5_1, true>(rows, cols, out, put_5_bits);
    case TensorType::q8_0:
      return pack_32<BlockQ8_0, false>(rows, cols, out, put_bytes);
    case TensorType::q4_k:
      return pack_k<BlockQ4_K>(rows, cols, out, put_nibbles);
    case TensorType::q5_k:
      return pack_k<BlockQ5_K>(rows, cols, out, put_5_bits);
    case TensorType::q6_k:
      return pack_q6_k(rows, cols, out);
  }
}

}  // namespace

uint64_t packed_group_bytes(TensorType type, int64_t cols) {
  constexpr size_t kFifthBytes = kVectorBytes;
  const auto inputs = static_cast<uint64_t>(cols);
  switch (type) {
    case TensorType::f32:
      return inputs * kGroupRows * 4;
    case TensorType::f16:
    case TensorType::bf16:
      return inputs * kGroupRows * 2;
    case TensorType::q4_0:
      return inputs / 32 * (kScaleBytes + kNibbleBytes);
    case TensorType::q4_1:
      return inputs / 32 * (2 * kScaleBytes + kNibbleBytes);
    case TensorType::q5_0:
      return inputs / 32 * (kScaleBytes + kNibbleBytes + kFifthBytes);
    case TensorType::q5_1:
      return inputs / 32 * (2 * kScaleBytes + kNibbleBytes + kFifthBytes);
    case TensorType::q8_0:
      return inputs / 32 * (kScaleBytes + 8 * kVectorBytes);
    case TensorType::q4_k:
      return inputs / 256 * (2 * kScaleBytes + 8 * (2 * kGroupRows + kNibbleBytes));
    case TensorType::q5_k:
      return inputs / 256 * (2 * kScaleBytes + 8 * (2 * kGroupRows + kNibbleBytes + kFifthBytes));
    case TensorType::q6_k:
      return inputs / 256 * (kScaleBytes + 8 * (2 * kGroupRows + kNibbleBytes + 2 * kVectorBytes));
  }
  return 0;
}

void pack_matrix(TensorType type, int64_t rows, int64_t cols, const std::byte* file, std::byte* packed,
                 ThreadPool& pool) {
  const TypeTraits& traits = type_traits(type);
  const uint64_t row_bytes = static_cast<uint64_t>(cols) / traits.block_elements * traits.block_bytes;
  const uint64_t group_bytes = packed_group_bytes(type, cols);
  pool.for_each(num_groups(rows), [&](int64_t group, int) {
    const int64_t first = group * kGroupRows;
    const auto count = static_cast<int>(std::min<int64_t>(kGroupRows, rows - first));
    pack_group(type, {file + row_bytes * static_cast<uint64_t>(first), row_bytes, count}, cols,
               packed + group_bytes * static_cast<uint64_t>(group));
  });
}

}  // namespace lacuna::kernels
