#include "kernels/cpu/cpu_backend.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "support/check.h"

namespace lacuna::kernels {
namespace {

bool same_angles(const RopeParameters& a, const RopeParameters& b) {
  return a.base == b.base && a.position_scale == b.position_scale && a.num_dims == b.num_dims &&
         a.frequency_factors == b.frequency_factors;
}

/// Bytes of a [rows, cols] matrix in the file; false on overflow.
bool matrix_bytes(const TypeTraits& traits, int64_t rows, int64_t cols, uint64_t* bytes) {
  return !__builtin_mul_overflow(static_cast<uint64_t>(cols) / traits.block_elements, traits.block_bytes, bytes) &&
         !__builtin_mul_overflow(*bytes, static_cast<uint64_t>(rows), bytes);
}

Result<void> check_source(const WeightSource& source) {
  const TypeTraits* traits = find_type_traits(static_cast<uint32_t>(source.type));
  if (traits == nullptr) {
    return Error::format(ErrorCode::unsupported, "tensor '{}' has type {}, which is not supported", source.name,
                         static_cast<uint32_t>(source.type));
  }
  if (source.rows < 1 || source.cols < 1) {
    return Error::format(ErrorCode::invalid_argument, "tensor '{}' has an empty shape [{}, {}]", source.name,
                         source.rows, source.cols);
  }
  if (source.cols % traits->block_elements != 0) {
    return Error::format(ErrorCode::invalid_argument, "tensor '{}' has rows of {} weights, no multiple of {}'s {}",
                         source.name, source.cols, traits->name, traits->block_elements);
  }
  uint64_t bytes = 0;
  if (!matrix_bytes(*traits, source.rows, source.cols, &bytes) || bytes != source.data.size()) {
    return Error::format(ErrorCode::invalid_argument, "tensor '{}' has {} bytes, which is not [{}, {}] of {}",
                         source.name, source.data.size(), source.rows, source.cols, traits->name);
  }
  return {};
}

bool is_matrix(const CpuWeight& weight) {
  return weight.use == WeightUse::matrix || weight.use == WeightUse::head;
}

}  // namespace

CpuBackend::CpuBackend(const BackendOptions& options)
    : options_(options), pool_(options.num_threads, options.pin_threads) {}

// -- Set-up
// -------------------------------------------------------------------------------------------------------------

void CpuBackend::keep_weights_in(WeightStore& store) {
  LACUNA_CHECK(weights_.empty());
  store_ = &store;
}

Result<WeightId> CpuBackend::add_weight(const WeightSource& source) {
  LACUNA_RETURN_IF_ERROR(check_source(source));
  CpuWeight weight;
  weight.name = source.name;
  weight.type = source.type;
  weight.use = source.use;
  weight.precise_inputs = source.precise_inputs;
  weight.rows = source.rows;
  weight.cols = source.cols;
  weight.file = source.data;
  if (source.rows == 1) {
    weight.values.resize(static_cast<size_t>(source.cols));
    dequantize(source.type, source.data.data(), weight.values.size(), weight.values.data());
    allocated_bytes_ += weight.values.size() * sizeof(float);
  }
  if (is_matrix(weight)) LACUNA_RETURN_IF_ERROR(pack(weight));
  weights_.push_back(std::move(weight));
  return WeightId{static_cast<int32_t>(weights_.size()) - 1};
}

Result<Tensor> CpuBackend::allocate(int64_t rows, int64_t cols) {
  LACUNA_CHECK(rows >= 0 && cols >= 0);
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(static_cast<uint64_t>(rows), static_cast<uint64_t>(cols), &bytes) ||
      __builtin_mul_overflow(bytes, sizeof(float), &bytes)) {
    return Error::format(ErrorCode::exhausted, "activations of [{}, {}] do not fit in memory", rows, cols);
  }
  LACUNA_ASSIGN_OR_RETURN(AlignedBuffer buffer, claim(bytes, "activations"));
  const Tensor tensor{buffer.as<float>(), rows, cols};
  activations_.push_back(std::move(buffer));
  return tensor;
}

Result<KvCacheShape> CpuBackend::allocate_kv_cache(const KvCacheShape& shape) {
  LACUNA_CHECK(!kv_);
  LACUNA_CHECK(shape.num_layers > 0 && shape.num_blocks > 0 && shape.num_kv_heads > 0 && shape.head_dim > 0);
  uint64_t vectors = 0;
  uint64_t block_bytes = 0;
  uint64_t num_blocks = 0;
  uint64_t total = 0;
  LACUNA_CHECK(shape.blocks_of_layer.empty() ||
               static_cast<int>(shape.blocks_of_layer.size()) == shape.num_layers);
  kv_shape_ = shape;
  first_block_.assign(1, 0);
  for (int layer = 0; layer < shape.num_layers; ++layer) {
    LACUNA_CHECK(this->num_blocks(layer) > 0);
    num_blocks += static_cast<uint64_t>(this->num_blocks(layer));  // at most 2^62
    first_block_.push_back(num_blocks);
  }
  if (__builtin_mul_overflow(uint64_t{2} * kBlockTokens, static_cast<uint64_t>(shape.num_kv_heads), &vectors) ||
      __builtin_mul_overflow(vectors, static_cast<uint64_t>(shape.head_dim) * kv_element_bytes(), &block_bytes) ||
      __builtin_mul_overflow(block_bytes, num_blocks, &total)) {
    return Error::format(ErrorCode::exhausted, "a cache of {} blocks does not fit in memory", num_blocks);
  }
  LACUNA_ASSIGN_OR_RETURN(kv_, claim(total, "the key and value cache"));
  kv_block_bytes_ = block_bytes;
  kv_shape_.bytes_per_block = block_bytes * static_cast<uint64_t>(shape.num_layers);
  LACUNA_RETURN_IF_ERROR(prepare_kv_cache());
  return kv_shape_;
}

Result<AlignedBuffer> CpuBackend::claim(uint64_t bytes, std::string_view what) {
  AlignedBuffer buffer = AlignedBuffer::make(bytes);
  if (!buffer) return Error::format(ErrorCode::exhausted, "no memory for {} ({} bytes)", what, bytes);
  allocated_bytes_ += bytes;
  return buffer;
}

Result<WeightStore::Section> CpuBackend::claim_packed(uint64_t bytes, std::string_view name) {
  WeightStore::Section section{nullptr, false};
  if (store_ != nullptr) {
    LACUNA_ASSIGN_OR_RETURN(section, store_->claim(name, bytes));
  } else {
    section.data = arena_.allocate(bytes);
  }
  if (section.data == nullptr)
    return Error::format(ErrorCode::exhausted, "no memory for tensor '{}' ({} bytes)", name, bytes);
  allocated_bytes_ += bytes;
  return section;
}

void CpuBackend::release(AlignedBuffer& buffer) {
  allocated_bytes_ -= buffer.size();
  buffer = AlignedBuffer();
}

// -- Transfers --------------------------------------------------------------------------------------------------------

void CpuBackend::upload(std::span<const float> from, Tensor to) {
  LACUNA_CHECK(static_cast<int64_t>(from.size()) == to.rows * to.cols);
  std::copy(from.begin(), from.end(), to.data);
}

void CpuBackend::download(Tensor from, std::span<float> to) {
  LACUNA_CHECK(static_cast<int64_t>(to.size()) == from.rows * from.cols);
  std::copy_n(from.data, to.size(), to.data());
}

// -- Operations -------------------------------------------------------------------------------------------------------

void CpuBackend::embed(WeightId table, std::span<const int32_t> tokens, Tensor out) {
  const CpuWeight& w = weight(table);
  LACUNA_CHECK(out.rows == static_cast<int64_t>(tokens.size()) && out.cols == w.cols);
  pool_.for_each(out.rows, [&](int64_t i, int) {
    const int32_t token = tokens[static_cast<size_t>(i)];
    LACUNA_CHECK(token >= 0 && token < w.rows);
    dequantize(w.type, w.file_row(token), static_cast<size_t>(w.cols), out.data + i * out.cols);
  });
}

void CpuBackend::rms_norm(Tensor x, WeightId gain, float eps, Tensor out) {
  LACUNA_CHECK(out.rows == x.rows && out.cols == x.cols);
  run_rms_norm(x, vector(gain, x.cols), eps, out);
}

void CpuBackend::layer_norm(Tensor x, WeightId gain, WeightId bias, float eps, Tensor out) {
  LACUNA_CHECK(out.rows == x.rows && out.cols == x.cols);
  run_layer_norm(x, vector(gain, x.cols), vector(bias, x.cols), eps, out);
}

void CpuBackend::scale(Tensor x, float factor) {
  for (int64_t i = 0; i < x.rows * x.cols; ++i) x.data[i] *= factor;
}

void CpuBackend::add(Tensor x, Tensor to) {
  LACUNA_CHECK(to.rows == x.rows && to.cols == x.cols && to.data != x.data);
  for (int64_t i = 0; i < x.rows * x.cols; ++i) to.data[i] += x.data[i];
}

void CpuBackend::gelu(Tensor x) {
  run_gelu(x);
}

void CpuBackend::linear(Tensor x, std::span<const LinearTarget> targets) {
  LACUNA_CHECK(x.rows <= options_.max_rows);
  for (const LinearTarget& target : targets) {
    const CpuWeight& w = weight(target.weight);
    LACUNA_CHECK(is_matrix(w) && w.cols == x.cols && w.rows == target.out.cols);
    LACUNA_CHECK(target.out.rows == x.rows && target.out.data != x.data);
    optional_vector(target.bias, w.rows);
  }
  if (x.rows > 0) run_linear(x, targets);
}

void CpuBackend::best_rows(Tensor x, WeightId head, std::span<BestRows> best) {
  const CpuWeight& w = weight(head);
  LACUNA_CHECK(w.use == WeightUse::head && w.cols == x.cols && x.rows <= kMostBestRows && x.rows <= options_.max_rows);
  LACUNA_CHECK(static_cast<int64_t>(best.size()) == x.rows);
  for (BestRows& result : best) result = {};
  if (x.rows > 0) run_best_rows(x, w, best);
}

void CpuBackend::linear_rows(Tensor x, WeightId weight_id, std::span<const int32_t> rows, Tensor out) {
  const CpuWeight& w = weight(weight_id);
  LACUNA_CHECK(is_matrix(w) && w.cols == x.cols && x.rows <= kMostBestRows && x.rows <= options_.max_rows);
  LACUNA_CHECK(out.rows == x.rows && out.cols == static_cast<int64_t>(rows.size()) && out.data != x.data);
  for (size_t i = 0; i < rows.size(); ++i) {
    LACUNA_CHECK(rows[i] >= 0 && rows[i] < w.rows && (i == 0 || rows[i - 1] < rows[i]));
  }
  if (x.rows > 0 && !rows.empty()) run_linear_rows(x, w, rows, out);
}

void CpuBackend::linear_swiglu(Tensor x, WeightId gate, WeightId up, Tensor out) {
  linear_gated(x, gate, up, Activation::silu, out);
}

void CpuBackend::linear_geglu(Tensor x, WeightId gate, WeightId up, Tensor out) {
  linear_gated(x, gate, up, Activation::gelu, out);
}

void CpuBackend::linear_gated(Tensor x, WeightId gate, WeightId up, Activation activation, Tensor out) {
  const CpuWeight& g = weight(gate);
  const CpuWeight& u = weight(up);
  LACUNA_CHECK(x.rows <= options_.max_rows && out.rows == x.rows && out.data != x.data);
  LACUNA_CHECK(is_matrix(g) && g.cols == x.cols && g.rows == out.cols);
  LACUNA_CHECK(is_matrix(u) && u.cols == x.cols && u.rows == out.cols);
  if (x.rows > 0) run_gated(x, g, u, activation, out);
}

void CpuBackend::rope(Tensor x, int head_dim, std::span<const int32_t> positions, const RopeParameters& parameters) {
  const int dims = parameters.num_dims;
  LACUNA_CHECK(head_dim > 0 && x.cols % head_dim == 0 && static_cast<int64_t>(positions.size()) == x.rows);
  LACUNA_CHECK(dims >= 0 && dims <= head_dim && dims % 2 == 0);
  LACUNA_CHECK(parameters.frequency_factors.empty() ||
               static_cast<int>(parameters.frequency_factors.size()) == dims / 2);
  if (dims == 0) return;
  prepare_angles(positions, parameters);
  run_rope(x, head_dim, parameters, angles_.cos.data(), angles_.sin.data());
}

/// The references compute the inverse frequencies and the angles in single precision; so do we.
void CpuBackend::prepare_angles(std::span<const int32_t> positions, const RopeParameters& parameters) {
  const auto num_pairs = static_cast<size_t>(parameters.num_dims / 2);
  const bool same_frequencies = same_angles(angles_.parameters, parameters);
  if (same_frequencies &&
      std::equal(positions.begin(), positions.end(), angles_.positions.begin(), angles_.positions.end()))
    return;
  if (!same_frequencies) {
    angles_.parameters = parameters;
    angles_.frequencies.resize(num_pairs);
    for (size_t i = 0; i < num_pairs; ++i) {
      const double exponent = 2.0 * static_cast<double>(i) / parameters.num_dims;
      const auto frequency = static_cast<float>(1.0 / std::pow(static_cast<double>(parameters.base), exponent));
      angles_.frequencies[i] =
          parameters.frequency_factors.empty() ? frequency : frequency / parameters.frequency_factors[i];
    }
  }
  angles_.positions.assign(positions.begin(), positions.end());
  angles_.cos.resize(positions.size() * num_pairs);
  angles_.sin.resize(positions.size() * num_pairs);
  pool_.for_each(static_cast<int64_t>(positions.size()), [&](int64_t row, int) {
    const float position = static_cast<float>(positions[static_cast<size_t>(row)]) * parameters.position_scale;
    for (size_t i = 0; i < num_pairs; ++i) {
      const float angle = position * angles_.frequencies[i];
      angles_.cos[static_cast<size_t>(row) * num_pairs + i] = std::cos(angle);
      angles_.sin[static_cast<size_t>(row) * num_pairs + i] = std::sin(angle);
    }
  });
  if (pool_.stopped()) angles_.positions.clear();  // not all were computed: nobody may take them for those of his rows
}

void CpuBackend::write_kv(int layer, Tensor keys, Tensor values, std::span<const int32_t> slots) {
  LACUNA_CHECK(kv_ && layer >= 0 && layer < kv_shape_.num_layers);
  const int64_t cols = static_cast<int64_t>(kv_shape_.num_kv_heads) * kv_shape_.head_dim;
  LACUNA_CHECK(keys.cols == cols && values.cols == cols && keys.rows == values.rows);
  LACUNA_CHECK(static_cast<int64_t>(slots.size()) == keys.rows);
  for (const int32_t slot : slots) LACUNA_CHECK(slot >= 0 && slot / kBlockTokens < num_blocks(layer));
  run_write_kv(layer, keys, values, slots);
}

void CpuBackend::attention(const AttentionParameters& parameters, Tensor queries,
                           std::span<const AttentionSequence> sequences, Tensor out) {
  LACUNA_CHECK(kv_ && parameters.layer >= 0 && parameters.layer < kv_shape_.num_layers);
  LACUNA_CHECK(parameters.num_kv_heads == kv_shape_.num_kv_heads && parameters.head_dim == kv_shape_.head_dim);
  LACUNA_CHECK(parameters.num_heads > 0 && parameters.num_heads % parameters.num_kv_heads == 0);
  LACUNA_CHECK(queries.cols == static_cast<int64_t>(parameters.num_heads) * parameters.head_dim);
  LACUNA_CHECK(out.rows == queries.rows && out.cols == queries.cols && parameters.window >= 0);
  LACUNA_CHECK(out.data != queries.data);
  for (const AttentionSequence& sequence : sequences) check_sequence(parameters, sequence, queries.rows);
  run_attention(parameters, queries, sequences, out);
}

void CpuBackend::check_sequence(const AttentionParameters& parameters, const AttentionSequence& sequence,
                                int64_t num_rows) const {
  LACUNA_CHECK(sequence.num_tokens >= 0 && sequence.first_row >= 0);
  LACUNA_CHECK(sequence.first_row + static_cast<int64_t>(sequence.num_tokens) <= num_rows);
  LACUNA_CHECK(sequence.context_tokens >= sequence.num_tokens);
  const int first_query = sequence.context_tokens - sequence.num_tokens;
  const int first_seen = parameters.window > 0 ? std::max(0, first_query - parameters.window + 1) : 0;
  const int end = sequence.num_tokens > 0 ? (sequence.context_tokens + kBlockTokens - 1) / kBlockTokens : 0;
  LACUNA_CHECK(static_cast<int>(sequence.block_table.size()) >= end);
  for (int i = first_seen / kBlockTokens; i < end; ++i) {
    const int32_t block = sequence.block_table[static_cast<size_t>(i)];
    LACUNA_CHECK(block >= 0 && block < num_blocks(parameters.layer));
  }
}

void CpuBackend::gather_rows(Tensor x, std::span<const int32_t> rows, Tensor out) {
  LACUNA_CHECK(out.cols == x.cols && out.rows == static_cast<int64_t>(rows.size()) && out.data != x.data);
  for (size_t i = 0; i < rows.size(); ++i) {
    LACUNA_CHECK(rows[i] >= 0 && rows[i] < x.rows);
    std::copy_n(x.data + rows[i] * x.cols, x.cols, out.data + static_cast<int64_t>(i) * out.cols);
  }
}

void CpuBackend::copy_blocks(std::span<const BlockCopy> copies, std::span<const int> layers) {
  LACUNA_CHECK(kv_);
  for (const BlockCopy& copy : copies) {
    for (const int layer : layers) {
      LACUNA_CHECK(layer >= 0 && layer < kv_shape_.num_layers);
      LACUNA_CHECK(copy.from >= 0 && copy.from < num_blocks(layer));
      LACUNA_CHECK(copy.to >= 0 && copy.to < num_blocks(layer));
      if (copy.from == copy.to) continue;
      std::memcpy(block_keys(layer, copy.to), block_keys(layer, copy.from), kv_block_bytes_);
    }
  }
}

// -- For the subclasses -----------------------------------------------------------------------------------------------

int CpuBackend::num_blocks(int layer) const {
  return kv_shape_.blocks_of_layer.empty() ? kv_shape_.num_blocks
                                           : kv_shape_.blocks_of_layer[static_cast<size_t>(layer)];
}

const CpuWeight& CpuBackend::weight(WeightId id) const {
  LACUNA_CHECK(id.index >= 0 && static_cast<size_t>(id.index) < weights_.size());
  return weights_[static_cast<size_t>(id.index)];
}

const CpuWeight* CpuBackend::next_matrix(const CpuWeight& w) const {
  const auto next = std::find_if(weights_.begin() + (&w - weights_.data()) + 1, weights_.end(), is_matrix);
  return next == weights_.end() ? nullptr : &*next;
}

const float* CpuBackend::vector(WeightId id, int64_t cols) const {
  const CpuWeight& w = weight(id);
  LACUNA_CHECK(w.rows == 1 && w.cols == cols);
  return w.values.data();
}

const float* CpuBackend::optional_vector(WeightId id, int64_t cols) const {
  return id.valid() ? vector(id, cols) : nullptr;
}

}  // namespace lacuna::kernels
