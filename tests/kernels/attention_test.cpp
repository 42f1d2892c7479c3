#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tests/kernels/fixtures.h"

namespace lacuna::kernels {
namespace {

struct Shape {
  int num_heads = 4;
  int num_kv_heads = 2;
  int head_dim = 64;
  int window = 0;

  int64_t query_cols() const { return static_cast<int64_t>(num_heads) * head_dim; }
  int64_t kv_cols() const { return static_cast<int64_t>(num_kv_heads) * head_dim; }
};

/// A context of random keys and values, in a cache whose blocks are in no order.
class Context {
 public:
  Context(const Shape& shape, int num_tokens, uint32_t seed)
      : shape_(shape),
        num_tokens_(num_tokens),
        keys_(random_values(static_cast<size_t>(num_tokens * shape.kv_cols()), seed, 2.0f)),
        values_(random_values(static_cast<size_t>(num_tokens * shape.kv_cols()), seed + 1)),
        queries_(random_values(static_cast<size_t>(num_tokens * shape.query_cols()), seed + 2, 2.0f)) {
    const int num_blocks = (num_tokens + kBlockTokens - 1) / kBlockTokens;
    table_.resize(static_cast<size_t>(num_blocks));
    std::iota(table_.begin(), table_.end(), 0);
    std::shuffle(table_.begin(), table_.end(), std::mt19937(seed));
  }

  int num_tokens() const { return num_tokens_; }
  int num_blocks() const { return static_cast<int>(table_.size()); }
  const std::vector<int32_t>& table() const { return table_; }
  const std::vector<float>& queries() const { return queries_; }
  std::vector<int32_t>& mutable_table() { return table_; }

  /// Writes all keys and values, shifted by `block_offset` in the cache, in two calls.
  void write(Backend& backend, int layer, int block_offset = 0) const {
    const int half = num_tokens_ / 2;
    write_range(backend, layer, 0, half, block_offset);
    write_range(backend, layer, half, num_tokens_ - half, block_offset);
  }

  /// The attention of the last `count` tokens by the definition, in double precision.
  std::vector<float> expected(int count) const {
    std::vector<float> out;
    for (int i = num_tokens_ - count; i < num_tokens_; ++i) {
      for (int head = 0; head < shape_.num_heads; ++head) append_head(i, head, out);
    }
    return out;
  }

 private:
  void write_range(Backend& backend, int layer, int first, int count, int block_offset) const {
    std::vector<int32_t> slots;
    for (int i = first; i < first + count; ++i) {
      slots.push_back((table_[static_cast<size_t>(i / kBlockTokens)] + block_offset) * kBlockTokens + i % kBlockTokens);
    }
    if (count == 0) return;
    backend.write_kv(layer, uploaded(backend, rows_of(keys_, shape_.kv_cols(), first, count), shape_.kv_cols()),
                     uploaded(backend, rows_of(values_, shape_.kv_cols(), first, count), shape_.kv_cols()), slots);
  }

  const float* kv_vector(const std::vector<float>& all, int token, int head) const {
    return all.data() + token * shape_.kv_cols() + head / (shape_.num_heads / shape_.num_kv_heads) * shape_.head_dim;
  }

  void append_head(int token, int head, std::vector<float>& out) const {
    const float* query = queries_.data() + token * shape_.query_cols() + head * shape_.head_dim;
    const int first = shape_.window > 0 ? std::max(0, token - shape_.window + 1) : 0;
    std::vector<double> weights;
    for (int t = first; t <= token; ++t) {
      const float* key = kv_vector(keys_, t, head);
      double score = 0;
      for (int d = 0; d < shape_.head_dim; ++d) score += static_cast<double>(query[d]) * key[d];
      weights.push_back(score / std::sqrt(shape_.head_dim));
    }
    const double maximum = *std::max_element(weights.begin(), weights.end());
    double total = 0;
    for (double& weight : weights) total += weight = std::exp(weight - maximum);
    for (int d = 0; d < shape_.head_dim; ++d) {
      double sum = 0;
      for (int t = first; t <= token; ++t)
        sum += weights[static_cast<size_t>(t - first)] * kv_vector(values_, t, head)[d];
      out.push_back(static_cast<float>(sum / total));
    }
  }

  Shape shape_;
  int num_tokens_;
  std::vector<float> keys_, values_, queries_;
  std::vector<int32_t> table_;
};

AttentionParameters parameters_of(const Shape& shape, int layer) {
  return {layer,
          shape.num_heads,
          shape.num_kv_heads,
          shape.head_dim,
          1.0f / std::sqrt(static_cast<float>(shape.head_dim)),
          shape.window};
}

/// The last `count` queries of the first `context_tokens` tokens.
std::vector<float> attended(Backend& backend, const Shape& shape, const Context& context, int layer, int context_tokens,
                            int count) {
  const std::vector<float> rows = rows_of(context.queries(), shape.query_cols(), context_tokens - count, count);
  const Tensor queries = uploaded(backend, rows, shape.query_cols());
  const Tensor out = *backend.allocate(count, shape.query_cols());
  const AttentionSequence sequence{0, count, context_tokens, context.table()};
  backend.attention(parameters_of(shape, layer), queries, {&sequence, 1}, out);
  return downloaded(backend, out);
}

std::unique_ptr<Backend> backend_with(const std::string& isa, const Shape& shape, const Context& context,
                                      int num_threads = 2) {
  auto backend = make_backend(isa, num_threads);
  REQUIRE(backend->allocate_kv_cache({2, 2 * context.num_blocks(), shape.num_kv_heads, shape.head_dim}).ok());
  context.write(*backend, 1);
  return backend;
}

/// The vector paths keep keys and values in half precision.
double tolerance(const std::string& isa) {
  return isa == "scalar" ? 2e-6 : 2e-3;
}

}  // namespace

TEST_CASE("attention is the softmax of the scores times the values, for contexts around block and segment edges") {
  for (const std::string& isa : available_isas()) {
    for (const int num_tokens : {1, 2, 15, 16, 17, 31, 33, 130, 511, 512, 513, 1100}) {
      const Shape shape;
      const Context context(shape, num_tokens, 1);
      auto backend = backend_with(isa, shape, context);
      for (const int count : {1, 3, 17, num_tokens}) {
        if (count > num_tokens) continue;
        CAPTURE(isa);
        CAPTURE(num_tokens);
        CAPTURE(count);
        const std::vector<float> got = attended(*backend, shape, context, 1, num_tokens, std::min(count, 512));
        CHECK(relative_error(got, context.expected(std::min(count, 512))) < tolerance(isa));
      }
    }
  }
}

TEST_CASE("attention takes any head size and any number of query heads to a key head") {
  for (const std::string& isa : available_isas()) {
    for (const Shape& shape : {Shape{14, 2, 64}, Shape{9, 3, 64}, Shape{5, 5, 8}, Shape{6, 1, 128}, Shape{2, 1, 80},
                               Shape{70, 1, 4}, Shape{3, 1, 20}, Shape{1, 1, 256}, Shape{2, 2, 1}}) {
      const Context context(shape, 77, 2);
      auto backend = backend_with(isa, shape, context);
      CAPTURE(isa);
      CAPTURE(shape.num_heads);
      CAPTURE(shape.head_dim);
      for (const int count : {1, 20}) {
        CHECK(relative_error(attended(*backend, shape, context, 1, 77, count), context.expected(count)) <
              tolerance(isa));
      }
    }
  }
}

TEST_CASE("a window hides what lies before it, and blocks outside it need not exist") {
  for (const std::string& isa : available_isas()) {
    for (const int window : {1, 5, 16, 17, 64, 600, 5000}) {
      for (const int count : {1, 9, 100}) {
        const Shape shape{4, 2, 32, window};
        Context context(shape, 1050, 3);
        auto backend = backend_with(isa, shape, context);
        const int first_seen = std::max(0, 1050 - count - window + 1);
        std::fill_n(context.mutable_table().begin(), first_seen / kBlockTokens, -1);
        CAPTURE(isa);
        CAPTURE(window);
        CAPTURE(count);
        const std::vector<float> got = attended(*backend, shape, context, 1, 1050, count);
        CHECK(relative_error(got, context.expected(count)) < tolerance(isa));
      }
    }
  }
}

TEST_CASE("a query's attention is bit for bit the same alone, in any batch, and with any number of threads") {
  for (const std::string& isa : available_isas()) {
    for (const int window : {0, 200}) {
      const Shape shape{14, 2, 64, window};
      const Context context(shape, 1200, 4);
      auto reference = backend_with(isa, shape, context, 1);
      const std::vector<float> all = attended(*reference, shape, context, 1, 1200, 500);
      for (const int threads : {1, 2, 5}) {
        auto backend = backend_with(isa, shape, context, threads);
        for (const int position : {700, 703, 704, 1023, 1024, 1199}) {
          for (const int count : {1, 2, 30}) {
            if (position - count + 1 < 700) continue;
            CAPTURE(isa);
            CAPTURE(position);
            CAPTURE(count);
            const std::vector<float> got = attended(*backend, shape, context, 1, position + 1, count);
            CHECK(got == rows_of(all, shape.query_cols(), position - count + 1 - 700, count));
          }
        }
      }
    }
  }
}

TEST_CASE("sequences of one batch do not see each other, and rows of none are left alone") {
  for (const std::string& isa : available_isas()) {
    const Shape shape;
    const Context a(shape, 100, 5);
    const Context b(shape, 35, 6);
    auto backend = make_backend(isa);
    const int offset = a.num_blocks();
    REQUIRE(backend->allocate_kv_cache({1, offset + b.num_blocks(), shape.num_kv_heads, shape.head_dim}).ok());
    a.write(*backend, 0);
    b.write(*backend, 0, offset);
    std::vector<int32_t> b_table = b.table();
    for (int32_t& block : b_table) block += offset;

    std::vector<float> queries = rows_of(b.queries(), shape.query_cols(), 32, 3);
    const std::vector<float> of_a = rows_of(a.queries(), shape.query_cols(), 99, 1);
    queries.resize(static_cast<size_t>(4 * shape.query_cols()));  // a row of nobody
    queries.insert(queries.end(), of_a.begin(), of_a.end());
    const Tensor out = uploaded(*backend, std::vector<float>(queries.size(), 7.0f), shape.query_cols());
    const AttentionSequence sequences[] = {{4, 1, 100, a.table()}, {0, 3, 35, b_table}};
    backend->attention(parameters_of(shape, 0), uploaded(*backend, queries, shape.query_cols()), sequences, out);

    const std::vector<float> got = downloaded(*backend, out);
    CHECK(relative_error(rows_of(got, shape.query_cols(), 4, 1), a.expected(1)) < tolerance(isa));
    CHECK(relative_error(rows_of(got, shape.query_cols(), 0, 3), b.expected(3)) < tolerance(isa));
    CHECK(rows_of(got, shape.query_cols(), 3, 1) == std::vector<float>(static_cast<size_t>(shape.query_cols()), 7.0f));
  }
}

TEST_CASE("scores far apart neither overflow nor lose the largest") {
  for (const std::string& isa : available_isas()) {
    const Shape shape{1, 1, 16};
    auto backend = make_backend(isa);
    REQUIRE(backend->allocate_kv_cache({1, 4, 1, 16}).ok());
    const int num_tokens = 50;
    std::vector<float> keys(static_cast<size_t>(num_tokens) * 16, -60.0f);
    std::vector<float> values(keys.size(), 1.0f);
    std::fill_n(keys.begin() + 20 * 16, 16, 60.0f);  // one token takes it all
    std::fill_n(values.begin() + 20 * 16, 16, 5.0f);
    std::vector<int32_t> slots(static_cast<size_t>(num_tokens));
    std::iota(slots.begin(), slots.end(), 0);
    backend->write_kv(0, uploaded(*backend, keys, 16), uploaded(*backend, values, 16), slots);
    const std::vector<int32_t> table{0, 1, 2, 3};
    const AttentionSequence sequence{0, 1, num_tokens, table};
    const Tensor out = *backend->allocate(1, 16);
    backend->attention(parameters_of(shape, 0), uploaded(*backend, std::vector<float>(16, 50.0f), 16), {&sequence, 1},
                       out);
    for (const float value : downloaded(*backend, out)) CHECK(value == doctest::Approx(5.0f).epsilon(1e-6));
  }
}

TEST_CASE("what an earlier owner left in a block, even a NaN, is not seen") {
  for (const std::string& isa : available_isas()) {
    const Shape shape;
    const Context context(shape, 20, 8);
    auto backend = make_backend(isa);
    REQUIRE(backend->allocate_kv_cache({1, context.num_blocks(), shape.num_kv_heads, shape.head_dim}).ok());
    const int slots_count = context.num_blocks() * kBlockTokens;
    const std::vector<float> poison(static_cast<size_t>(slots_count * shape.kv_cols()),
                                    std::numeric_limits<float>::quiet_NaN());
    std::vector<int32_t> slots(static_cast<size_t>(slots_count));
    std::iota(slots.begin(), slots.end(), 0);
    const Tensor bad = uploaded(*backend, poison, shape.kv_cols());
    backend->write_kv(0, bad, bad, slots);
    context.write(*backend, 0);
    CHECK(relative_error(attended(*backend, shape, context, 0, 20, 20), context.expected(20)) < tolerance(isa));
  }
}

TEST_CASE("a copied block holds the same keys and values in every layer") {
  for (const std::string& isa : available_isas()) {
    const Shape shape;
    Context context(shape, 40, 9);
    auto backend = make_backend(isa);
    const int num_blocks = context.num_blocks();
    REQUIRE(backend->allocate_kv_cache({2, 2 * num_blocks, shape.num_kv_heads, shape.head_dim}).ok());
    context.write(*backend, 0);
    context.write(*backend, 1);
    const std::vector<float> before = attended(*backend, shape, context, 1, 40, 40);
    std::vector<BlockCopy> copies;
    for (int32_t& block : context.mutable_table()) {
      copies.push_back({block, block + num_blocks});
      block += num_blocks;
    }
    const int layers[] = {0, 1};
    backend->copy_blocks(copies, layers);
    CHECK(attended(*backend, shape, context, 0, 40, 40) == before);
    CHECK(attended(*backend, shape, context, 1, 40, 40) == before);
  }
}

}  // namespace lacuna::kernels
