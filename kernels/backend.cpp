#include "kernels/backend.h"

#include <algorithm>
#include <system_error>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/kernel_table.h"
#include "kernels/cpu/simd_backend.h"
#include "support/os.h"

namespace lacuna::kernels {
namespace {

constexpr int kMaxThreads = 256;

Result<BackendOptions> resolve(BackendOptions options) {
  if (options.num_threads < 0 || options.num_threads > kMaxThreads) {
    return Error::format(ErrorCode::invalid_argument, "number of threads {} is not in 0 to {}", options.num_threads,
                         kMaxThreads);
  }
  if (options.max_rows < 1) {
    return Error::format(ErrorCode::invalid_argument, "max_rows {} is less than 1", options.max_rows);
  }
  if (options.num_threads == 0) options.num_threads = std::min(os::num_useful_cores(), kMaxThreads);
  const std::vector<std::string> isas = available_isas();
  if (options.isa == "auto") options.isa = isas.front();
  if (std::find(isas.begin(), isas.end(), options.isa) == isas.end()) {
    return Error::format(ErrorCode::unsupported, "instruction set '{}' is not one of this machine's: {}", options.isa,
                         fmt::join(isas, ", "));
  }
  return options;
}

}  // namespace

std::vector<std::string> available_isas() {
  std::vector<std::string> isas;
  for (const KernelTable* kernels : available_kernel_tables()) isas.emplace_back(kernels->isa);
  isas.emplace_back("scalar");
  return isas;
}

Result<std::unique_ptr<Backend>> make_cpu_backend(const BackendOptions& options) {
  LACUNA_ASSIGN_OR_RETURN(const BackendOptions resolved, resolve(options));
  try {
    for (const KernelTable* kernels : available_kernel_tables()) {
      if (resolved.isa == kernels->isa) return std::unique_ptr<Backend>(new SimdBackend(resolved, *kernels));
    }
    return make_scalar_backend(resolved);
  } catch (const std::system_error& error) {  // of std::thread
    return Error::format(ErrorCode::exhausted, "cannot start {} threads: {}", resolved.num_threads, error.what());
  }
}

}  // namespace lacuna::kernels
