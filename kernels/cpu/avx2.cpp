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
#include "kernels/cpu/kernel_table_inl.h"

namespace lacuna::kernels {

constinit const KernelTable kAvx2Kernels = compiled_kernels("avx2", "avx2");

}  // namespace lacuna::kernels
