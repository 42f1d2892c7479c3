#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/kernels/fixtures.h"

namespace lacuna::kernels {
namespace {

std::string name_of(TensorType type) {
  return type_traits(type).name;
}

std::vector<float> multiplied(Backend& backend, const Matrix& w, const std::vector<float>& x, bool precise = false) {
  WeightSource source = w.source();
  source.precise_inputs = precise;
  const auto id = backend.add_weight(source);
  REQUIRE(id.ok());
  const Tensor input = uploaded(backend, x, w.cols);
  const Tensor out = *backend.allocate(input.rows, w.rows);
  const LinearTarget target{*id, out};
  backend.linear(input, {&target, 1});
  return downloaded(backend, out);
}

/// The oracle of the oracle: double precision, in order.
std::vector<float> multiplied_in_double(const Matrix& w, const std::vector<float>& x) {
  const auto rows = static_cast<int64_t>(x.size()) / w.cols;
  std::vector<float> out(static_cast<size_t>(rows * w.rows));
  for (int64_t j = 0; j < w.rows; ++j) {
    const std::vector<float> weights = w.row(j);
    for (int64_t i = 0; i < rows; ++i) {
      double sum = 0;
      for (int64_t k = 0; k < w.cols; ++k) {
        sum += static_cast<double>(x[static_cast<size_t>(i * w.cols + k)]) * weights[static_cast<size_t>(k)];
      }
      out[static_cast<size_t>(i * w.rows + j)] = static_cast<float>(sum);
    }
  }
  return out;
}

double norm_of(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return std::sqrt(sum);
}

/// The error of products [rows, w.rows] in units of |x_i| |w_j| / sqrt(cols), which is what independent errors of the
/// inputs, each as large as the inputs themselves, would add to each.
double product_error(const Matrix& w, const std::vector<float>& x, const std::vector<float>& got,
                     const std::vector<float>& expected) {
  if (got.size() != expected.size()) return INFINITY;
  std::vector<double> input_norms;
  for (int64_t i = 0; i < static_cast<int64_t>(x.size()) / w.cols; ++i)
    input_norms.push_back(norm_of(rows_of(x, w.cols, i, 1)));
  double sum = 0;
  for (int64_t j = 0; j < w.rows; ++j) {
    const double weight_norm = norm_of(w.row(j)) / std::sqrt(static_cast<double>(w.cols));
    for (size_t i = 0; i < input_norms.size(); ++i) {
      const size_t at = i * static_cast<size_t>(w.rows) + static_cast<size_t>(j);
      const double error = (static_cast<double>(got[at]) - expected[at]) / weight_norm / input_norms[i];
      sum += error * error;
    }
  }
  return std::sqrt(sum / static_cast<double>(got.size()));
}

/// Rounding to 8 bits with a scale per 32 is an error of 0.4 % of uniform inputs; float types only round sums. A few
/// products may lie several standard deviations out.
double tolerance(TensorType type, size_t num_products) {
  return (is_float_type(type) ? 2e-6 : 0.005) * (num_products < 64 ? 5 : 1);
}

std::vector<int64_t> column_counts(TensorType type) {
  switch (type_traits(type).block_elements) {
    case 1:
      return {1, 7, 33, 64, 896};
    case 32:
      return {32, 64, 576, 896};
    default:
      return {256, 512, 4864};
  }
}

}  // namespace

TEST_CASE("scalar products are those of double precision, for every type") {
  for (const TensorType type : kAllTypes) {
    CAPTURE(name_of(type));
    const int64_t cols = column_counts(type).back();
    const Matrix w = random_matrix(type, 19, cols, 1);
    const std::vector<float> x = values_with_outliers(3, cols, 2);
    auto backend = make_backend("scalar");
    CHECK(relative_error(multiplied(*backend, w, x), multiplied_in_double(w, x)) < 2e-6);
  }
}

TEST_CASE("vector products agree with scalar ones, for every type and awkward shape") {
  for (const std::string& isa : vector_isas()) {
    for (const TensorType type : kAllTypes) {
      for (const int64_t cols : column_counts(type)) {
        for (const int64_t rows : {1, 8, 16, 17, 71}) {
          const Matrix w = random_matrix(type, rows, cols, static_cast<uint32_t>(rows + cols));
          auto scalar = make_backend("scalar");
          auto vector = make_backend(isa);
          for (const int64_t batch : {1, 2, 3, 4, 5, 6, 7, 8, 9, 33}) {
            CAPTURE(isa);
            CAPTURE(name_of(type));
            CAPTURE(cols);
            CAPTURE(rows);
            CAPTURE(batch);
            const std::vector<float> x = random_values(static_cast<size_t>(batch * cols), 5);
            const std::vector<float> got = multiplied(*vector, w, x);
            CHECK(product_error(w, x, got, multiplied(*scalar, w, x)) < tolerance(type, got.size()));
          }
        }
      }
    }
  }
}

TEST_CASE("a full batch of 512 rows and a long row agree with scalar") {
  for (const std::string& isa : vector_isas()) {
    for (const TensorType type : {TensorType::q5_0, TensorType::q6_k, TensorType::q4_1}) {
      const Matrix w = random_matrix(type, 40, 4864, 3);
      const std::vector<float> x = random_values(512 * 4864, 4);
      auto scalar = make_backend("scalar");
      auto vector = make_backend(isa);
      const std::vector<float> got = multiplied(*vector, w, x);
      CHECK(product_error(w, x, got, multiplied(*scalar, w, x)) < tolerance(type, got.size()));
    }
  }
}

TEST_CASE("the largest codes meet the largest activations without overflow") {
  for (const std::string& isa : vector_isas()) {
    for (const TensorType type : kAllTypes) {
      if (is_float_type(type)) continue;
      CAPTURE(name_of(type));
      for (const uint8_t code : {0x00, 0x80, 0xFF}) {  // all bits of all codes; 0x80 is Q8_0's -128
        Matrix w = random_matrix(type, 16, 256, 9);
        const size_t block = type_traits(type).block_bytes;
        for (size_t i = 0; i < w.bytes.size(); ++i) {
          const size_t at = i % block;
          const bool scale = type == TensorType::q6_k ? at >= 192
                                                      : at < (type_traits(type).block_elements == 256 ? 16
                                                              : block % 4 == 0                        ? 4
                                                                                                      : 2);
          if (!scale) w.bytes[i] = std::byte{code};
        }
        for (const float sign : {1.0f, -1.0f}) {
          const std::vector<float> x(256, sign);
          auto scalar = make_backend("scalar");
          auto vector = make_backend(isa);
          CHECK(relative_error(multiplied(*vector, w, x), multiplied(*scalar, w, x)) < 1e-3);
        }
      }
    }
  }
}

TEST_CASE("an outlier costs only its own 32 neighbours their precision") {
  for (const std::string& isa : vector_isas()) {
    const Matrix w = random_matrix(TensorType::q6_k, 64, 1024, 11);
    std::vector<float> x = random_values(1024, 12);
    x[5] = 1000.0f;
    std::vector<float> only_rest = x;
    std::fill(only_rest.begin(), only_rest.begin() + 32, 0.0f);
    auto scalar = make_backend("scalar");
    auto vector = make_backend(isa);
    const std::vector<float> with = multiplied(*vector, w, x);
    std::vector<float> first = x;
    std::fill(first.begin() + 32, first.end(), 0.0f);
    const std::vector<float> alone = multiplied(*vector, w, first);
    std::vector<float> rest(with.size());
    for (size_t i = 0; i < with.size(); ++i) rest[i] = with[i] - alone[i];
    CHECK(relative_error(rest, multiplied(*scalar, w, only_rest)) < 0.01);
  }
}

TEST_CASE("a row's products are bit for bit the same in any batch and with any number of threads") {
  for (const std::string& isa : available_isas()) {
    for (const TensorType type : kAllTypes) {
      CAPTURE(isa);
      CAPTURE(name_of(type));
      const int64_t cols = column_counts(type).back();
      const Matrix w = random_matrix(type, 50, cols, 21);
      const std::vector<float> x = values_with_outliers(70, cols, 22);
      auto one = make_backend(isa, 1);
      const std::vector<float> all = multiplied(*one, w, x);
      for (const int threads : {1, 3}) {
        auto backend = make_backend(isa, threads);
        for (const auto& [first, count] : {std::pair{0, 1}, {1, 2}, {3, 5}, {8, 33}, {41, 29}}) {
          const std::vector<float> part = multiplied(*backend, w, rows_of(x, cols, first, count));
          CHECK(part == rows_of(all, w.rows, first, count));
        }
      }
    }
  }
}

TEST_CASE("the matrix unit's products are those of AVX-512, bit for bit") {
  const std::vector<std::string> isas = available_isas();
  const auto has = [&](const char* isa) { return std::find(isas.begin(), isas.end(), isa) != isas.end(); };
  if (!has("amx") || !has("avx512")) return;
  for (const TensorType type : kAllTypes) {
    for (const int64_t batch : {15, 16, 31, 33, 64, 150}) {
      CAPTURE(name_of(type));
      CAPTURE(batch);
      const int64_t cols = column_counts(type).back();
      const Matrix w = random_matrix(type, 50, cols, 91);
      const std::vector<float> x = values_with_outliers(batch, cols, 92);
      auto tiles = make_backend("amx", 2);
      auto vectors = make_backend("avx512", 2);
      CHECK(multiplied(*tiles, w, x) == multiplied(*vectors, w, x));
      CHECK(multiplied(*tiles, w, x, true) == multiplied(*vectors, w, x, true));
    }
  }
}

TEST_CASE("several products share an input, with biases and the residual") {
  for (const std::string& isa : available_isas()) {
    CAPTURE(isa);
    const Matrix q = random_matrix(TensorType::q5_0, 40, 64, 31);
    const Matrix k = random_matrix(TensorType::q8_0, 10, 64, 32);
    const Matrix v = random_matrix(TensorType::f16, 24, 64, 33);
    const std::vector<float> bias = random_values(40, 34);
    const std::vector<float> residual = random_values(3 * 10, 35);
    const std::vector<float> x = random_values(3 * 64, 36);
    auto backend = make_backend(isa);
    const WeightId bias_id = *backend->add_weight(vector_of(bias).source(WeightUse::vector));
    const Tensor outs[] = {*backend->allocate(3, 40), uploaded(*backend, residual, 10), *backend->allocate(3, 24)};
    const LinearTarget targets[] = {{*backend->add_weight(q.source()), outs[0], bias_id},
                                    {*backend->add_weight(k.source()), outs[1], {}, true},
                                    {*backend->add_weight(v.source()), outs[2]}};
    backend->linear(uploaded(*backend, x, 64), targets);

    auto alone = make_backend(isa);
    std::vector<float> expected_q = multiplied(*alone, q, x);
    for (size_t i = 0; i < expected_q.size(); ++i) expected_q[i] += bias[i % 40];
    std::vector<float> expected_k = multiplied(*alone, k, x);
    for (size_t i = 0; i < expected_k.size(); ++i) expected_k[i] += residual[i];
    CHECK(downloaded(*backend, outs[0]) == expected_q);
    CHECK(downloaded(*backend, outs[1]) == expected_k);
    CHECK(downloaded(*backend, outs[2]) == multiplied(*alone, v, x));
  }
}

TEST_CASE("the gated product is silu of one times the other") {
  for (const std::string& isa : available_isas()) {
    for (const TensorType type : {TensorType::q4_1, TensorType::q5_0, TensorType::bf16}) {
      for (const int64_t batch : {1, 5, 40}) {
        CAPTURE(isa);
        CAPTURE(batch);
        const Matrix gate = random_matrix(type, 37, 96, 41);
        const Matrix up = random_matrix(TensorType::q8_0, 37, 96, 42);
        const std::vector<float> x = random_values(static_cast<size_t>(batch * 96), 43, 20.0f);
        auto backend = make_backend(isa);
        const Tensor out = *backend->allocate(batch, 37);
        backend->linear_swiglu(uploaded(*backend, x, 96), *backend->add_weight(gate.source()),
                               *backend->add_weight(up.source()), out);
        std::vector<float> expected = multiplied(*backend, gate, x);
        const std::vector<float> factor = multiplied(*backend, up, x);
        for (size_t i = 0; i < expected.size(); ++i) expected[i] *= factor[i] / (1.0f + std::exp(-expected[i]));
        CHECK(relative_error(downloaded(*backend, out), expected) < 1e-6);
      }
    }
  }
}

TEST_CASE("precise inputs lose a small part of what 8 bits lose beside large ones, and only where they are asked for") {
  for (const std::string& isa : vector_isas()) {
    for (const TensorType type : kAllTypes) {
      if (is_float_type(type)) continue;
      for (const int64_t batch : {1, 3, 37}) {
        CAPTURE(isa);
        CAPTURE(name_of(type));
        CAPTURE(batch);
        const Matrix w = random_matrix(type, 50, 512, 71);
        const std::vector<float> x = values_with_outliers(batch, 512, 72);
        auto scalar = make_backend("scalar");
        auto vector = make_backend(isa);
        const std::vector<float> expected = multiplied(*scalar, w, x);
        const double precise = product_error(w, x, multiplied(*vector, w, x, true), expected);
        CHECK(precise < 1e-3);
        CHECK(product_error(w, x, multiplied(*vector, w, x), expected) > 10 * precise);
      }
    }
  }
}

TEST_CASE("precise rows too are bit for bit the same in any batch, gated or not") {
  for (const std::string& isa : vector_isas()) {
    CAPTURE(isa);
    const Matrix gate = random_matrix(TensorType::q4_1, 50, 96, 81);
    const Matrix up = random_matrix(TensorType::f16, 50, 96, 82);
    const std::vector<float> x = values_with_outliers(40, 96, 83);
    auto backend = make_backend(isa, 3);
    WeightSource source = gate.source();
    source.precise_inputs = true;
    const WeightId gate_id = *backend->add_weight(source);
    const WeightId up_id = *backend->add_weight(up.source());
    const auto gated = [&](const std::vector<float>& input) {
      const Tensor tensor = uploaded(*backend, input, 96);
      const Tensor out = *backend->allocate(tensor.rows, 50);
      backend->linear_swiglu(tensor, gate_id, up_id, out);
      return downloaded(*backend, out);
    };
    const std::vector<float> products = multiplied(*backend, gate, x, true);
    const std::vector<float> all = gated(x);
    for (const auto& [first, count] : {std::pair{0, 1}, {1, 2}, {7, 17}, {24, 16}}) {
      const std::vector<float> part = rows_of(x, 96, first, count);
      CHECK(multiplied(*backend, gate, part, true) == rows_of(products, 50, first, count));
      CHECK(gated(part) == rows_of(all, 50, first, count));
    }
    std::vector<float> expected = products;
    const std::vector<float> factor = multiplied(*backend, up, x);
    for (size_t i = 0; i < expected.size(); ++i) expected[i] *= factor[i] / (1.0f + std::exp(-expected[i]));
    CHECK(relative_error(all, expected) < 1e-6);
  }
}

TEST_CASE("zero activations give exactly zero, and the bias alone") {
  for (const std::string& isa : available_isas()) {
    const Matrix w = random_matrix(TensorType::q4_k, 20, 256, 51);
    auto backend = make_backend(isa);
    for (const float value : multiplied(*backend, w, std::vector<float>(256))) CHECK(value == 0.0f);
  }
}

TEST_CASE("repacked weights are no more than three percent larger than the file's") {
  for (const std::string& isa : vector_isas()) {
    for (const TensorType type : kAllTypes) {
      const Matrix w = random_matrix(type, 160, 512, 61);
      auto backend = make_backend(isa, 1, 1);
      REQUIRE(backend->add_weight(random_matrix(type, 16, 512, 62).source()).ok());
      const uint64_t before = backend->allocated_bytes();  // the scratch memory is there now
      REQUIRE(backend->add_weight(w.source()).ok());
      CHECK(backend->allocated_bytes() - before <= w.bytes.size() * 103 / 100);
    }
  }
}

}  // namespace lacuna::kernels
