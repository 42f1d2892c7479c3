#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "kernels/cpu/rough_rows.h"
#include "tests/kernels/fixtures.h"

namespace lacuna::kernels {
namespace {

constexpr TensorType kHeadTypes[] = {TensorType::q8_0, TensorType::q6_k, TensorType::q5_k, TensorType::q5_1,
                                     TensorType::q4_1, TensorType::q4_0, TensorType::f16};

struct Head {
  std::unique_ptr<Backend> backend;
  WeightId id;
  Matrix matrix;

  Head(const std::string& isa, Matrix m, bool precise) : backend(make_backend(isa)), matrix(std::move(m)) {
    WeightSource source = matrix.source(WeightUse::head);
    source.precise_inputs = precise;
    const auto added = backend->add_weight(source);
    REQUIRE(added.ok());
    id = *added;
  }
  std::vector<float> all(Tensor x) const {
    const Tensor out = *backend->allocate(x.rows, matrix.rows);
    const LinearTarget target{id, out};
    backend->linear(x, {&target, 1});
    return downloaded(*backend, out);
  }
  std::vector<BestRows> best(Tensor x) const {
    std::vector<BestRows> rows(static_cast<size_t>(x.rows));
    backend->best_rows(x, id, rows);
    return rows;
  }
};

/// Inputs like a row of the head, with noise of this size beside it: what decoding with confidence looks like.
std::vector<float> inputs_near_rows(const Matrix& m, int64_t count, float noise, uint32_t seed) {
  std::vector<float> x = random_values(static_cast<size_t>(count * m.cols), seed, noise);
  for (int64_t i = 0; i < count; ++i) {
    const std::vector<float> row = m.row((i * 37 + 5) % m.rows);
    for (int64_t k = 0; k < m.cols; ++k) x[static_cast<size_t>(i * m.cols + k)] += row[static_cast<size_t>(k)];
  }
  return x;
}

/// The best rows are the beginning of all rows in order, bit for bit.
void check_best(const BestRows& best, std::vector<float> all) {
  REQUIRE(best.count >= 1);
  REQUIRE(best.count <= BestRows::kMost);
  std::vector<int32_t> order(all.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](int32_t a, int32_t b) {
    return all[static_cast<size_t>(a)] > all[static_cast<size_t>(b)];
  });
  for (int i = 0; i < best.count; ++i) {
    const BestRows::Row& row = best.rows[static_cast<size_t>(i)];
    CHECK(row.row == order[static_cast<size_t>(i)]);
    CHECK(row.product == all[static_cast<size_t>(row.row)]);
  }
  const double greatest = static_cast<double>(all[static_cast<size_t>(order[0])]);
  double sum = 0;
  for (const float x : all) sum += std::exp(static_cast<double>(x) - greatest);
  CHECK(static_cast<double>(best.log_sum_exp) == doctest::Approx(greatest + std::log(sum)).epsilon(0.02));
}

void check_all_inputs(const Head& head, const std::vector<float>& values) {
  const Tensor x = uploaded(*head.backend, values, head.matrix.cols);
  const std::vector<float> all = head.all(x);
  const std::vector<BestRows> best = head.best(x);
  const bool rough = rough_type(head.matrix.type, false) != TensorType::f32;
  for (int64_t i = 0; i < x.rows; ++i) {
    CAPTURE(i);
    if (rough) check_best(best[static_cast<size_t>(i)], rows_of(all, head.matrix.rows, i, 1));
    if (rough_type(head.matrix.type, true) == TensorType::f32 && !rough) CHECK(best[static_cast<size_t>(i)].count == 0);
  }
}

}  // namespace

TEST_CASE("the best rows of a head are those of all its products, in order and bit for bit") {
  for (const std::string& isa : vector_isas()) {
    for (const TensorType type : kHeadTypes) {
      for (const int64_t rows : {1, 17, 1000, 5003}) {
        const int64_t cols = type_traits(type).block_elements == 256 ? 512 : 576;
        CAPTURE(isa);
        CAPTURE(type_traits(type).name);
        CAPTURE(rows);
        const Head head(isa, random_matrix(type, rows, cols, static_cast<uint32_t>(rows)), false);
        check_all_inputs(head, random_values(static_cast<size_t>(3 * cols), 1));
        check_all_inputs(head, inputs_near_rows(head.matrix, 5, 0.1f, 2));
        check_all_inputs(head, values_with_outliers(2, cols, 3));
        check_all_inputs(head, inputs_near_rows(head.matrix, 1, 0.0f, 4));
      }
    }
  }
}

TEST_CASE("the best rows are the same with inputs in two terms") {
  for (const std::string& isa : vector_isas()) {
    CAPTURE(isa);
    const Head head(isa, random_matrix(TensorType::q8_0, 3001, 576, 9), true);
    for (uint32_t seed = 0; seed < 8; ++seed) {
      check_all_inputs(head, inputs_near_rows(head.matrix, kMostBestRows, 0.2f, seed));
      check_all_inputs(head, values_with_outliers(4, 576, seed));
    }
  }
}

TEST_CASE("of equal rows the lowest is the best, wherever they lie") {
  for (const std::string& isa : vector_isas()) {
    Matrix matrix = random_matrix(TensorType::q8_0, 800, 64, 3);
    const size_t row_bytes = matrix.bytes.size() / 800;
    for (const size_t copy : {700u, 130u, 131u, 410u}) {
      std::memcpy(matrix.bytes.data() + copy * row_bytes, matrix.bytes.data() + 500 * row_bytes, row_bytes);
    }
    const std::vector<float> x = matrix.row(500);
    const Head head(isa, std::move(matrix), false);
    const BestRows best = head.best(uploaded(*head.backend, x, 64)).front();
    REQUIRE(best.count >= 5);
    const int32_t expected[] = {130, 131, 410, 500, 700};
    for (size_t i = 0; i < 5; ++i) CHECK(best.rows[i].row == expected[i]);
  }
}

TEST_CASE("a search computes few rows where the best one stands out") {
  for (const std::string& isa : vector_isas()) {
    const Head head(isa, random_matrix(TensorType::q8_0, 8000, 896, 5), false);
    const std::vector<float> x = inputs_near_rows(head.matrix, 4, 0.005f, 6);
    for (const BestRows& best : head.best(uploaded(*head.backend, x, 896))) CHECK(best.computed_rows <= 800);
  }
}

TEST_CASE("products that are no finite numbers are left to linear()") {
  for (const std::string& isa : vector_isas()) {
    Matrix matrix = random_matrix(TensorType::q8_0, 100, 64, 3);
    const Half infinite = 0x7C00;
    std::memcpy(matrix.bytes.data() + 34 * 2 * 77, &infinite, sizeof(infinite));
    const Head head(isa, std::move(matrix), false);
    const std::vector<float> x = random_values(64, 1);
    CHECK(head.best(uploaded(*head.backend, x, 64)).front().count == 0);
    const std::vector<float> nothing(64, 0.0f);
    CHECK(head.best(uploaded(*head.backend, nothing, 64)).front().count == 0);
  }
}

TEST_CASE("given rows of a product are those of the whole product") {
  for (const std::string& isa : {std::string("scalar"), std::string("avx2"), std::string("avx512")}) {
    if (!std::ranges::count(available_isas(), isa)) continue;
    for (const TensorType type : kAllTypes) {
      for (const bool precise : {false, true}) {
        CAPTURE(isa);
        CAPTURE(type_traits(type).name);
        const Head head(isa, random_matrix(type, 205, 256, 4), precise);
        const Tensor x = uploaded(*head.backend, random_values(3 * 256, 8), 256);
        const std::vector<float> all = head.all(x);
        const std::vector<int32_t> rows = {0, 1, 15, 16, 100, 103, 192, 204};
        const Tensor out = *head.backend->allocate(3, static_cast<int64_t>(rows.size()));
        head.backend->linear_rows(x, head.id, rows, out);
        const std::vector<float> some = downloaded(*head.backend, out);
        for (size_t i = 0; i < 3; ++i) {
          for (size_t j = 0; j < rows.size(); ++j) {
            CHECK(some[i * rows.size() + j] == all[i * 205 + static_cast<size_t>(rows[j])]);
          }
        }
      }
    }
  }
}

// The bound of best_rows() counts on it. Inputs that 8 bits hold exactly leave nothing but the products' own rounding.
TEST_CASE("products of integer inputs are exact but for the rounding that product_rounding() allows") {
  for (const std::string& isa : vector_isas()) {
    for (const TensorType type : kHeadTypes) {
      if (is_float_type(type)) continue;
      CAPTURE(isa);
      CAPTURE(type_traits(type).name);
      const int64_t cols = 1536;
      const Head head(isa, random_matrix(type, 64, cols, 2), false);
      std::vector<float> x(static_cast<size_t>(cols));
      for (size_t k = 0; k < x.size(); ++k) x[k] = k % 32 == 0 ? 127.0f : static_cast<float>((k * 7919) % 255) - 127.0f;
      const std::vector<float> got = head.all(uploaded(*head.backend, x, cols));
      double input_squares = 0;
      for (const float value : x) input_squares += static_cast<double>(value) * static_cast<double>(value);
      for (int64_t j = 0; j < 64; ++j) {
        double product = 0, squares = 0;
        const std::vector<float> row = head.matrix.row(j);
        for (size_t k = 0; k < row.size(); ++k) {
          product += static_cast<double>(row[k]) * static_cast<double>(x[k]);
          squares += static_cast<double>(row[k]) * static_cast<double>(row[k]);
        }
        const double allowed = static_cast<double>(product_rounding(cols)) * std::sqrt(squares * input_squares);
        CHECK(std::abs(static_cast<double>(got[static_cast<size_t>(j)]) - product) <= allowed);
      }
    }
  }
}

}  // namespace lacuna::kernels
