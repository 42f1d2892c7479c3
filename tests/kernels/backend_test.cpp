/// Set-up, errors, and the choice of the instruction set.
#include "kernels/backend.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/kernels/fixtures.h"

namespace lacuna::kernels {
namespace {

std::string error_of(const Result<WeightId>& result) {
  return result.ok() ? "" : result.error().message;
}

}  // namespace

TEST_CASE("the instruction set that is asked for is the one that runs") {
  for (const std::string& isa : available_isas()) {
    const auto backend = make_backend(isa);
    CHECK(backend->isa().substr(0, isa.size()) == isa);
  }
  CHECK(make_backend("auto", 1)->isa() == make_backend(available_isas().front(), 1)->isa());
}

TEST_CASE("every vector path of this build runs here, or says that it is skipped") {
  const std::vector<std::string> isas = available_isas();
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni");
#else
  const bool avx2 = false;
  const bool avx512 = false;
#endif
  CHECK((std::find(isas.begin(), isas.end(), "avx2") != isas.end()) == avx2);
  CHECK((std::find(isas.begin(), isas.end(), "avx512") != isas.end()) == avx512);
  if (!avx2) MESSAGE("skipped: the avx2 kernels, which this machine cannot run");
  if (!avx512) MESSAGE("skipped: the avx512 kernels, which this machine cannot run");
}

TEST_CASE("options that cannot be met are refused in words") {
  const auto refused = [](BackendOptions options) {
    const auto backend = make_cpu_backend(options);
    REQUIRE_FALSE(backend.ok());
    return backend.error();
  };
  BackendOptions options;
  options.isa = "mmx";
  CHECK(refused(options).code == ErrorCode::unsupported);
  CHECK(refused(options).message.starts_with("instruction set 'mmx' is not one of this machine's: "));
  options = {};
  options.num_threads = -1;
  CHECK(refused(options).code == ErrorCode::invalid_argument);
  CHECK(refused(options).message == "number of threads -1 is not in 0 to 256");
  options = {};
  options.max_rows = 0;
  CHECK(refused(options).code == ErrorCode::invalid_argument);
}

TEST_CASE("a thread per core is the default") {
  BackendOptions options;
  const auto backend = make_cpu_backend(options);
  REQUIRE(backend.ok());
  CHECK((*backend)->num_threads() >= 1);
}

TEST_CASE("weights whose size or type is wrong are refused, and named") {
  for (const std::string& isa : available_isas()) {
    auto backend = make_backend(isa);
    const std::vector<std::byte> bytes(1024);
    const auto add = [&](TensorType type, int64_t rows, int64_t cols, size_t size) {
      return backend->add_weight({"blk.0.x", type, rows, cols, std::span(bytes).first(size)});
    };
    CHECK(error_of(add(TensorType::q8_0, 1, 33, 34)) ==
          "tensor 'blk.0.x' has rows of 33 weights, no multiple of Q8_0's 32");
    CHECK(error_of(add(TensorType::q4_k, 1, 128, 72)) ==
          "tensor 'blk.0.x' has rows of 128 weights, no multiple of Q4_K's 256");
    CHECK(error_of(add(TensorType::q8_0, 2, 32, 67)) == "tensor 'blk.0.x' has 67 bytes, which is not [2, 32] of Q8_0");
    CHECK(error_of(add(TensorType::f32, 0, 32, 0)) == "tensor 'blk.0.x' has an empty shape [0, 32]");
    CHECK(error_of(add(TensorType::f32, 1, -4, 0)) == "tensor 'blk.0.x' has an empty shape [1, -4]");
    CHECK(error_of(add(static_cast<TensorType>(99), 1, 32, 32)) ==
          "tensor 'blk.0.x' has type 99, which is not supported");
    // 2^62 rows of 4 bytes: the product does not fit 64 bits.
    CHECK(error_of(add(TensorType::f32, int64_t{1} << 62, 1, 0)) ==
          "tensor 'blk.0.x' has 0 bytes, which is not [4611686018427387904, 1] of F32");
    CHECK(add(TensorType::q8_0, 2, 32, 68).ok());
  }
}

TEST_CASE("memory that cannot be had is an error, not an abort") {
  auto backend = make_backend("scalar");
  const auto activations = backend->allocate(int64_t{1} << 40, int64_t{1} << 40);
  REQUIRE_FALSE(activations.ok());
  CHECK(activations.error().code == ErrorCode::exhausted);
  const auto cache = backend->allocate_kv_cache({1 << 20, 1 << 30, 1 << 10, 1 << 10});
  REQUIRE_FALSE(cache.ok());
  CHECK(cache.error().code == ErrorCode::exhausted);
}

TEST_CASE("what is allocated is counted, and tables and vectors are not repacked") {
  for (const std::string& isa : available_isas()) {
    auto backend = make_backend(isa);
    const Matrix table = random_matrix(TensorType::q5_0, 1000, 64, 1);
    const uint64_t before = backend->allocated_bytes();
    REQUIRE(backend->add_weight(table.source(WeightUse::table)).ok());
    CHECK(backend->allocated_bytes() == before);
    REQUIRE(backend->add_weight(vector_of(random_values(64, 2)).source(WeightUse::vector)).ok());
    CHECK(backend->allocated_bytes() == before + 256);
    REQUIRE(backend->allocate(3, 5).ok());
    CHECK(backend->allocated_bytes() == before + 256 + 60);
    const auto cache = backend->allocate_kv_cache({3, 10, 2, 8});
    REQUIRE(cache.ok());
    CHECK(cache->bytes_per_block > 0);
    CHECK(backend->allocated_bytes() >= before + 256 + 60 + 10 * cache->bytes_per_block);
  }
}

TEST_CASE("allocated activations are zero, and transfers are exact") {
  auto backend = make_backend(available_isas().front());
  const Tensor tensor = *backend->allocate(4, 6);
  CHECK(downloaded(*backend, tensor) == std::vector<float>(24));
  const std::vector<float> values = random_values(12, 3);
  backend->upload(values, tensor.first_rows(2));
  CHECK(downloaded(*backend, tensor.first_rows(2)) == values);
}

}  // namespace lacuna::kernels
