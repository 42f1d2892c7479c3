/// The block layouts of GGUF tensors, as they lie in the file. Sizes are asserted; all fields are little-endian.
///
/// A row of a matrix is a sequence of blocks of `block_elements` weights. 32-element blocks hold one or two half-precision
/// scales; the K types hold 256 weights in 8 or 16 sub-blocks with quantised scales.
/// Source: the GGUF specification and the ggml type table (facts of the file format).
#pragma once

#include <cstddef>
#include <cstdint>

namespace lacuna::kernels {

/// The numbers are the file format's.
enum class TensorType : uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  bf16 = 30,
};

struct TypeTraits {
  const char* name;         ///< as printed: "Q4_K"
  uint32_t block_elements;  ///< weights in a block
  uint32_t block_bytes;     ///< bytes of a block
};

/// Null for a type that we do not read.
const TypeTraits* find_type_traits(uint32_t file_type);
/// Aborts for a type that we do not read.
const TypeTraits& type_traits(TensorType type);

using Half = uint16_t;  ///< IEEE binary16 bits

struct BlockQ4_0 {
  Half d;
  uint8_t qs[16];  ///< weight i (< 16) in the low nibble of qs[i], weight i + 16 in the high one; w = d * (q - 8)
};
struct BlockQ4_1 {
  Half d, m;
  uint8_t qs[16];  ///< w = d * q + m
};
struct BlockQ5_0 {
  Half d;
  uint8_t qh[4];  ///< bit i: the fifth bit of weight i
  uint8_t qs[16];  ///< w = d * (q - 16)
};
struct BlockQ5_1 {
  Half d, m;
  uint8_t qh[4];
  uint8_t qs[16];  ///< w = d * q + m
};
struct BlockQ8_0 {
  Half d;
  int8_t qs[32];  ///< w = d * q
};
/// w = d * scale_j * q - dmin * min_j, for the 8 sub-blocks j of 32; scales and mins are 6 bits each, packed in 12 bytes.
struct BlockQ4_K {
  Half d, dmin;
  uint8_t scales[12];
  uint8_t qs[128];
};
struct BlockQ5_K {
  Half d, dmin;
  uint8_t scales[12];
  uint8_t qh[32];
  uint8_t qs[128];
};
/// w = d * scales[j] * (q - 32), for the 16 sub-blocks j of 16.
struct BlockQ6_K {
  uint8_t ql[128];
  uint8_t qh[64];
  int8_t scales[16];
  Half d;
};

static_assert(sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20);
static_assert(sizeof(BlockQ5_0) == 22 && sizeof(BlockQ5_1) == 24);
static_assert(sizeof(BlockQ8_0) == 34);
static_assert(sizeof(BlockQ4_K) == 144 && sizeof(BlockQ5_K) == 176 && sizeof(BlockQ6_K) == 210);

/// The quantised scale and minimum (6 bits each) of sub-block `j` (0 to 7) of a Q4_K or Q5_K block.
struct ScaleMin {
  uint8_t scale, min;
};
ScaleMin k_scale_min(const uint8_t* scales, int j);

float half_to_float(Half value);
Half float_to_half(float value);  ///< round to nearest even

/// Decodes `num_elements` weights (a multiple of the type's block) from `blocks` into `out`. The oracle of all kernels.
void dequantize(TensorType type, const void* blocks, size_t num_elements, float* out);

}  // namespace lacuna::kernels
