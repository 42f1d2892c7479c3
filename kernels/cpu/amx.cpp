/// AVX-512 with VNNI, and products of many rows by the matrix unit (AMX int8). Only the code between the pragmas is
/// compiled for them.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/cpu/kernel_table.h"
#include "kernels/cpu/packed_weights.h"
#include "kernels/cpu/vector_tables.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma,f16c,amx-tile,amx-int8")
// clang-format off
#include "kernels/cpu/vector_avx512_inl.h"
#include "kernels/cpu/multiply_inl.h"
#include "kernels/cpu/amx_inl.h"
// clang-format on
#pragma GCC pop_options

namespace lacuna::kernels {

const KernelTable& amx_kernels() {
  static const KernelTable table = [] {
    KernelTable with_tiles = kAvx512Kernels;
    with_tiles.name = "amx-int8";
    with_tiles.isa = "amx";
    with_tiles.multiply_group = multiply_group_by_tiles;
    return with_tiles;
  }();
  return table;
}

}  // namespace lacuna::kernels
