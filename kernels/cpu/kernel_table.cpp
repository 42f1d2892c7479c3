#include "kernels/cpu/kernel_table.h"

#include <vector>

#include "kernels/cpu/vector_tables.h"
#include "support/os.h"

namespace lacuna::kernels {
namespace {

std::vector<const KernelTable*> detect() {
  std::vector<const KernelTable*> tables;
#if defined(__x86_64__)
  const bool base = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  if (base && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vnni")) {
    if (__builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-int8") && os::request_tile_registers()) {
      tables.push_back(&amx_kernels());
    }
    tables.push_back(&kAvx512Kernels);
  }
  if (base) tables.push_back(&kAvx2Kernels);
#endif
  return tables;
}

}  // namespace

std::span<const KernelTable* const> available_kernel_tables() {
  static const std::vector<const KernelTable*> tables = detect();
  return tables;
}

}  // namespace lacuna::kernels
