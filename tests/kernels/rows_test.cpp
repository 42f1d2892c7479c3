/// The operations on single rows: embed, rms_norm, rope, gather_rows.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/kernels/fixtures.h"

namespace lacuna::kernels {
namespace {

std::vector<float> normalised(Backend& backend, const std::vector<float>& x, const std::vector<float>& gain,
                              float eps) {
  const auto cols = static_cast<int64_t>(gain.size());
  const WeightId id = *backend.add_weight(vector_of(gain).source(WeightUse::vector));
  const Tensor input = uploaded(backend, x, cols);
  const Tensor out = *backend.allocate(input.rows, cols);
  backend.rms_norm(input, id, eps, out);
  return downloaded(backend, out);
}

std::vector<float> rotated(Backend& backend, const std::vector<float>& x, int64_t cols, int head_dim,
                           const std::vector<int32_t>& positions, const RopeParameters& parameters) {
  const Tensor tensor = uploaded(backend, x, cols);
  backend.rope(tensor, head_dim, positions, parameters);
  return downloaded(backend, tensor);
}

/// From the definition, in double precision but for the angles, which the references compute in single precision.
std::vector<float> rotated_by_definition(std::vector<float> x, int64_t cols, int head_dim,
                                         const std::vector<int32_t>& positions, const RopeParameters& p) {
  for (size_t i = 0; i < x.size(); i += static_cast<size_t>(head_dim)) {
    const auto row = static_cast<size_t>(static_cast<int64_t>(i) / cols);
    for (int pair = 0; pair < p.num_dims / 2; ++pair) {
      auto frequency = static_cast<float>(std::pow(static_cast<double>(p.base), -2.0 * pair / p.num_dims));
      if (!p.frequency_factors.empty()) frequency /= p.frequency_factors[static_cast<size_t>(pair)];
      const float angle = static_cast<float>(positions[row]) * p.position_scale * frequency;
      float& a = x[i + static_cast<size_t>(p.interleaved ? 2 * pair : pair)];
      float& b = x[i + static_cast<size_t>(p.interleaved ? 2 * pair + 1 : pair + p.num_dims / 2)];
      const double c = std::cos(static_cast<double>(angle));
      const double s = std::sin(static_cast<double>(angle));
      const double rotated_a = a * c - b * s;
      b = static_cast<float>(b * c + a * s);
      a = static_cast<float>(rotated_a);
    }
  }
  return x;
}

}  // namespace

TEST_CASE("embed reads rows of a table of any type, exactly") {
  for (const std::string& isa : available_isas()) {
    for (const TensorType type : kAllTypes) {
      const Matrix table = random_matrix(type, 50, 256, 1);
      auto backend = make_backend(isa);
      for (const WeightUse use : {WeightUse::table, WeightUse::matrix}) {
        const WeightId id = *backend->add_weight(table.source(use));
        const std::vector<int32_t> tokens{49, 0, 7, 7};
        const Tensor out = *backend->allocate(4, 256);
        backend->embed(id, tokens, out);
        const std::vector<float> got = downloaded(*backend, out);
        for (size_t i = 0; i < tokens.size(); ++i)
          CHECK(rows_of(got, 256, static_cast<int64_t>(i), 1) == table.row(tokens[i]));
      }
    }
  }
}

TEST_CASE("rms_norm divides by the root mean square, for any width") {
  for (const std::string& isa : available_isas()) {
    for (const int64_t cols : {1, 7, 16, 33, 576, 896}) {
      for (const int64_t rows : {1, 3, 40}) {
        const std::vector<float> x = values_with_outliers(rows, cols, 2);
        const std::vector<float> gain = random_values(static_cast<size_t>(cols), 3);
        std::vector<float> expected = x;
        for (int64_t i = 0; i < rows; ++i) {
          double squares = 0;
          for (int64_t k = 0; k < cols; ++k)
            squares += std::pow(static_cast<double>(x[static_cast<size_t>(i * cols + k)]), 2);
          const double factor = 1 / std::sqrt(squares / static_cast<double>(cols) + 1e-6);
          for (int64_t k = 0; k < cols; ++k) {
            float& value = expected[static_cast<size_t>(i * cols + k)];
            value = static_cast<float>(value * factor * gain[static_cast<size_t>(k)]);
          }
        }
        auto backend = make_backend(isa);
        CHECK(relative_error(normalised(*backend, x, gain, 1e-6f), expected) < 1e-6);
      }
    }
  }
}

TEST_CASE("rms_norm may write over its input, and a row of zeros stays one") {
  for (const std::string& isa : available_isas()) {
    auto backend = make_backend(isa);
    const std::vector<float> x = random_values(5 * 64, 4);
    const std::vector<float> gain = random_values(64, 5);
    const Tensor tensor = uploaded(*backend, x, 64);
    backend->rms_norm(tensor, *backend->add_weight(vector_of(gain).source(WeightUse::vector)), 1e-5f, tensor);
    CHECK(downloaded(*backend, tensor) == normalised(*backend, x, gain, 1e-5f));
    CHECK(normalised(*backend, std::vector<float>(64), gain, 1e-5f) == std::vector<float>(64));
  }
}

TEST_CASE("rope rotates pairs by position, in both orders, with scaling, factors and partial heads") {
  const std::vector<int32_t> positions{0, 1, 17, 5000, 32767, 3, 4, 5, 6, 7};
  for (const std::string& isa : available_isas()) {
    for (const int head_dim : {2, 8, 64, 80, 128}) {
      for (const bool interleaved : {false, true}) {
        for (const int num_dims : {head_dim, head_dim / 4 * 2}) {
          RopeParameters parameters;
          parameters.base = 1e6f;
          parameters.num_dims = num_dims;
          parameters.interleaved = interleaved;
          if (num_dims == 64) parameters.position_scale = 0.25f;
          if (num_dims == 128) parameters.frequency_factors = std::vector<float>(64, 3.0f);
          CAPTURE(isa);
          CAPTURE(head_dim);
          CAPTURE(num_dims);
          CAPTURE(interleaved);
          const int64_t cols = 3 * head_dim;
          const std::vector<float> x = random_values(positions.size() * static_cast<size_t>(cols), 6);
          auto backend = make_backend(isa);
          CHECK(relative_error(rotated(*backend, x, cols, head_dim, positions, parameters),
                               rotated_by_definition(x, cols, head_dim, positions, parameters)) < 2e-6);
        }
      }
    }
  }
}

TEST_CASE("rope depends on the call's own positions and parameters, not on the last call's") {
  for (const std::string& isa : available_isas()) {
    auto backend = make_backend(isa);
    const std::vector<float> x = random_values(2 * 32, 7);
    RopeParameters parameters;
    parameters.num_dims = 32;
    const std::vector<float> first = rotated(*backend, x, 32, 32, {1, 2}, parameters);
    const std::vector<float> moved = rotated(*backend, x, 32, 32, {2, 3}, parameters);
    parameters.base = 500.0f;
    const std::vector<float> other = rotated(*backend, x, 32, 32, {2, 3}, parameters);
    parameters.base = 10000.0f;
    CHECK(first != moved);
    CHECK(moved != other);
    CHECK(rotated(*backend, x, 32, 32, {1, 2}, parameters) == first);
    CHECK(rotated(*backend, rows_of(x, 32, 1, 1), 32, 32, {2}, parameters) == rows_of(first, 32, 1, 1));
  }
}

TEST_CASE("rows are the same in any batch") {
  for (const std::string& isa : available_isas()) {
    auto backend = make_backend(isa, 3);
    const std::vector<float> x = values_with_outliers(40, 100, 8);
    const std::vector<float> gain = random_values(100, 9);
    const std::vector<float> all = normalised(*backend, x, gain, 1e-6f);
    for (int64_t row = 0; row < 40; ++row) {
      CHECK(normalised(*backend, rows_of(x, 100, row, 1), gain, 1e-6f) == rows_of(all, 100, row, 1));
    }
  }
}

TEST_CASE("gather_rows copies the rows that it is told, repeatedly and in any order") {
  for (const std::string& isa : available_isas()) {
    auto backend = make_backend(isa);
    const std::vector<float> x = random_values(5 * 7, 10);
    const Tensor out = *backend->allocate(3, 7);
    const std::vector<int32_t> rows{4, 0, 4};
    backend->gather_rows(uploaded(*backend, x, 7), rows, out);
    const std::vector<float> got = downloaded(*backend, out);
    for (size_t i = 0; i < rows.size(); ++i)
      CHECK(rows_of(got, 7, static_cast<int64_t>(i), 1) == rows_of(x, 7, rows[i], 1));
  }
}

TEST_CASE("layer_norm takes the mean away and divides by the deviation, for any width and over its input") {
  for (const std::string& isa : available_isas()) {
    for (const int64_t cols : {2, 7, 33, 576}) {
      for (const int64_t rows : {1, 9}) {
        const std::vector<float> x = values_with_outliers(rows, cols, 11);
        const std::vector<float> gain = random_values(static_cast<size_t>(cols), 12);
        const std::vector<float> bias = random_values(static_cast<size_t>(cols), 13);
        std::vector<float> expected = x;
        for (int64_t i = 0; i < rows; ++i) {
          double sum = 0, squares = 0;
          for (int64_t k = 0; k < cols; ++k) sum += static_cast<double>(x[static_cast<size_t>(i * cols + k)]);
          const double mean = sum / static_cast<double>(cols);
          for (int64_t k = 0; k < cols; ++k)
            squares += std::pow(static_cast<double>(x[static_cast<size_t>(i * cols + k)]) - mean, 2);
          const double factor = 1 / std::sqrt(squares / static_cast<double>(cols) + 1e-5);
          for (int64_t k = 0; k < cols; ++k) {
            const auto column = static_cast<size_t>(k);
            float& value = expected[static_cast<size_t>(i * cols) + column];
            value =
                static_cast<float>((static_cast<double>(value) - mean) * factor * static_cast<double>(gain[column]) +
                                   static_cast<double>(bias[column]));
          }
        }
        auto backend = make_backend(isa);
        const Tensor tensor = uploaded(*backend, x, cols);
        backend->layer_norm(tensor, *backend->add_weight(vector_of(gain).source(WeightUse::vector)),
                            *backend->add_weight(vector_of(bias).source(WeightUse::vector)), 1e-5f, tensor);
        CHECK(relative_error(downloaded(*backend, tensor), expected) < 1e-5);
      }
    }
  }
}

TEST_CASE("gelu is the tanh form, alone and in the gated product") {
  const auto by_definition = [](float x) {
    const double v = static_cast<double>(x);
    return static_cast<float>(0.5 * v * (1 + std::tanh(0.7978845608028654 * (v + 0.044715 * v * v * v))));
  };
  for (const std::string& isa : available_isas()) {
    for (const int64_t cols : {1, 8, 37}) {
      auto backend = make_backend(isa);
      std::vector<float> x = random_values(static_cast<size_t>(3 * cols), 14, 6.0f);
      x[0] = -100;
      const Tensor tensor = uploaded(*backend, x, cols);
      backend->gelu(tensor);
      for (float& value : x) value = by_definition(value);
      CHECK(relative_error(downloaded(*backend, tensor), x) < 1e-6);
    }
    const Matrix gate = random_matrix(TensorType::f32, 37, 96, 15), up = random_matrix(TensorType::f32, 37, 96, 16);
    auto backend = make_backend(isa);
    const Tensor x = uploaded(*backend, random_values(5 * 96, 17, 20.0f), 96);
    const WeightId gate_id = *backend->add_weight(gate.source()), up_id = *backend->add_weight(up.source());
    const Tensor out = *backend->allocate(5, 37), gates = *backend->allocate(5, 37), ups = *backend->allocate(5, 37);
    backend->linear_geglu(x, gate_id, up_id, out);
    const LinearTarget targets[] = {{.weight = gate_id, .out = gates}, {.weight = up_id, .out = ups}};
    backend->linear(x, targets);
    std::vector<float> expected = downloaded(*backend, gates);
    const std::vector<float> factors = downloaded(*backend, ups);
    for (size_t i = 0; i < expected.size(); ++i) expected[i] = by_definition(expected[i]) * factors[i];
    CHECK(relative_error(downloaded(*backend, out), expected) < 1e-6);
  }
}

TEST_CASE("scale and add work on every value") {
  for (const std::string& isa : available_isas()) {
    auto backend = make_backend(isa);
    const std::vector<float> x = random_values(21, 18), y = random_values(21, 19);
    const Tensor a = uploaded(*backend, x, 7), b = uploaded(*backend, y, 7);
    backend->scale(a, 2.5f);
    backend->add(a, b);
    const std::vector<float> got = downloaded(*backend, b);
    for (size_t i = 0; i < got.size(); ++i) CHECK(got[i] == y[i] + 2.5f * x[i]);
  }
}

}  // namespace lacuna::kernels
