/// Attention of a tile of query rows over one segment of the paged cache. Included inside a target region only.
///
/// Pages are visited in order, two in a step where both are there, so that a step's maximum, factor and passes over the
/// output are paid once for 32 tokens. Each page is converted to single precision once for the whole tile, or, where the
/// tile has few rows, on the way into registers. Keys lie transposed in a page ([head_dim, 16 tokens]), so that the scores
/// of 16 tokens fill vectors without horizontal sums; values lie by token.
/// The softmax is the running one: a maximum, a total and an unnormalised output per row, scaled down when the maximum
/// grows.
///
/// A page in which a row sees nothing leaves its state bit for bit, alone or in a pair: the maximum is unchanged, so the
/// factor is e^0 = 1, and its weights are exactly 0. Pairs begin at multiples of 32 tokens. So a row's result does not
/// depend on which other rows made its tile visit more pages.
#pragma once

namespace lacuna::kernels {
namespace {

/// Below every score, but finite: the difference of two of them is 0 and not NaN.
constexpr float kNoMaximum = -1e30f;

/// Rows that are worked on at once, so that each key and value that was loaded meets all of them: as many as there are
/// registers for their sums.
constexpr int kRowsAtOnce = kHalves == 1 ? 8 : 3;

/// A dimension's share of a page's keys, and of its values.
constexpr int kDimBytes = kBlockTokens * static_cast<int>(sizeof(Half));
/// A line of memory holds the keys of so many dimensions.
constexpr int kLineDims = 64 / kDimBytes;

/// `Element`: float, where the page was converted for a tile of many rows; Half, where few rows read it as it is.
template <class Element>
struct Page {
  int num_tokens;
  const Element* keys;    // [head_dim, 16]
  const Element* values;  // [16, value_stride]
  int value_stride;
};

template <class Element, int kPages>
struct Step {
  static constexpr int kTokens = kPages * kBlockTokens;
  static constexpr int kVectors = kPages * kHalves;  // of scores

  int first_token;
  float* weights;  // [kRowsAtOnce, kTokens]
  Page<Element> pages[kPages] = {};
  Page<Half> next[kPages] = {};  // of the step behind this one
};

/// Asks for a line that the next step reads, into the second-level cache. The processor does not foresee it: pages lie
/// apart, and values are read across. One at a time beside the arithmetic, as few can be on their way together.
inline void ask_for(const Half* line) {
  __builtin_prefetch(line, 0, 2);
}

inline F load_elements(const float* p) {
  return f_load(p);
}
inline F load_elements(const Half* p) {
  return f_load_halves(p);
}

Page<Half> page_at(const AttentionTile& tile, int first_token) {
  const int32_t block = tile.block_table[static_cast<size_t>(first_token / kBlockTokens)];
  const std::byte* base = tile.layer + static_cast<size_t>(block) * tile.block_bytes;
  const int left = tile.end_token - first_token;
  return {left < kBlockTokens ? left : kBlockTokens, reinterpret_cast<const Half*>(base + tile.keys_offset),
          reinterpret_cast<const Half*>(base + tile.values_offset), tile.head_dim};
}

/// The pages behind this step, also those of the next segment, which whoever computes it finds in the third-level cache; at
/// the context's end the step's own.
template <class Element, int kPages>
void find_next(const AttentionTile& tile, Step<Element, kPages>& step) {
  for (int p = 0; p < kPages; ++p) {
    const int next = step.first_token + (kPages + p) * kBlockTokens;
    step.next[p] = page_at(tile, next < tile.context_tokens ? next : step.first_token);
  }
}

/// Into `memory`: [2, 16, padded_head_dim].
Page<float> converted(const AttentionTile& tile, const Page<Half>& page, float* memory) {
  const int padded = padded_head_dim(tile.head_dim);
  float* keys = memory;
  float* values = keys + kBlockTokens * padded;
  for (int i = 0; i < tile.head_dim * kBlockTokens; i += kLanes) f_store(keys + i, f_load_halves(page.keys + i));
  const Half* from = page.values;
  float* to = values;
  for (int t = 0; t < page.num_tokens; ++t, from += tile.head_dim, to += padded) {
    int i = 0;
    for (; i + kLanes <= tile.head_dim; i += kLanes) f_store(to + i, f_load_halves(from + i));
    for (; i < tile.head_dim; ++i) to[i] = half_to_float(from[i]);
    for (; i < padded; ++i) to[i] = 0;
  }
  return {page.num_tokens, keys, values, padded};
}

/// Turns a row's scores into weights relative to its new maximum; returns the factor for what was summed before.
template <int kVectors>
F update_softmax(const AttentionTile& tile, int first_token, int row, F (&scores)[kVectors], float* weights) {
  const int lo = tile.first_token[row] - first_token;
  const int hi = tile.last_token[row] - first_token;
  if (lo > 0 || hi < kVectors * kLanes - 1) {
    for (int v = 0; v < kVectors; ++v) scores[v] = f_keep_lanes(scores[v], v * kLanes, lo, hi, f_set(-__builtin_inff()));
  }
  F largest = scores[0];
  for (int v = 1; v < kVectors; ++v) largest = f_max(largest, scores[v]);
  const float step_maximum = f_reduce_max(largest);
  const float maximum = step_maximum > tile.maximum[row] ? step_maximum : tile.maximum[row];
  // Summed lane by lane within a page, and then the pages: zeros of a page that is not seen change nothing.
  F sum = f_zero();
  for (int v = 0; v < kVectors; ++v) {
    const F weight = f_exp(f_sub(scores[v], f_set(maximum)));
    f_store(weights + v * kLanes, weight);
    sum = f_add(sum, weight);
  }
  // Most steps leave the maximum as it is; e^0 is exactly 1.
  const F factor = maximum == tile.maximum[row] ? f_set(1.0f) : f_exp(f_set(tile.maximum[row] - maximum));
  tile.total[row] = tile.total[row] * f_first(factor) + f_reduce_add(sum);
  tile.maximum[row] = maximum;
  return factor;
}

template <int kRows, class Element, int kPages>
void score_step(const AttentionTile& tile, const Step<Element, kPages>& step, int first_row,
                F (&scores)[kRows][kPages * kHalves]) {
  for (auto& row : scores) {
    for (F& vector : row) vector = f_zero();
  }
  const float* queries = tile.queries + first_row * tile.head_dim;
  for (int begin = 0; begin < tile.head_dim; begin += kLineDims) {
    const int end = begin + kLineDims < tile.head_dim ? begin + kLineDims : tile.head_dim;
    if (first_row == 0) {
      for (const Page<Half>& next : step.next) ask_for(next.keys + begin * kBlockTokens);
    }
    for (int d = begin; d < end; ++d) {
      F query[kRows];
      for (int r = 0; r < kRows; ++r) query[r] = f_set(queries[r * tile.head_dim + d]);
      for (int v = 0; v < kPages * kHalves; ++v) {
        const Element* keys = step.pages[v / kHalves].keys + d * kBlockTokens + v % kHalves * kLanes;
        const F key = load_elements(keys);
        for (int r = 0; r < kRows; ++r) scores[r][v] = f_fma(query[r], key, scores[r][v]);
      }
    }
  }
}

/// out = out * factor + weights · values, for kVectors vectors of dimensions from d on.
template <int kRows, int kVectors, class Element, int kPages>
void add_values(const AttentionTile& tile, const Step<Element, kPages>& step, int first_row, int d,
                const F (&factor)[kRows]) {
  const int padded = padded_head_dim(tile.head_dim);
  float* out = tile.out + first_row * padded + d;
  F sum[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) sum[r][v] = f_mul(f_load(out + r * padded + v * kLanes), factor[r]);
  }
  for (int p = 0; p < kPages; ++p) {
    const Page<Element>& page = step.pages[p];
    const Half* next = step.next[p].values + d * kBlockTokens;
    const Element* values = page.values + d;
    const float* weights = step.weights + p * kBlockTokens;
    for (int t = 0; t < page.num_tokens; ++t, values += page.value_stride) {
      if (first_row == 0) ask_for(next + t * kVectors * kLanes);
      for (int v = 0; v < kVectors; ++v) {
        const F value = load_elements(values + v * kLanes);
        for (int r = 0; r < kRows; ++r) sum[r][v] = f_fma(f_set(weights[r * step.kTokens + t]), value, sum[r][v]);
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) f_store(out + r * padded + v * kLanes, sum[r][v]);
  }
}

template <int kRows, class Element, int kPages>
void attend_step(const AttentionTile& tile, const Step<Element, kPages>& step, int first_row) {
  F scores[kRows][kPages * kHalves];
  score_step<kRows>(tile, step, first_row, scores);
  F factor[kRows];
  for (int r = 0; r < kRows; ++r) {
    factor[r] = update_softmax(tile, step.first_token, first_row + r, scores[r], step.weights + r * step.kTokens);
  }
  const int padded = padded_head_dim(tile.head_dim);
  int d = 0;
  for (; d + 32 <= padded; d += 32) add_values<kRows, 2 * kHalves>(tile, step, first_row, d, factor);
  if (d < padded) add_values<kRows, kHalves>(tile, step, first_row, d, factor);
}

template <int kRows, class Element, int kPages>
void attend_last_rows(const AttentionTile& tile, const Step<Element, kPages>& step, int first_row) {
  if (tile.num_rows - first_row == kRows) return attend_step<kRows>(tile, step, first_row);
  if constexpr (kRows > 1) attend_last_rows<kRows - 1>(tile, step, first_row);
}

template <class Element, int kPages>
void attend_rows(const AttentionTile& tile, const Step<Element, kPages>& step) {
  int row = 0;
  for (; row + kRowsAtOnce <= tile.num_rows; row += kRowsAtOnce) attend_step<kRowsAtOnce>(tile, step, row);
  if (row < tile.num_rows) attend_last_rows<kRowsAtOnce - 1>(tile, step, row);
}

/// kPages pages, whose first token is `first`.
template <int kPages>
void attend_pages(const AttentionTile& tile, int first) {
  const int padded = padded_head_dim(tile.head_dim);
  const bool direct = tile.num_rows <= 2 * kRowsAtOnce && tile.head_dim == padded;
  if (direct) {
    Step<Half, kPages> step{first, tile.scratch};
    find_next(tile, step);
    for (int p = 0; p < kPages; ++p) step.pages[p] = page_at(tile, first + p * kBlockTokens);
    return attend_rows(tile, step);
  }
  Step<float, kPages> step{first, tile.scratch};
  find_next(tile, step);
  float* memory = tile.scratch + kMostAttentionRowsAtOnce * step.kTokens;
  for (int p = 0; p < kPages; ++p, memory += 2 * kBlockTokens * padded) {
    step.pages[p] = converted(tile, page_at(tile, first + p * kBlockTokens), memory);
  }
  attend_rows(tile, step);
}

void attend(const AttentionTile& tile) {
  static_assert(kRowsAtOnce <= kMostAttentionRowsAtOnce);
  const int padded = padded_head_dim(tile.head_dim);
  for (int r = 0; r < tile.num_rows; ++r) {
    tile.maximum[r] = kNoMaximum;
    tile.total[r] = 0;
  }
  for (int i = 0; i < tile.num_rows * padded; i += kLanes) f_store(tile.out + i, f_zero());
  for (int first = tile.begin_token; first < tile.end_token;) {
    if (first % (2 * kBlockTokens) == 0 && first + kBlockTokens < tile.end_token) {
      attend_pages<2>(tile, first);
      first += 2 * kBlockTokens;
    } else {
      attend_pages<1>(tile, first);
      first += kBlockTokens;
    }
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
