/// The table of what an instruction set's source file compiled: included there behind the target region, whose functions
/// it names.
#pragma once

namespace lacuna::kernels {
namespace {

constexpr KernelTable compiled_kernels(const char* name, const char* isa) {
  return {
      .name = name,
      .isa = isa,
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
}

}  // namespace
}  // namespace lacuna::kernels
