/// Attention of a tile of query rows over one segment of the paged cache. Included inside a target region only.
///
/// Pages are visited in order; each is converted to single precision once for the whole tile. Keys lie transposed in a
/// page
/// ([head_dim, 16 tokens]), so that the scores of 16 tokens fill vectors without horizontal sums; values lie by token.
/// The softmax is the running one: a maximum, a total and an unnormalised output per row, scaled down when the maximum
/// grows.
///
/// A page in which a row sees nothing leaves its state bit for bit: its maximum is unchanged, so the factor is e^0 = 1,
/// and its weights are exactly 0. So a row's result does not depend on which other rows made its tile visit more pages.
#pragma once

namespace lacuna::kernels {
namespace {

/// Below every score, but finite: the difference of two of them is 0 and not NaN.
constexpr float kNoMaximum = -1e30f;

struct Page {
  int first_token;
  int num_tokens;
  float* keys;     // [head_dim, 16]
  float* values;   // [16, padded_head_dim]
  float* weights;  // [3, 16]
};

void load_page(const AttentionTile& tile, const Page& page) {
  const int32_t block = tile.block_table[static_cast<size_t>(page.first_token / kBlockTokens)];
  const std::byte* base = tile.layer + static_cast<size_t>(block) * tile.block_bytes;
  const auto* keys = reinterpret_cast<const Half*>(base + tile.keys_offset);
  const auto* values = reinterpret_cast<const Half*>(base + tile.values_offset);
  for (int i = 0; i < tile.head_dim * kBlockTokens; i += kLanes) f_store(page.keys + i, f_load_halves(keys + i));
  const int padded = padded_head_dim(tile.head_dim);
  for (int t = 0; t < page.num_tokens; ++t, values += tile.head_dim) {
    float* to = page.values + t * padded;
    int i = 0;
    for (; i + kLanes <= tile.head_dim; i += kLanes) f_store(to + i, f_load_halves(values + i));
    for (; i < tile.head_dim; ++i) to[i] = half_to_float(values[i]);
    for (; i < padded; ++i) to[i] = 0;
  }
}

/// Turns a row's scores into weights relative to its new maximum; returns the factor for what was summed before.
F update_softmax(const AttentionTile& tile, const Page& page, int row, F (&scores)[kHalves], float* weights) {
  const int lo = tile.first_token[row] - page.first_token;
  const int hi = tile.last_token[row] - page.first_token;
  if (lo > 0 || hi < kBlockTokens - 1) {
    for (int h = 0; h < kHalves; ++h) scores[h] = f_keep_lanes(scores[h], h * kLanes, lo, hi, f_set(-__builtin_inff()));
  }
  F largest = scores[0];
  for (int h = 1; h < kHalves; ++h) largest = f_max(largest, scores[h]);
  const float page_maximum = f_reduce_max(largest);
  const float maximum = page_maximum > tile.maximum[row] ? page_maximum : tile.maximum[row];
  F sum = f_zero();
  for (int h = 0; h < kHalves; ++h) {
    const F weight = f_exp(f_sub(scores[h], f_set(maximum)));
    f_store(weights + h * kLanes, weight);
    sum = f_add(sum, weight);
  }
  const F factor = f_exp(f_set(tile.maximum[row] - maximum));
  tile.total[row] = tile.total[row] * f_first(factor) + f_reduce_add(sum);
  tile.maximum[row] = maximum;
  return factor;
}

/// Adds dimension d's share of the scores of 16 tokens.
template <int kRows>
[[gnu::always_inline]] inline void add_dimension(const float* queries, int head_dim, int d, const float* keys,
                                                 F (&scores)[kRows][kHalves]) {
  for (int h = 0; h < kHalves; ++h) {
    const F key = f_load(keys + d * kBlockTokens + h * kLanes);
    for (int r = 0; r < kRows; ++r) scores[r][h] = f_fma(f_set(queries[r * head_dim + d]), key, scores[r][h]);
  }
}

/// Even and odd dimensions are summed apart: one chain of additions alone would wait for itself.
template <int kRows>
void score_page(const AttentionTile& tile, const Page& page, int first_row, F (&scores)[kRows][kHalves]) {
  F odd[kRows][kHalves];
  for (int r = 0; r < kRows; ++r) {
    for (int h = 0; h < kHalves; ++h) scores[r][h] = odd[r][h] = f_zero();
  }
  const float* queries = tile.queries + first_row * tile.head_dim;
  int d = 0;
  for (; d + 2 <= tile.head_dim; d += 2) {
    add_dimension<kRows>(queries, tile.head_dim, d, page.keys, scores);
    add_dimension<kRows>(queries, tile.head_dim, d + 1, page.keys, odd);
  }
  if (d < tile.head_dim) add_dimension<kRows>(queries, tile.head_dim, d, page.keys, scores);
  for (int r = 0; r < kRows; ++r) {
    for (int h = 0; h < kHalves; ++h) scores[r][h] = f_add(scores[r][h], odd[r][h]);
  }
}

/// out = out * factor + weights · values, for kVectors vectors of dimensions from d on.
template <int kRows, int kVectors>
void add_values(const AttentionTile& tile, const Page& page, int first_row, int d, const F (&factor)[kRows]) {
  const int padded = padded_head_dim(tile.head_dim);
  float* out = tile.out + first_row * padded + d;
  const float* values = page.values + d;
  F sum[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) sum[r][v] = f_mul(f_load(out + r * padded + v * kLanes), factor[r]);
  }
  for (int t = 0; t < page.num_tokens; ++t, values += padded) {
    for (int v = 0; v < kVectors; ++v) {
      const F value = f_load(values + v * kLanes);
      for (int r = 0; r < kRows; ++r) sum[r][v] = f_fma(f_set(page.weights[r * kBlockTokens + t]), value, sum[r][v]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) f_store(out + r * padded + v * kLanes, sum[r][v]);
  }
}

template <int kRows>
void attend_page(const AttentionTile& tile, const Page& page, int first_row) {
  F scores[kRows][kHalves];
  score_page<kRows>(tile, page, first_row, scores);
  F factor[kRows];
  for (int r = 0; r < kRows; ++r) {
    factor[r] = update_softmax(tile, page, first_row + r, scores[r], page.weights + r * kBlockTokens);
  }
  const int padded = padded_head_dim(tile.head_dim);
  int d = 0;
  for (; d + 32 <= padded; d += 32) add_values<kRows, 2 * kHalves>(tile, page, first_row, d, factor);
  if (d < padded) add_values<kRows, kHalves>(tile, page, first_row, d, factor);
}

void attend(const AttentionTile& tile) {
  const int padded = padded_head_dim(tile.head_dim);
  for (int r = 0; r < tile.num_rows; ++r) {
    tile.maximum[r] = kNoMaximum;
    tile.total[r] = 0;
  }
  for (int i = 0; i < tile.num_rows * padded; i += kLanes) f_store(tile.out + i, f_zero());
  Page page{};
  page.keys = tile.scratch;
  page.values = page.keys + kBlockTokens * padded;
  page.weights = page.values + kBlockTokens * padded;
  for (page.first_token = tile.begin_token; page.first_token < tile.end_token; page.first_token += kBlockTokens) {
    const int left = tile.end_token - page.first_token;
    page.num_tokens = left < kBlockTokens ? left : kBlockTokens;
    load_page(tile, page);
    int row = 0;
    for (; row + 3 <= tile.num_rows; row += 3) attend_page<3>(tile, page, row);
    if (tile.num_rows - row == 2) attend_page<2>(tile, page, row);
    if (tile.num_rows - row == 1) attend_page<1>(tile, page, row);
  }
}

void merge_segment(float* maximum, float* total, float* out, const float* other_maximum, const float* other_total,
                   const float* other_out, int num_rows, int padded_dim) {
  for (int r = 0; r < num_rows; ++r, out += padded_dim, other_out += padded_dim) {
    const float merged = maximum[r] > other_maximum[r] ? maximum[r] : other_maximum[r];
    const F factor = f_exp(f_set(maximum[r] - merged));
    const F other_factor = f_exp(f_set(other_maximum[r] - merged));
    maximum[r] = merged;
    total[r] = total[r] * f_first(factor) + other_total[r] * f_first(other_factor);
    for (int i = 0; i < padded_dim; i += kLanes) {
      f_store(out + i, f_fma(f_load(out + i), factor, f_mul(f_load(other_out + i), other_factor)));
    }
  }
}

}  // namespace
}  // namespace lacuna::kernels
