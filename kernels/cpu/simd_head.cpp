/// An output head of which not everything is wanted: the best rows, or a few given ones.
///
/// best_rows() goes over the rough rows (rough_rows.h) first, and computes exactly, by the kernels of linear(), the
/// groups of rows that could hold the best product: those whose rough product comes closer to the best exact product
/// found so far than the bound on their error. What is found is therefore what the whole head would have given, bit for
/// bit. In the worst case that is every group, and the rough products were for nothing.
#include <algorithm>
#include <cmath>

#include "kernels/cpu/packed_weights.h"
#include "kernels/cpu/rough_rows.h"
#include "kernels/cpu/simd_backend.h"

namespace lacuna::kernels {
namespace {

/// Of one fork: enough work to be worth taking.
constexpr int64_t kRoughGroups = 4;
constexpr int64_t kScanGroups = 256;

constexpr int64_t chunks_of(int64_t count, int64_t size) {
  return (count + size - 1) / size;
}

/// |x| of row `row` of the quantised inputs.
double input_norm(const Activations& x, int64_t row) {
  double squares = 0;
  for (int64_t b = 0; b < x.cols / 32; ++b) {
    const ActivationBlock& first = x.blocks[b * x.stride + row];
    const bool marked = x.two_terms() && x.marks[b * x.marks_stride + row] == kMarked;
    const ActivationBlock* rest = marked ? &x.second[b * x.stride + row] : nullptr;
    for (int i = 0; i < 32; ++i) {
      double value = static_cast<double>(first.d) * first.q[i];
      if (rest != nullptr) value += static_cast<double>(rest->d) * rest->q[i];
      squares += value * value;
    }
  }
  return std::sqrt(squares);
}

bool comes_before(const BestRows::Row& a, const BestRows::Row& b) {
  return a.product != b.product ? a.product > b.product : a.row < b.row;
}

/// Keeps the first kMost.
void insert(BestRows& best, BestRows::Row row) {
  const auto end = best.rows.begin() + best.count;
  const auto at = std::upper_bound(best.rows.begin(), end, row, comes_before);
  if (at == best.rows.end()) return;
  if (best.count < BestRows::kMost) best.count += 1;
  std::move_backward(at, best.rows.begin() + best.count - 1, best.rows.begin() + best.count);
  *at = row;
}

}  // namespace

/// Rough rows, and scratch for all kMostBestRows inputs; what is not used of it is never touched.
Result<void> SimdBackend::pack_rough(CpuWeight& head) {
  const TensorType type = rough_type(head.type, head.precise_inputs);
  const int64_t groups = num_groups(head.rows);
  candidates_.reserve(std::max(candidates_.capacity(), static_cast<size_t>(groups)));
  if (type == TensorType::f32 || head.rows > INT32_MAX) return {};
  LACUNA_ASSIGN_OR_RETURN(const WeightStore::Section section,
                          claim_packed(rough_bytes(type, head.rows, head.cols), head.name + " (rough)"));
  head.rough = section.data;
  head.rough_type = type;
  if (!section.filled) {
    pack_rough_rows(head.type, type, head.rows, head.cols, head.file.data(), section.data, pool_);
  }
  const uint64_t products = static_cast<uint64_t>(groups * kGroupRows * kMostBestRows) * sizeof(float);
  if (products > rough_products_.size()) {
    release(rough_products_);
    LACUNA_ASSIGN_OR_RETURN(rough_products_, claim(products, "rough products"));
    group_flags_.resize(static_cast<size_t>(groups));
    rough_bests_.resize(static_cast<size_t>(chunks_of(groups, kRoughGroups) * kMostBestRows));
    rough_scans_.resize(static_cast<size_t>(chunks_of(groups, kScanGroups)));
  }
  return {};
}

void SimdBackend::run_best_rows(Tensor x, const CpuWeight& head, std::span<BestRows> best) {
  if (head.rough == nullptr) return;
  const Activations activations = prepare_activations(x, true, head.precise_inputs);
  multiply_rough(activations, head);
  for (int64_t row = 0; row < x.rows; ++row) {
    search_best_rows(activations, head, row, best[static_cast<size_t>(row)]);
  }
}

float* SimdBackend::rough_products(const CpuWeight& head, int64_t row) const {
  return rough_products_.as<float>() + row * num_groups(head.rows) * kGroupRows;
}

/// All rough products of all inputs, and the best of each chunk.
void SimdBackend::multiply_rough(const Activations& x, const CpuWeight& head) {
  const int64_t groups = num_groups(head.rows);
  const int64_t num_rows = x.num_rows;
  const MultiplyGroup multiply = kernels_.multiply_group(head.rough_type);
  const uint64_t group_bytes = packed_group_bytes(head.rough_type, head.cols);
  pool_.for_each(chunks_of(groups, kRoughGroups), [&](int64_t chunk, int worker) {
    float* tile = product_tile(worker);
    BestRows::Row* bests = rough_bests_.data() + chunk * kMostBestRows;
    std::fill_n(bests, num_rows, BestRows::Row{-1, -INFINITY});
    for (int64_t group = chunk * kRoughGroups; group < std::min((chunk + 1) * kRoughGroups, groups); ++group) {
      multiply(head.rough + group_bytes * static_cast<uint64_t>(group), x, 0, num_rows, tile);
      const int64_t width = std::min<int64_t>(kGroupRows, head.rows - group * kGroupRows);
      for (int64_t i = 0; i < num_rows; ++i) {
        float* products = tile + i * kGroupRows;
        std::fill(products + width, products + kGroupRows, -INFINITY);
        for (int64_t j = 0; j < width; ++j) {
          if (products[j] > bests[i].product) bests[i] = {static_cast<int32_t>(group * kGroupRows + j), products[j]};
        }
        std::copy_n(products, kGroupRows, rough_products(head, i) + group * kGroupRows);
      }
    }
  });
}

/// Replaces a group's rough products of input `row` by the exact ones.
void SimdBackend::compute_group(const Activations& x, const CpuWeight& head, int64_t row, int64_t group, int worker) {
  const std::byte* packed = head.packed + packed_group_bytes(head.type, head.cols) * static_cast<uint64_t>(group);
  float* tile = product_tile(worker);
  kernels_.multiply_group(head.type)(packed, x, row, 1, tile);
  const int64_t width = std::min<int64_t>(kGroupRows, head.rows - group * kGroupRows);
  std::copy_n(tile, width, rough_products(head, row) + group * kGroupRows);
}

/// Flags the groups that could hold the best product of an input; they become candidates_.
SimdBackend::RoughRest SimdBackend::find_candidates(const CpuWeight& head, int64_t row, const RoughScan& wanted) {
  const int64_t groups = num_groups(head.rows);
  pool_.for_each(static_cast<int64_t>(rough_scans_.size()), [&](int64_t chunk, int) {
    RoughScan& scan = rough_scans_[static_cast<size_t>(chunk)];
    const int64_t first = chunk * kScanGroups;
    scan = wanted;
    scan.num_groups = std::clamp<int64_t>(groups - first, 0, kScanGroups);
    scan.products = rough_products(head, row) + first * kGroupRows;
    scan.errors += first * kGroupRows;
    scan.flags = group_flags_.data() + first;
    kernels_.scan_rough(scan);
  });
  RoughRest rest{0, -INFINITY};
  for (const RoughScan& scan : rough_scans_) {
    rest.exponentials += static_cast<double>(scan.exponentials);
    rest.highest = std::max(rest.highest, scan.highest);
  }
  candidates_.clear();
  for (int64_t group = 0; group < groups; ++group) {
    if (group_flags_[static_cast<size_t>(group)] != 0) candidates_.push_back(static_cast<int32_t>(group));
  }
  return rest;
}

void SimdBackend::search_best_rows(const Activations& x, const CpuWeight& head, int64_t row, BestRows& best) {
  BestRows::Row rough{-1, -INFINITY};
  for (int64_t chunk = 0; chunk < chunks_of(num_groups(head.rows), kRoughGroups); ++chunk) {
    const BestRows::Row& of_chunk = rough_bests_[static_cast<size_t>(chunk * kMostBestRows + row)];
    if (of_chunk.row >= 0 && (rough.row < 0 || of_chunk.product > rough.product)) rough = of_chunk;
  }
  const double norm = input_norm(x, row) * (1 + 1e-6);
  const auto* errors =
      reinterpret_cast<const float*>(head.rough + rough_errors_offset(head.rough_type, head.rows, head.cols));
  const double greatest_norm = static_cast<double>(errors[num_groups(head.rows) * kGroupRows]);
  const double rounding = static_cast<double>(product_rounding(x.two_terms() ? 2 * x.cols : x.cols)) * 2 *
                          greatest_norm * norm;
  if (rough.row < 0 || !std::isfinite(norm) || !std::isfinite(rounding)) return;

  compute_group(x, head, row, rough.row / kGroupRows, 0);
  const float* products = rough_products(head, row);
  const float exact = products[rough.row];
  RoughScan wanted{};
  wanted.errors = errors;
  wanted.input_norm = static_cast<float>(norm);
  wanted.threshold = static_cast<float>(static_cast<double>(exact) - 2 * rounding);
  wanted.greatest = exact;
  const RoughRest rest = find_candidates(head, row, wanted);
  pool_.for_each(static_cast<int64_t>(candidates_.size()), [&](int64_t i, int worker) {
    compute_group(x, head, row, candidates_[static_cast<size_t>(i)], worker);
  });
  const auto certain = static_cast<float>(static_cast<double>(rest.highest) + 2 * rounding);
  collect_best_rows(head, products, rest, certain, exact, best);
}

/// From the exact products of the candidates. What is not above `certain` might come behind a row that was not
/// computed. No result at all where one is no finite number: linear() will show it.
void SimdBackend::collect_best_rows(const CpuWeight& head, const float* products, const RoughRest& rest,
                                    float certain, float greatest, BestRows& best) const {
  double exponentials = rest.exponentials;
  for (const int32_t group : candidates_) {
    for (int64_t row = int64_t{group} * kGroupRows; row < std::min<int64_t>((group + 1) * int64_t{kGroupRows}, head.rows);
         ++row) {
      if (!std::isfinite(products[row])) {
        best = {};
        return;
      }
      exponentials += std::exp(static_cast<double>(products[row]) - static_cast<double>(greatest));
      if (products[row] > certain) insert(best, {static_cast<int32_t>(row), products[row]});
    }
  }
  best.log_sum_exp = static_cast<float>(static_cast<double>(greatest) + std::log(exponentials));
  best.computed_rows = static_cast<int64_t>(candidates_.size()) * kGroupRows;
}

void SimdBackend::run_linear_rows(Tensor x, const CpuWeight& w, std::span<const int32_t> rows, Tensor out) {
  const Activations activations = prepare_activations(x, takes_quantised_activations(w.type), w.precise_inputs);
  candidates_.clear();  // here: where a group's rows begin in `rows`
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 || rows[i] / kGroupRows != rows[i - 1] / kGroupRows) candidates_.push_back(static_cast<int32_t>(i));
  }
  const uint64_t group_bytes = packed_group_bytes(w.type, w.cols);
  const MultiplyGroup multiply = kernels_.multiply_group(w.type);
  pool_.for_each(static_cast<int64_t>(candidates_.size()), [&](int64_t index, int worker) {
    float* tile = product_tile(worker);
    auto at = static_cast<size_t>(candidates_[static_cast<size_t>(index)]);
    const int32_t group = rows[at] / kGroupRows;
    multiply(w.packed + group_bytes * static_cast<uint64_t>(group), activations, 0, x.rows, tile);
    for (; at < rows.size() && rows[at] / kGroupRows == group; ++at) {
      for (int64_t i = 0; i < x.rows; ++i) {
        out.data[i * out.cols + static_cast<int64_t>(at)] = tile[i * kGroupRows + rows[at] % kGroupRows];
      }
    }
  });
}

}  // namespace lacuna::kernels
