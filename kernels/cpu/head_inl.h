/// The search for the rows of a head that could have the greatest product. Included inside a target region only.
#pragma once

namespace lacuna::kernels {
namespace {

/// Flags the groups with a row that may reach the threshold, and sums up the others. Anything that is no number counts
/// as one that may.
void scan_rough(RoughScan& scan) {
  const F input_norm = f_set(scan.input_norm), threshold = f_set(scan.threshold), greatest = f_set(scan.greatest);
  F sum = f_zero();
  F highest = f_set(-__builtin_inff());
  for (int64_t group = 0; group < scan.num_groups; ++group) {
    F products[kHalves], bounds[kHalves];
    bool below = true;
    for (int h = 0; h < kHalves; ++h) {
      const int64_t at = group * kGroupRows + h * kLanes;
      products[h] = f_load(scan.products + at);
      bounds[h] = f_fma(f_load(scan.errors + at), input_norm, products[h]);
      below = below && f_all_below(bounds[h], threshold);
    }
    scan.flags[group] = below ? 0 : 1;
    if (!below) continue;
    for (int h = 0; h < kHalves; ++h) {
      highest = f_max(highest, bounds[h]);
      sum = f_add(sum, f_exp(f_sub(products[h], greatest)));
    }
  }
  scan.exponentials = f_reduce_add(sum);
  scan.highest = f_reduce_max(highest);
}

}  // namespace
}  // namespace lacuna::kernels
