/// What the kernel tests share: random weights of every type, backends by instruction set, and errors by norms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace lacuna::kernels {

inline constexpr TensorType kAllTypes[] = {TensorType::f32,  TensorType::f16,  TensorType::bf16, TensorType::q4_0,
                                           TensorType::q4_1, TensorType::q5_0, TensorType::q5_1, TensorType::q8_0,
                                           TensorType::q4_k, TensorType::q5_k, TensorType::q6_k};

inline bool is_float_type(TensorType type) {
  return type_traits(type).block_elements == 1;
}

/// A matrix in a file's format. Codes and scales are random over their whole range; weights are about 0.05 in size.
struct Matrix {
  TensorType type;
  int64_t rows, cols;
  std::vector<std::byte> bytes;

  WeightSource source(WeightUse use = WeightUse::matrix) const { return {"test", type, rows, cols, bytes, use}; }
  std::vector<float> row(int64_t index) const;
};

Matrix random_matrix(TensorType type, int64_t rows, int64_t cols, uint32_t seed);
Matrix vector_of(const std::vector<float>& values);

std::vector<float> random_values(size_t count, uint32_t seed, float size = 1.0f);
/// As a model's layers have them: a few inputs are hundreds of times the others.
std::vector<float> values_with_outliers(int64_t rows, int64_t cols, uint32_t seed);

/// A backend of this instruction set, which must be one that the machine has. Checks that isa() says so.
std::unique_ptr<Backend> make_backend(const std::string& isa, int num_threads = 2, int max_rows = 512);
/// All but "scalar": the ones to compare with it. Empty on a machine without AVX2.
std::vector<std::string> vector_isas();

Tensor uploaded(Backend& backend, const std::vector<float>& values, int64_t cols);
std::vector<float> downloaded(Backend& backend, Tensor tensor);

/// |a - b| / |b| in the Euclidean norm; infinite if the lengths differ or a value is not finite.
double relative_error(const std::vector<float>& a, const std::vector<float>& b);

/// Rows [first, first + count) of a matrix of `cols` columns.
std::vector<float> rows_of(const std::vector<float>& values, int64_t cols, int64_t first, int64_t count);

}  // namespace lacuna::kernels
