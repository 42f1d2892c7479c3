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

/// How the rows of a batch meet one weight: `terms` rows of the tile are one row of the result.
struct Tiling {
  int64_t terms;
  int64_t num_rows;  // of the result
  int64_t tile_rows() const { return kTileRows / terms; }

  Tiling(const Activations& x, const CpuWeight& weight)
      : terms(takes_quantised_activations(weight.type) ? x.terms : 1), num_rows(x.num_rows / x.terms) {}
};

/// Adds the terms of each row of a tile's products: [count * terms, 16] becomes [count, 16].
void fold_terms(float* tile, int64_t count, int64_t terms) {
  if (terms == 1) return;
  for (int64_t i = 0; i < count; ++i) {
    const float* from = tile + 2 * i * kGroupRows;
    for (int j = 0; j < kGroupRows; ++j) tile[i * kGroupRows + j] = from[j] + from[kGroupRows + j];
  }
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
  const int64_t row_blocks = weight.cols / 32 * (weight.precise_inputs ? 2 : 1);
  if (quantised && row_blocks > most_row_blocks_) {
    const auto blocks = static_cast<uint64_t>(row_blocks) * static_cast<uint64_t>(options_.max_rows);
    release(activation_blocks_);
    LACUNA_ASSIGN_OR_RETURN(activation_blocks_, claim(blocks * sizeof(ActivationBlock), "quantised activations"));
    most_row_blocks_ = row_blocks;
  }
  const uint64_t bytes = packed_group_bytes(weight.type, weight.cols) * static_cast<uint64_t>(num_groups(weight.rows));
  LACUNA_ASSIGN_OR_RETURN(const WeightStore::Section section, claim_packed(bytes, weight.name));
  weight.packed = section.data;
  if (!section.filled) {
    pack_matrix(weight.type, weight.rows, weight.cols, weight.file.data(), section.data, pool_);
  }
  return {};
}

void SimdBackend::run_rms_norm(Tensor x, const float* gain, float eps, Tensor out) {
  for_each_row(x.rows, [&](int64_t row, int) {
    kernels_.rms_norm_row(x.data + row * x.cols, gain, x.cols, eps, out.data + row * x.cols);
  });
}

void SimdBackend::run_layer_norm(Tensor x, const float* gain, const float* bias, float eps, Tensor out) {
  for_each_row(x.rows, [&](int64_t row, int) {
    kernels_.layer_norm_row(x.data + row * x.cols, gain, bias, x.cols, eps, out.data + row * x.cols);
  });
}

void SimdBackend::run_gelu(Tensor x) {
  for_each_row(x.rows, [&](int64_t row, int) { kernels_.gelu(x.data + row * x.cols, x.cols); });
}

void SimdBackend::run_rope(Tensor x, int head_dim, const RopeParameters& parameters, const float* cos,
                           const float* sin) {
  const int num_pairs = parameters.num_dims / 2;
  for_each_row(x.rows, [&](int64_t row, int) {
    kernels_.rope_row(x.data + row * x.cols, x.cols, head_dim, parameters.num_dims, parameters.interleaved,
                      cos + row * num_pairs, sin + row * num_pairs);
  });
}

// -- Products ---------------------------------------------------------------------------------------------------------

Activations SimdBackend::prepare_activations(Tensor x, bool quantise, bool precise) {
  auto* blocks = activation_blocks_.as<ActivationBlock>();
  const int64_t terms = precise ? 2 : 1;
  const auto quantise_row = precise ? kernels_.quantise_row_twice : kernels_.quantise_row;
  if (quantise) {
    for_each_row(x.rows, [&](int64_t row, int) {
      quantise_row(x.data + row * x.cols, x.cols, blocks + terms * row, terms * x.rows);
    });
  }
  return {x.data, blocks, terms * x.rows, x.cols, terms};
}

void SimdBackend::run_linear(Tensor x, std::span<const LinearTarget> targets) {
  bool quantise = false;
  bool precise = false;
  int64_t total = 0;
  for (const LinearTarget& target : targets) {
    quantise = quantise || takes_quantised_activations(weight(target.weight).type);
    precise = precise || weight(target.weight).precise_inputs;
    total += num_chunks(weight(target.weight));
  }
  const Activations activations = prepare_activations(x, quantise, precise);
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
  const Tiling tiling(x, w);
  for (int64_t first = 0; first < tiling.num_rows; first += tiling.tile_rows()) {
    const int64_t count = std::min(tiling.tile_rows(), tiling.num_rows - first);
    for (int64_t group = begin; group < end; ++group) {
      multiply(packed_group(w, group), x, first * tiling.terms, count * tiling.terms, tile);
      fold_terms(tile, count, tiling.terms);
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

void SimdBackend::run_gated(Tensor x, const CpuWeight& gate, const CpuWeight& up, Activation activation, Tensor out) {
  const bool quantise = takes_quantised_activations(gate.type) || takes_quantised_activations(up.type);
  const Activations activations = prepare_activations(x, quantise, gate.precise_inputs || up.precise_inputs);
  pool_.for_each(num_chunks(gate), [&](int64_t chunk, int worker) {
    gated_chunk(activations, gate, up, activation, chunk, product_tiles_.as<float>() + worker * 2 * kTileFloats, out);
  });
}

void SimdBackend::gated_chunk(const Activations& x, const CpuWeight& gate, const CpuWeight& up, Activation activation,
                              int64_t chunk, float* tile, Tensor out) const {
  const auto combine = activation == Activation::gelu ? kernels_.geglu : kernels_.swiglu;
  const MultiplyGroup multiply_gate = kernels_.multiply_group(gate.type);
  const MultiplyGroup multiply_up = kernels_.multiply_group(up.type);
  float* up_tile = tile + kTileFloats;
  const auto [begin, end] = chunk_range(gate, chunk);
  const Tiling gate_tiling(x, gate);
  const Tiling up_tiling(x, up);
  const int64_t tile_rows = std::min(gate_tiling.tile_rows(), up_tiling.tile_rows());
  for (int64_t first = 0; first < gate_tiling.num_rows; first += tile_rows) {
    const int64_t count = std::min(tile_rows, gate_tiling.num_rows - first);
    for (int64_t group = begin; group < end; ++group) {
      multiply_gate(packed_group(gate, group), x, first * gate_tiling.terms, count * gate_tiling.terms, tile);
      multiply_up(packed_group(up, group), x, first * up_tiling.terms, count * up_tiling.terms, up_tile);
      fold_terms(tile, count, gate_tiling.terms);
      fold_terms(up_tile, count, up_tiling.terms);
      combine(tile, up_tile, count * kGroupRows, tile);
      store_tile(tile, count, group, out.cols, out.data + first * out.cols);
    }
  }
}

}  // namespace lacuna::kernels
