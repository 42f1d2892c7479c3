/// The scalar backend: the shortest correct code, and the oracle that every other backend is tested against.
///
/// Weights are dequantised row by row, in each call; arithmetic, activations and the KV cache are single precision.
/// Loops over independent lanes let the compiler vectorise without changing any order of summation: a result depends on
/// nothing but its own row.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "kernels/cpu/cpu_backend.h"

namespace lacuna::kernels {
namespace {

constexpr int kLanes = 16;

float sum_of(const float* lanes) {
  float sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += lanes[i];
  return sum;
}

float dot(const float* a, const float* b, int64_t n) {
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int j = 0; j < kLanes; ++j) lanes[j] += a[i + j] * b[i + j];
  }
  for (int j = 0; i < n; ++i, ++j) lanes[j] += a[i] * b[i];
  return sum_of(lanes);
}

float silu(float x) {
  return x / (1.0f + std::exp(-x));
}

float gelu_of(float x) {
  constexpr float kFactor = 0.7978845608f;  // sqrt(2 / pi)
  return 0.5f * x * (1.0f + std::tanh(kFactor * (x + 0.044715f * x * x * x)));
}

class ScalarBackend final : public CpuBackend {
 public:
  explicit ScalarBackend(const BackendOptions& options)
      : CpuBackend(options), row_buffers_(static_cast<size_t>(num_threads())) {}

  std::string_view isa() const override { return "scalar"; }

 private:
  size_t kv_element_bytes() const override { return sizeof(float); }

  Result<void> pack(CpuWeight& weight) override {
    for (std::vector<float>& buffer : row_buffers_) {
      buffer.resize(std::max(buffer.size(), static_cast<size_t>(2 * weight.cols)));
    }
    return {};
  }

  /// Row `row` in single precision, in the worker's buffer number `which` (0 or 1).
  const float* decoded_row(const CpuWeight& weight, int64_t row, int worker, int which = 0) {
    float* out = row_buffers_[static_cast<size_t>(worker)].data() + which * weight.cols;
    dequantize(weight.type, weight.file_row(row), static_cast<size_t>(weight.cols), out);
    return out;
  }

  void run_rms_norm(Tensor x, const float* gain, float eps, Tensor out) override {
    for (int64_t row = 0; row < x.rows; ++row) {
      const float* from = x.data + row * x.cols;
      float* to = out.data + row * x.cols;
      const float mean_square = dot(from, from, x.cols) / static_cast<float>(x.cols);
      const float factor = 1.0f / std::sqrt(mean_square + eps);
      for (int64_t i = 0; i < x.cols; ++i) to[i] = from[i] * factor * gain[i];
    }
  }

  void run_layer_norm(Tensor x, const float* gain, const float* bias, float eps, Tensor out) override {
    const auto cols = static_cast<double>(x.cols);
    for (int64_t row = 0; row < x.rows; ++row) {
      const float* from = x.data + row * x.cols;
      float* to = out.data + row * x.cols;
      double sum = 0;
      double squares = 0;
      for (int64_t i = 0; i < x.cols; ++i) sum += from[i];
      const double mean = sum / cols;
      for (int64_t i = 0; i < x.cols; ++i) squares += (from[i] - mean) * (from[i] - mean);
      const double factor = 1 / std::sqrt(squares / cols + eps);
      for (int64_t i = 0; i < x.cols; ++i) {
        to[i] = static_cast<float>((from[i] - mean) * factor) * gain[i] + bias[i];
      }
    }
  }

  void run_gelu(Tensor x) override {
    for (int64_t i = 0; i < x.rows * x.cols; ++i) x.data[i] = gelu_of(x.data[i]);
  }

  void run_linear(Tensor x, std::span<const LinearTarget> targets) override {
    for (const LinearTarget& target : targets) {
      const CpuWeight& w = weight(target.weight);
      const float* bias = optional_vector(target.bias, w.rows);
      pool_.for_each(w.rows, [&](int64_t j, int worker) {
        const float* row = decoded_row(w, j, worker);
        for (int64_t i = 0; i < x.rows; ++i) {
          float* out = target.out.data + i * target.out.cols + j;
          const float product = dot(x.data + i * x.cols, row, x.cols) + (bias != nullptr ? bias[j] : 0.0f);
          *out = target.accumulate ? *out + product : product;
        }
      });
    }
  }

  /// The oracle has no short cuts: linear() tells.
  void run_best_rows(Tensor, const CpuWeight&, std::span<BestRows>) override {}

  void run_linear_rows(Tensor x, const CpuWeight& w, std::span<const int32_t> rows, Tensor out) override {
    pool_.for_each(out.cols, [&](int64_t j, int worker) {
      const float* row = decoded_row(w, rows[static_cast<size_t>(j)], worker);
      for (int64_t i = 0; i < x.rows; ++i) out.data[i * out.cols + j] = dot(x.data + i * x.cols, row, x.cols);
    });
  }

  void run_gated(Tensor x, const CpuWeight& gate, const CpuWeight& up, Activation activation, Tensor out) override {
    const auto activate = activation == Activation::gelu ? gelu_of : silu;
    pool_.for_each(gate.rows, [&](int64_t j, int worker) {
      const float* gate_row = decoded_row(gate, j, worker, 0);
      const float* up_row = decoded_row(up, j, worker, 1);
      for (int64_t i = 0; i < x.rows; ++i) {
        const float* input = x.data + i * x.cols;
        out.data[i * out.cols + j] = activate(dot(input, gate_row, x.cols)) * dot(input, up_row, x.cols);
      }
    });
  }

  void run_rope(Tensor x, int head_dim, const RopeParameters& parameters, const float* cos, const float* sin) override {
    const int num_pairs = parameters.num_dims / 2;
    const int step = parameters.interleaved ? 2 : 1;
    const int distance = parameters.interleaved ? 1 : num_pairs;
    for (int64_t row = 0; row < x.rows; ++row, cos += num_pairs, sin += num_pairs) {
      for (float* head = x.data + row * x.cols; head < x.data + (row + 1) * x.cols; head += head_dim) {
        for (int i = 0; i < num_pairs; ++i) {
          const float a = head[i * step];
          const float b = head[i * step + distance];
          head[i * step] = a * cos[i] - b * sin[i];
          head[i * step + distance] = b * cos[i] + a * sin[i];
        }
      }
    }
  }

  /// Where the vector of `token` (a position in the block) and `kv_head` starts, from the start of a block's keys or
  /// values.
  int64_t offset_in_block(int kv_head, int token) const {
    return (static_cast<int64_t>(kv_head) * kBlockTokens + token) * kv_shape_.head_dim;
  }

  void run_write_kv(int layer, Tensor keys, Tensor values, std::span<const int32_t> slots) override {
    const int head_dim = kv_shape_.head_dim;
    for (int64_t i = 0; i < keys.rows; ++i) {
      const int32_t slot = slots[static_cast<size_t>(i)];
      auto* block_k = reinterpret_cast<float*>(block_keys(layer, slot / kBlockTokens));
      auto* block_v = reinterpret_cast<float*>(block_values(layer, slot / kBlockTokens));
      for (int h = 0; h < kv_shape_.num_kv_heads; ++h) {
        const int64_t offset = offset_in_block(h, slot % kBlockTokens);
        std::copy_n(keys.data + i * keys.cols + h * head_dim, head_dim, block_k + offset);
        std::copy_n(values.data + i * values.cols + h * head_dim, head_dim, block_v + offset);
      }
    }
  }

  void run_attention(const AttentionParameters& parameters, Tensor queries,
                     std::span<const AttentionSequence> sequences, Tensor out) override {
    for (const AttentionSequence& sequence : sequences) {
      pool_.for_each(static_cast<int64_t>(sequence.num_tokens) * parameters.num_heads, [&](int64_t item, int) {
        const auto token = static_cast<int>(item / parameters.num_heads);
        const auto head = static_cast<int>(item % parameters.num_heads);
        const int64_t offset = (sequence.first_row + token) * queries.cols + head * parameters.head_dim;
        attend(parameters, sequence, token, head, queries.data + offset, out.data + offset);
      });
    }
  }

  /// One head of one query, in one pass over its keys with a running maximum.
  void attend(const AttentionParameters& parameters, const AttentionSequence& sequence, int token, int head,
              const float* query, float* out) const {
    const int head_dim = parameters.head_dim;
    const int kv_head = head / (parameters.num_heads / parameters.num_kv_heads);
    const int last = sequence.context_tokens - sequence.num_tokens + token;
    const int first = parameters.window > 0 ? std::max(0, last - parameters.window + 1) : 0;
    float maximum = -INFINITY;
    float total = 0;
    std::fill_n(out, head_dim, 0.0f);
    for (int t = first; t <= last; ++t) {
      const int32_t block = sequence.block_table[static_cast<size_t>(t / kBlockTokens)];
      const int64_t offset = offset_in_block(kv_head, t % kBlockTokens);
      const auto* key = reinterpret_cast<const float*>(block_keys(parameters.layer, block)) + offset;
      const auto* value = reinterpret_cast<const float*>(block_values(parameters.layer, block)) + offset;
      const float score = parameters.scale * dot(query, key, head_dim);
      const float new_maximum = std::max(maximum, score);
      const float keep = std::exp(maximum - new_maximum);  // 0 at the first key
      const float weight = std::exp(score - new_maximum);
      for (int i = 0; i < head_dim; ++i) out[i] = out[i] * keep + weight * value[i];
      total = total * keep + weight;
      maximum = new_maximum;
    }
    for (int i = 0; i < head_dim; ++i) out[i] /= total;
  }

  std::vector<std::vector<float>> row_buffers_;  // [worker][2 * the longest row]
};

}  // namespace

std::unique_ptr<Backend> make_scalar_backend(const BackendOptions& options) {
  return std::make_unique<ScalarBackend>(options);
}

}  // namespace lacuna::kernels
