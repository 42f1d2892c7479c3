/// Rough rows: a second, smaller form of an output head, with a proven bound on what it leaves out.
///
/// Greedy decoding asks for the one row of a head whose product with the input is the greatest. A row w is kept a second
/// time as r, in 4 or 5 bits a weight, with the length of w - r. By the inequality of Cauchy and Schwarz
///
///     |w · x - r · x| <= |w - r| |x|
///
/// so all rows whose rough product is further below the best than this cannot be the best, and are never read.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/packed_weights.h"
#include "kernels/cpu/thread_pool.h"
#include "kernels/quant_blocks.h"

namespace lacuna::kernels {

/// The type of the rough rows of a head of this type: what narrow inputs (WeightSource::precise_inputs) need is finer,
/// because their energy lies in few dimensions and the bound is loose there. f32 stands for none: nothing to be won.
TensorType rough_type(TensorType type, bool narrow);

/// Bytes of the rough form: packed groups, then f32 errors[num_groups * kGroupRows], then f32 greatest_norm and 15 zeros.
uint64_t rough_bytes(TensorType rough, int64_t rows, int64_t cols);
/// Where the errors begin.
uint64_t rough_errors_offset(TensorType rough, int64_t rows, int64_t cols);

/// Fills rough_bytes() bytes, zero at first, from a head [rows, cols] as it lies in the file.
void pack_rough_rows(TensorType type, TensorType rough, int64_t rows, int64_t cols, const std::byte* file,
                     std::byte* out, ThreadPool& pool);

/// What a product's float arithmetic may add to its error, in units of |w| |x|: the integer parts are exact, and each
/// of cols / 32 terms (times 2 with a second term of the inputs) is rounded a few times.
constexpr float product_rounding(int64_t cols) {
  return static_cast<float>(cols / 32 + 8) * 5e-7f;
}

}  // namespace lacuna::kernels
