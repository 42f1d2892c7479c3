/// The algorithms for AVX2 + FMA + F16C. Only the code between the pragmas is compiled for them: inline functions of
/// the standard library stay runnable on any machine.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/cpu/kernel_table.h"
#include "kernels/cpu/packed_weights.h"
#include "kernels/cpu/vector_tables.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
// clang-format off
#include "kernels/cpu/vector_avx2_inl.h"
#include "kernels/cpu/elementwise_inl.h"
#include "kernels/cpu/multiply_inl.h"
#include "kernels/cpu/attention_inl.h"
#include "kernels/cpu/head_inl.h"
// clang-format on
#pragma GCC pop_options

namespace lacuna::kernels {

const KernelTable kAvx2Kernels{
    .name = "avx2",
    .isa = "avx2",
    .multiply_group = multiply_group,
    .add_bias = add_bias,
    .store_tile = store_tile,
    .add_tile = add_tile,
    .quantise_row = quantise_row,
    .quantise_row_twice = quantise_row_twice,
    .rms_norm_row = rms_norm_row,
    .layer_norm_row = layer_norm_row,
    .swiglu = swiglu,
    .geglu = geglu,
    .gelu = gelu,
    .rope_row = rope_row,
    .floats_to_halves = floats_to_halves,
    .attend = attend,
    .merge_segment = merge_segment,
    .scan_rough = scan_rough,
};

}  // namespace lacuna::kernels
