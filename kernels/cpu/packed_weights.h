/// The repacked form of a weight matrix: one layout for decode (1 row of activations), small batches and prefill.
///
/// 16 matrix rows make a group (kGroupRows; the last group is padded with zeros). A group's bytes are contiguous, so a
/// product reads memory in one forward stream. Along the inputs, a group is a sequence of records of 32 inputs:
///
///     scales      of the 16 rows, in the file's own precision
///     codes       8 vectors of 64 bytes; byte 4 * row + k of vector i is the code of input 4 * i + k of that row
///
/// so that four inputs of 16 (AVX-512) or 8 (AVX2: half of the vector) rows meet four activations, broadcast as one
/// 32-bit word. Codes are packed without growing: vectors i and i + 4 share the nibbles of 64 bytes; the fifth bits of
/// all 8 vectors share 64 bytes (bit i: vector i); the upper two bits of Q6_K's vectors 4h to 4h + 3 share 64 bytes.
///
///     q4_0   f16 d[16] · 256 nibbles                  q5_0   the same · 64 fifth bits
///     q4_1   f16 d[16] · f16 m[16] · 256              q5_1   the same · 64
///     q8_0   f16 d[16] · 512 signed codes
///     q4_k   of 256 inputs: f16 d[16] · f16 dmin[16] · 8 x (u8 scale[16] · u8 min[16] · 256)        q5_k   … · 64)
///     q6_k   of 256 inputs: f16 d[16] · 8 x (i8 scale[2][16] · 256 · 128)
///     f32, f16, bf16   for each input 16 values
///
/// Every size is a multiple of 32 bytes. The bytes hold no pointers and depend on no instruction set: they can be
/// written to a file and mapped elsewhere. kPackedLayoutVersion changes with any of this.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/thread_pool.h"
#include "kernels/quant_blocks.h"

namespace lacuna::kernels {

inline constexpr uint32_t kPackedLayoutVersion = 2;
inline constexpr int kGroupRows = 16;

constexpr int64_t num_groups(int64_t rows) {
  return (rows + kGroupRows - 1) / kGroupRows;
}

/// Bytes of one group of rows of `cols` inputs.
uint64_t packed_group_bytes(TensorType type, int64_t cols);

/// Packs [rows, cols] from a file's bytes into num_groups(rows) * packed_group_bytes() bytes, which are zero at first.
void pack_matrix(TensorType type, int64_t rows, int64_t cols, const std::byte* file, std::byte* packed,
                 ThreadPool& pool);

/// Whether activations meet this type as 8-bit integers (all but the float types).
constexpr bool takes_quantised_activations(TensorType type) {
  return type != TensorType::f32 && type != TensorType::f16 && type != TensorType::bf16;
}

}  // namespace lacuna::kernels
