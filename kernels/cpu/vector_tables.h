/// The tables of the vector paths. Which of them may run is kernel_table.cpp's matter.
#pragma once

#include "kernels/cpu/kernel_table.h"

namespace lacuna::kernels {

extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvx512Kernels;
/// kAvx512Kernels, but for the products of 16 rows and more.
const KernelTable& amx_kernels();

}  // namespace lacuna::kernels
