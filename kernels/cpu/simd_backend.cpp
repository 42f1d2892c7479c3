#include "kernels/cpu/simd_backend.h"

#include <algorithm>
#include <utility>

#include "kernels/cpu/packed_weights.h"

namespace lacuna::kernels {
namespace {

/// The most bytes of weights that a worker takes at a time where several tiles of rows pass over them: they stay in the
/// second-level cache meanwhile, and the rows' activations are read once for all of them.
constexpr uint64_t kChunkBytes = 256 * 1024;

/// What a worker reads ahead of the next product: as much as memory gives it between two products, about 4 microseconds.
constexpr uint64_t kAheadBytes = 64 * 1024;

constexpr int64_t kTileFloats = kTileRows * kGroupRows;

/// The most groups that a worker takes at a time, for `num_rows` rows of activations.
int64_t most_groups(const CpuWeight& weight, int64_t num_rows) {
  if (num_rows <= kTileRows) return num_groups(weight.rows);
  const uint64_t group_bytes = packed_group_bytes(weight.type, weight.cols);
  return static_cast<int64_t>(std::max<uint64_t>(1, kChunkBytes / group_bytes));
}

const std::byte* packed_group(const CpuWeight& weight, int64_t group) {
  return weight.packed + packed_group_bytes(weight.type, weight.cols) * static_cast<uint64_t>(group);
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
  if (quantised) LACUNA_RETURN_IF_ERROR(claim_activations(weight.cols / 32, weight.precise_inputs));
  const uint64_t bytes = packed_group_bytes(weight.type, weight.cols) * static_cast<uint64_t>(num_groups(weight.rows));
  LACUNA_ASSIGN_OR_RETURN(const WeightStore::Section section, claim_packed(bytes, weight.name));
  weight.packed = section.data;
  if (!section.filled) {
    pack_matrix(weight.type, weight.rows, weight.cols, weight.file.data(), section.data, pool_);
  }
  if (weight.use == WeightUse::head) return pack_rough(weight);
  return {};
}

/// Memory for the quantised inputs of a matrix with so many blocks in a row.
Result<void> SimdBackend::claim_activations(int64_t row_blocks, bool precise) {
  const auto blocks = static_cast<uint64_t>(row_blocks);
  const uint64_t bytes = blocks * static_cast<uint64_t>(activation_stride(options_.max_rows)) * sizeof(ActivationBlock);
  if (row_blocks > most_row_blocks_) {
    release(activation_blocks_);
    LACUNA_ASSIGN_OR_RETURN(activation_blocks_, claim(bytes, "quantised activations"));
    most_row_blocks_ = row_blocks;
  }
  if (precise && row_blocks > most_second_blocks_) {
    release(second_blocks_);
    release(second_marks_);
    LACUNA_ASSIGN_OR_RETURN(second_blocks_, claim(bytes, "quantised activations"));
    const auto marks = blocks * static_cast<uint64_t>(options_.max_rows) + kMarksRead;
    LACUNA_ASSIGN_OR_RETURN(second_marks_, claim(marks, "quantised activations"));
    most_second_blocks_ = row_blocks;
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
  auto* second = second_blocks_.as<ActivationBlock>();
  auto* marks = second_marks_.as<uint8_t>();
  Activations activations{.values = x.data,
                          .blocks = blocks,
                          .num_rows = x.rows,
                          .cols = x.cols,
                          .stride = activation_stride(x.rows),
                          .marks_stride = x.rows};
  if (!quantise) return activations;
  if (precise) {
    activations.second = second;
    activations.marks = marks;
  }
  for_each_row(x.rows, [&](int64_t row, int) {
    const float* values = x.data + row * x.cols;
    if (precise) {
      const SecondTerms terms{second + row, marks + row, activations.marks_stride};
      kernels_.quantise_row_twice(values, x.cols, terms, blocks + row, activations.stride);
    } else {
      kernels_.quantise_row(values, x.cols, blocks + row, activations.stride);
    }
  });
  return activations;
}

void SimdBackend::read_ahead_of_next(const CpuWeight& last) {
  const CpuWeight* next = next_matrix(last);
  if (next == nullptr || next->use == WeightUse::head) return pool_.read_ahead({});
  // Each worker's first range is about so long (ThreadPool::for_each_range).
  const uint64_t bytes = packed_group_bytes(next->type, next->cols) * static_cast<uint64_t>(num_groups(next->rows));
  const uint64_t range = bytes / (2 * static_cast<uint64_t>(num_threads()));
  pool_.read_ahead({.data = next->packed, .step = range, .bytes = std::min(range, kAheadBytes)});
}

float* SimdBackend::product_tile(int worker) const {
  return product_tiles_.as<float>() + worker * 2 * kTileFloats;
}

void SimdBackend::run_linear(Tensor x, std::span<const LinearTarget> targets) {
  bool quantise = false;
  bool precise = false;
  int64_t total = 0;
  int64_t most = 1;
  for (const LinearTarget& target : targets) {
    const CpuWeight& w = weight(target.weight);
    quantise = quantise || takes_quantised_activations(w.type);
    precise = precise || w.precise_inputs;
    total += num_groups(w.rows);
    most = std::max(most, most_groups(w, x.rows));
  }
  const Activations activations = prepare_activations(x, quantise, precise);
  read_ahead_of_next(weight(targets.back().weight));
  pool_.for_each_range(total, most, [&](int64_t begin, int64_t end, int worker) {
    float* tile = product_tile(worker);
    int64_t first = 0;  // group of the target, counted from the first target's
    for (const LinearTarget& target : targets) {
      const CpuWeight& w = weight(target.weight);
      const int64_t from = std::max<int64_t>(begin - first, 0);
      const int64_t to = std::min(end - first, num_groups(w.rows));
      const Product product{w, target.out.data, optional_vector(target.bias, w.rows), target.accumulate};
      if (from < to) multiply_groups(activations, product, from, to, tile);
      first += num_groups(w.rows);
    }
  });
}

void SimdBackend::multiply_groups(const Activations& x, const Product& product, int64_t begin, int64_t end,
                                  float* tile) const {
  const CpuWeight& w = product.weight;
  const MultiplyGroup multiply = kernels_.multiply_group(w.type);
  for (int64_t first = 0; first < x.num_rows; first += kTileRows) {
    const int64_t count = std::min(kTileRows, x.num_rows - first);
    for (int64_t group = begin; group < end; ++group) {
      multiply(packed_group(w, group), x, first, count, tile);
      const int64_t width = std::min<int64_t>(kGroupRows, w.rows - group * kGroupRows);
      if (product.bias != nullptr) kernels_.add_bias(tile, count, product.bias + group * kGroupRows, width);
      float* out = product.out + first * w.rows + group * kGroupRows;
      if (product.accumulate) {
        kernels_.add_tile(tile, count, width, w.rows, out);
      } else {
        kernels_.store_tile(tile, count, width, w.rows, out);
      }
    }
  }
}

void SimdBackend::run_gated(Tensor x, const CpuWeight& gate, const CpuWeight& up, Activation activation, Tensor out) {
  const bool quantise = takes_quantised_activations(gate.type) || takes_quantised_activations(up.type);
  const Activations activations = prepare_activations(x, quantise, gate.precise_inputs || up.precise_inputs);
  read_ahead_of_next(up);
  const int64_t most = std::max<int64_t>(1, most_groups(gate, x.rows) / 2);  // of both matrices
  pool_.for_each_range(num_groups(gate.rows), most, [&](int64_t begin, int64_t end, int worker) {
    float* tile = product_tile(worker);
    multiply_gated_groups(activations, gate, up, activation, begin, end, tile, out);
  });
}

void SimdBackend::multiply_gated_groups(const Activations& x, const CpuWeight& gate, const CpuWeight& up,
                                        Activation activation, int64_t begin, int64_t end, float* tile,
                                        Tensor out) const {
  const auto combine = activation == Activation::gelu ? kernels_.geglu : kernels_.swiglu;
  const MultiplyGroup multiply_gate = kernels_.multiply_group(gate.type);
  const MultiplyGroup multiply_up = kernels_.multiply_group(up.type);
  float* up_tile = tile + kTileFloats;
  for (int64_t first = 0; first < x.num_rows; first += kTileRows) {
    const int64_t count = std::min(kTileRows, x.num_rows - first);
    for (int64_t group = begin; group < end; ++group) {
      multiply_gate(packed_group(gate, group), x, first, count, tile);
      multiply_up(packed_group(up, group), x, first, count, up_tile);
      combine(tile, up_tile, count * kGroupRows, tile);
      const int64_t width = std::min<int64_t>(kGroupRows, out.cols - group * kGroupRows);
      kernels_.store_tile(tile, count, width, out.cols, out.data + first * out.cols + group * kGroupRows);
    }
  }
}

}  // namespace lacuna::kernels
