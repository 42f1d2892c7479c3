#include "tests/kernels/fixtures.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace lacuna::kernels {
namespace {

using Random = std::mt19937;

float uniform(Random& random, float low, float high) {
  return low + (high - low) * static_cast<float>(random() >> 8) * 0x1p-24f;
}

Half half_of_size(Random& random, float size) {
  return float_to_half(uniform(random, 0.5f * size, 1.5f * size));
}

void fill(Random& random, uint8_t* bytes, size_t count) {
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<uint8_t>(random() >> 16);
}

/// Random codes everywhere, then scales that give weights of about 0.05.
template <class Block>
Block random_codes(Random& random) {
  Block block;
  fill(random, reinterpret_cast<uint8_t*>(&block), sizeof(Block));
  return block;
}

void append(std::vector<std::byte>& out, const void* data, size_t size) {
  const auto* bytes = static_cast<const std::byte*>(data);
  out.insert(out.end(), bytes, bytes + size);
}

template <class Block>
void append_symmetric(Random& random, float scale, std::vector<std::byte>& out) {
  auto block = random_codes<Block>(random);
  block.d = half_of_size(random, scale);
  append(out, &block, sizeof(block));
}

template <class Block>
void append_affine(Random& random, float scale, float minimum, std::vector<std::byte>& out) {
  auto block = random_codes<Block>(random);
  block.d = half_of_size(random, scale);
  block.m = float_to_half(minimum * uniform(random, 0.8f, 1.2f));
  append(out, &block, sizeof(block));
}

template <class Block>
void append_k(Random& random, float scale, float minimum, std::vector<std::byte>& out) {
  auto block = random_codes<Block>(random);
  block.d = half_of_size(random, scale);
  block.dmin = half_of_size(random, minimum);
  append(out, &block, sizeof(block));
}

void append_block(Random& random, TensorType type, std::vector<std::byte>& out) {
  const float value = uniform(random, -0.1f, 0.1f);
  const Half half = float_to_half(value);
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  const auto bf16 = static_cast<uint16_t>(bits >> 16);
  switch (type) {
    case TensorType::f32:
      return append(out, &value, 4);
    case TensorType::f16:
      return append(out, &half, 2);
    case TensorType::bf16:
      return append(out, &bf16, 2);
    case TensorType::q4_0:
      return append_symmetric<BlockQ4_0>(random, 0.01f, out);
    case TensorType::q4_1:
      return append_affine<BlockQ4_1>(random, 0.01f, -0.075f, out);
    case TensorType::q5_0:
      return append_symmetric<BlockQ5_0>(random, 0.005f, out);
    case TensorType::q5_1:
      return append_affine<BlockQ5_1>(random, 0.005f, -0.075f, out);
    case TensorType::q8_0:
      return append_symmetric<BlockQ8_0>(random, 0.0007f, out);
    case TensorType::q4_k:
      return append_k<BlockQ4_K>(random, 0.0003f, 0.0024f, out);
    case TensorType::q5_k:
      return append_k<BlockQ5_K>(random, 0.00015f, 0.0024f, out);
    case TensorType::q6_k:
      return append_symmetric<BlockQ6_K>(random, 0.00004f, out);
  }
}

}  // namespace

std::vector<float> Matrix::row(int64_t index) const {
  std::vector<float> out(static_cast<size_t>(cols));
  const size_t row_bytes = bytes.size() / static_cast<size_t>(rows);
  dequantize(type, bytes.data() + row_bytes * static_cast<size_t>(index), out.size(), out.data());
  return out;
}

Matrix random_matrix(TensorType type, int64_t rows, int64_t cols, uint32_t seed) {
  Matrix matrix{type, rows, cols, {}};
  Random random(seed);
  const int64_t blocks = rows * cols / type_traits(type).block_elements;
  for (int64_t i = 0; i < blocks; ++i) append_block(random, type, matrix.bytes);
  return matrix;
}

Matrix vector_of(const std::vector<float>& values) {
  Matrix matrix{TensorType::f32, 1, static_cast<int64_t>(values.size()), {}};
  append(matrix.bytes, values.data(), values.size() * sizeof(float));
  return matrix;
}

std::vector<float> random_values(size_t count, uint32_t seed, float size) {
  Random random(seed);
  std::vector<float> out(count);
  for (float& value : out) value = uniform(random, -size, size);
  return out;
}

std::vector<float> values_with_outliers(int64_t rows, int64_t cols, uint32_t seed) {
  std::vector<float> out = random_values(static_cast<size_t>(rows * cols), seed);
  for (int64_t row = 0; row < rows; ++row) out[static_cast<size_t>(row * cols + (row * 7 + 3) % cols)] *= 300.0f;
  return out;
}

std::unique_ptr<Backend> make_backend(const std::string& isa, int num_threads, int max_rows) {
  BackendOptions options;
  options.isa = isa;
  options.num_threads = num_threads;
  options.max_rows = max_rows;
  auto backend = make_cpu_backend(options);
  REQUIRE(backend.ok());
  REQUIRE((isa == "auto" || (*backend)->isa().starts_with(isa)));
  REQUIRE((*backend)->num_threads() == num_threads);
  return std::move(backend).value();
}

std::vector<std::string> vector_isas() {
  std::vector<std::string> isas = available_isas();
  isas.pop_back();
  return isas;
}

Tensor uploaded(Backend& backend, const std::vector<float>& values, int64_t cols) {
  auto tensor = backend.allocate(static_cast<int64_t>(values.size()) / cols, cols);
  REQUIRE(tensor.ok());
  backend.upload(values, *tensor);
  return *tensor;
}

std::vector<float> downloaded(Backend& backend, Tensor tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.rows * tensor.cols));
  backend.download(tensor, values);
  return values;
}

double relative_error(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double difference = 0;
  double norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) return std::numeric_limits<double>::infinity();
    difference += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    norm += static_cast<double>(b[i]) * b[i];
  }
  return norm == 0 ? std::sqrt(difference) : std::sqrt(difference / norm);
}

std::vector<float> rows_of(const std::vector<float>& values, int64_t cols, int64_t first, int64_t count) {
  return {values.begin() + first * cols, values.begin() + (first + count) * cols};
}

}  // namespace lacuna::kernels
