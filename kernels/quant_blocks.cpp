#include "kernels/quant_blocks.h"

#include <bit>
#include <cstring>

#include "kernels/block_codes.h"
#include "support/check.h"

namespace lacuna::kernels {
namespace {

constexpr TypeTraits kF32{"F32", 1, 4};
constexpr TypeTraits kF16{"F16", 1, 2};
constexpr TypeTraits kBf16{"BF16", 1, 2};
constexpr TypeTraits kQ4_0{"Q4_0", 32, sizeof(BlockQ4_0)};
constexpr TypeTraits kQ4_1{"Q4_1", 32, sizeof(BlockQ4_1)};
constexpr TypeTraits kQ5_0{"Q5_0", 32, sizeof(BlockQ5_0)};
constexpr TypeTraits kQ5_1{"Q5_1", 32, sizeof(BlockQ5_1)};
constexpr TypeTraits kQ8_0{"Q8_0", 32, sizeof(BlockQ8_0)};
constexpr TypeTraits kQ4_K{"Q4_K", 256, sizeof(BlockQ4_K)};
constexpr TypeTraits kQ5_K{"Q5_K", 256, sizeof(BlockQ5_K)};
constexpr TypeTraits kQ6_K{"Q6_K", 256, sizeof(BlockQ6_K)};

/// w = d * (code - offset)
template <class Block>
void decode_symmetric(const Block& block, float* out) {
  uint8_t codes[32];
  read_codes(block, codes);
  const float d = half_to_float(block.d);
  for (int i = 0; i < 32; ++i) out[i] = d * static_cast<float>(codes[i] - kCodeOffset<Block>);
}

/// w = d * code + m
template <class Block>
void decode_affine(const Block& block, float* out) {
  uint8_t codes[32];
  read_codes(block, codes);
  const float d = half_to_float(block.d);
  const float m = half_to_float(block.m);
  for (int i = 0; i < 32; ++i) out[i] = d * static_cast<float>(codes[i]) + m;
}

void decode_q8_0(const BlockQ8_0& block, float* out) {
  const float d = half_to_float(block.d);
  for (int i = 0; i < 32; ++i) out[i] = d * static_cast<float>(block.qs[i]);
}

/// w = d * scale_j * code - dmin * min_j
template <class Block>
void decode_k(const Block& block, float* out) {
  uint8_t codes[256];
  read_codes(block, codes);
  for (int j = 0; j < 8; ++j) {
    const ScaleMin k = k_scale_min(block.scales, j);
    const float scale = half_to_float(block.d) * static_cast<float>(k.scale);
    const float min = half_to_float(block.dmin) * static_cast<float>(k.min);
    for (int i = 32 * j; i < 32 * (j + 1); ++i) out[i] = scale * static_cast<float>(codes[i]) - min;
  }
}

void decode_q6_k(const BlockQ6_K& block, float* out) {
  uint8_t codes[256];
  read_codes(block, codes);
  for (int j = 0; j < 16; ++j) {
    const float scale = half_to_float(block.d) * static_cast<float>(block.scales[j]);
    for (int i = 16 * j; i < 16 * (j + 1); ++i) out[i] = scale * static_cast<float>(codes[i] - kCodeOffset<BlockQ6_K>);
  }
}

template <class Block>
void decode_blocks(const void* blocks, size_t num_elements, size_t block_elements, float* out,
                   void (*decode)(const Block&, float*)) {
  const auto* bytes = static_cast<const std::byte*>(blocks);
  for (size_t i = 0; i < num_elements; i += block_elements, bytes += sizeof(Block)) {
    Block block;  // a file's blocks may lie at odd addresses
    std::memcpy(&block, bytes, sizeof(Block));
    decode(block, out + i);
  }
}

template <class Convert>
void decode_halves(const void* values, size_t num_elements, Convert convert, float* out) {
  const auto* bytes = static_cast<const std::byte*>(values);
  for (size_t i = 0; i < num_elements; ++i) {
    uint16_t bits;
    std::memcpy(&bits, bytes + 2 * i, 2);
    out[i] = convert(bits);
  }
}

float bf16_to_float(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

}  // namespace

const TypeTraits* find_type_traits(uint32_t file_type) {
  switch (static_cast<TensorType>(file_type)) {
    case TensorType::f32:
      return &kF32;
    case TensorType::f16:
      return &kF16;
    case TensorType::bf16:
      return &kBf16;
    case TensorType::q4_0:
      return &kQ4_0;
    case TensorType::q4_1:
      return &kQ4_1;
    case TensorType::q5_0:
      return &kQ5_0;
    case TensorType::q5_1:
      return &kQ5_1;
    case TensorType::q8_0:
      return &kQ8_0;
    case TensorType::q4_k:
      return &kQ4_K;
    case TensorType::q5_k:
      return &kQ5_K;
    case TensorType::q6_k:
      return &kQ6_K;
  }
  return nullptr;
}

const TypeTraits& type_traits(TensorType type) {
  const TypeTraits* traits = find_type_traits(static_cast<uint32_t>(type));
  LACUNA_CHECK(traits != nullptr);
  return *traits;
}

ScaleMin k_scale_min(const uint8_t* scales, int j) {
  if (j < 4) return {static_cast<uint8_t>(scales[j] & 63), static_cast<uint8_t>(scales[j + 4] & 63)};
  // The upper four pairs: low nibbles in bytes 8 to 11, and the top two bits above the lower four pairs.
  return {static_cast<uint8_t>((scales[j + 4] & 15) | ((scales[j - 4] >> 6) << 4)),
          static_cast<uint8_t>((scales[j + 4] >> 4) | ((scales[j] >> 6) << 4))};
}

float half_to_float(Half value) {
  const uint32_t sign = static_cast<uint32_t>(value & 0x8000) << 16;
  const uint32_t magnitude = value & 0x7FFF;
  if (magnitude < 0x0400) {  // zero and subnormals: an exact multiple of 2^-24
    const float small = static_cast<float>(magnitude) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(small) | sign);
  }
  const uint32_t exponent_offset = magnitude >= 0x7C00 ? 0x70000000u : 0x38000000u;  // infinity and NaN stay so
  return std::bit_cast<float>(sign | ((magnitude << 13) + exponent_offset));
}

Half float_to_half(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return static_cast<Half>(sign | 0x7E00 | ((magnitude >> 13) & 0x1FF));  // NaN
  if (magnitude >= 0x477FF000) return static_cast<Half>(sign | 0x7C00);  // rounds to 65536 or more
  if (magnitude < 0x38800000) {  // below 2^-14: let the adder round to a multiple of 2^-24
    const float rounded = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<Half>(sign | (std::bit_cast<uint32_t>(rounded) - 0x3F000000));
  }
  const uint32_t odd = (magnitude >> 13) & 1;
  return static_cast<Half>(sign | ((magnitude - 0x38000000 + 0xFFF + odd) >> 13));
}

void dequantize(TensorType type, const void* blocks, size_t num_elements, float* out) {
  const TypeTraits& traits = type_traits(type);
  LACUNA_CHECK(num_elements % traits.block_elements == 0);
  switch (type) {
    case TensorType::f32:
      if (num_elements > 0) std::memcpy(out, blocks, num_elements * sizeof(float));
      return;
    case TensorType::f16:
      return decode_halves(blocks, num_elements, half_to_float, out);
    case TensorType::bf16:
      return decode_halves(blocks, num_elements, bf16_to_float, out);
    case TensorType::q4_0:
      return decode_blocks<BlockQ4_0>(blocks, num_elements, 32, out, decode_symmetric);
    case TensorType::q4_1:
      return decode_blocks<BlockQ4_1>(blocks, num_elements, 32, out, decode_affine);
    case TensorType::q5_0:
      return decode_blocks<BlockQ5_0>(blocks, num_elements, 32, out, decode_symmetric);
    case TensorType::q5_1:
      return decode_blocks<BlockQ5_1>(blocks, num_elements, 32, out, decode_affine);
    case TensorType::q8_0:
      return decode_blocks<BlockQ8_0>(blocks, num_elements, 32, out, decode_q8_0);
    case TensorType::q4_k:
      return decode_blocks<BlockQ4_K>(blocks, num_elements, 256, out, decode_k);
    case TensorType::q5_k:
      return decode_blocks<BlockQ5_K>(blocks, num_elements, 256, out, decode_k);
    case TensorType::q6_k:
      return decode_blocks<BlockQ6_K>(blocks, num_elements, 256, out, decode_q6_k);
  }
}

}  // namespace lacuna::kernels
