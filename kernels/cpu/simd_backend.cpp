#include "kernels/cpu/simd_backend.h"

#include <algorithm>
#include <utility>

#include "kernels/cpu/packed_weights.h"

namespace lacuna::kernels {
namespace {

/// Bytes of weights that a worker takes at a time: small enough to share the work evenly and to stay in the
/// second-level cache while a batch's tiles pass over it.
constexpr uint64_t kChunkBytes = 32 * 1024;

constexpr int64_t kTileFloats = kTileRows * kGroupRows;

int64_t chunk_groups(const CpuWeight& weight) {
  const uint64_t group_bytes = packed_group_bytes(weight.type, weight.cols);
  return static_cast<int64_t>(std::max<uint64_t>(1, kChunkBytes / group_bytes));
}

int64_t num_chunks(const CpuWeight& weight) {
  const int64_t groups = chunk_groups(weight);
  return (num_groups(weight.rows) + groups - 1) / groups;
}

const std::byte* packed_group(const CpuWeight& weight, int64_t group) {
  return weight.packed + packed_group_bytes(weight.type, weight.cols) * static_cast<uint64_t>(group);
}

/// The part of a matrix that chunk number `chunk` covers, in groups.
std::pair<int64_t, int64_t> chunk_range(const CpuWeight& weight, int64_t chunk) {
  const int64_t first = chunk * chunk_groups(weight);
  return {first, std::min(first + chunk_groups(weight), num_groups(weight.rows))};
}

/// Copies a tile's products [count, 16] to their columns of out.
void store_tile(const float* tile, int64_t count, int64_t group, int64_t out_cols, float* out) {
  const int64_t width = std::min<int64_t>(kGroupRows, out_cols - group * kGroupRows);
  float* to = out + group * kGroupRows;
  for (int64_t i = 0; i < count; ++i) std::copy_n(tile + i * kGroupRows, width, to + i * out_cols);
}

}  // namespace

SimdBackend::SimdBackend(const BackendOptions& options, const KernelTable& kernels)
    : CpuBackend(options), kernels_(kernels) {}

Result<void> SimdBackend::pack(CpuWeight& weight) {
  const bool quantised = takes_quantised_activations(weight.type);
  if (!product_tiles_) {
    const uint64_t bytes = 2 * kTileFloats * sizeof(float) * static_cast<uint64_t>(num_threads());
    LACUNA_ASSIGN_OR_RETURN(product_tiles_, claim(bytes, "products"));
  }
  if (quantised && weight.cols > longest_row_) {
    const auto blocks = static_cast<uint64_t>(weight.cols / 32) * static_cast<uint64_t>(options_.max_rows);
    release(activation_blocks_);
    LACUNA_ASSIGN_OR_RETURN(activation_blocks_, claim(blocks * sizeof(ActivationBlock), "quantised activations"));
    longest_row_ = weight.cols;
  }
  const uint64_t bytes = packed_group_bytes(weight.type, weight.cols) * static_cast<uint64_t>(num_groups(weight.rows));
  LACUNA_ASSIGN_OR_RETURN(weight.packed, claim_packed(bytes, weight.name));
  pack_matrix(weight.type, weight.rows, weight.cols, weight.file.data(), weight.packed, pool_);
  return {};
}

void SimdBackend::run_rms_norm(Tensor x, const float* gain, float eps, Tensor out) {
  for_each_row(x.rows, [&](int64_t row, int) {
    kernels_.rms_norm_row(x.data + row * x.cols, gain, x.cols, eps, out.data + row * x.cols);
  });
}

void SimdBackend::run_rope(Tensor x, int head_dim, const RopeParameters& parameters, const float* cos,
                           const float* sin) {
  const int num_pairs = parameters.num_dims / 2;
  for_each_row(x.rows, [&](int64_t row, int) {
    kernels_.rope_row(x.data + row * x.cols, x.cols, head_dim, parameters.num_dims, parameters.interleaved,
                      cos + row * num_pairs, sin + row * num_pairs);
  });
}

// -- Products
// ---------------------------------------------------------------------------------------------------------------

Activations SimdBackend::prepare_activations(Tensor x, bool quantise) {
  auto* blocks = activation_blocks_.as<ActivationBlock>();
  if (quantise) {
    for_each_row(x.rows,
                 [&](int64_t row, int) { kernels_.quantise_row(x.data + row * x.cols, x.cols, blocks + row, x.rows); });
  }
  return {x.data, blocks, x.rows, x.cols};
}

void SimdBackend::run_linear(Tensor x, std::span<const LinearTarget> targets) {
  bool quantise = false;
  int64_t total = 0;
  for (const LinearTarget& target : targets) {
    quantise = quantise || takes_quantised_activations(weight(target.weight).type);
    total += num_chunks(weight(target.weight));
  }
  const Activations activations = prepare_activations(x, quantise);
  pool_.for_each(total, [&](int64_t chunk, int worker) {
    const LinearTarget* target = targets.data();
    for (; chunk >= num_chunks(weight(target->weight)); ++target) chunk -= num_chunks(weight(target->weight));
    const CpuWeight& w = weight(target->weight);
    const Product product{w, target->out.data, optional_vector(target->bias, w.rows), target->accumulate};
    multiply_chunk(activations, product, chunk, product_tiles_.as<float>() + worker * 2 * kTileFloats);
  });
}

void SimdBackend::multiply_chunk(const Activations& x, const Product& product, int64_t chunk, float* tile) const {
  const CpuWeight& w = product.weight;
  const MultiplyGroup multiply = kernels_.multiply_group(w.type);
  const auto [begin, end] = chunk_range(w, chunk);
  for (int64_t first = 0; first < x.num_rows; first += kTileRows) {
    const int64_t count = std::min(kTileRows, x.num_rows - first);
    for (int64_t group = begin; group < end; ++group) {
      multiply(packed_group(w, group), x, first, count, tile);
      const int64_t width = std::min<int64_t>(kGroupRows, w.rows - group * kGroupRows);
      float* out = product.out + first * w.rows + group * kGroupRows;
      const float* bias = product.bias != nullptr ? product.bias + group * kGroupRows : nullptr;
      for (int64_t i = 0; i < count; ++i) {
        const float* from = tile + i * kGroupRows;
        float* to = out + i * w.rows;
        for (int64_t j = 0; j < width; ++j) {
          const float value = bias != nullptr ? from[j] + bias[j] : from[j];
          to[j] = product.accumulate ? to[j] + value : value;
        }
      }
    }
  }
}

void SimdBackend::run_swiglu(Tensor x, const CpuWeight& gate, const CpuWeight& up, Tensor out) {
  const bool quantise = takes_quantised_activations(gate.type) || takes_quantised_activations(up.type);
  const Activations activations = prepare_activations(x, quantise);
  pool_.for_each(num_chunks(gate), [&](int64_t chunk, int worker) {
    swiglu_chunk(activations, gate, up, chunk, product_tiles_.as<float>() + worker * 2 * kTileFloats, out);
  });
}

void SimdBackend::swiglu_chunk(const Activations& x, const CpuWeight& gate, const CpuWeight& up, int64_t chunk,
                               float* tile, Tensor out) const {
  const MultiplyGroup multiply_gate = kernels_.multiply_group(gate.type);
  const MultiplyGroup multiply_up = kernels_.multiply_group(up.type);
  float* up_tile = tile + kTileFloats;
  const auto [begin, end] = chunk_range(gate, chunk);
  for (int64_t first = 0; first < x.num_rows; first += kTileRows) {
    const int64_t count = std::min(kTileRows, x.num_rows - first);
    for (int64_t group = begin; group < end; ++group) {
      multiply_gate(packed_group(gate, group), x, first, count, tile);
      multiply_up(packed_group(up, group), x, first, count, up_tile);
      kernels_.swiglu(tile, up_tile, count * kGroupRows, tile);
      store_tile(tile, count, group, out.cols, out.data + first * out.cols);
    }
  }
}

}  // namespace lacuna::kernels
