#include <algorithm>
#include <utility>

#include "kernels/cpu/simd_backend.h"

namespace lacuna::kernels {
namespace {

/// Segments are computed apart only for tiles of at most this many rows: a token or two.
constexpr int kSplitRows = 16;
constexpr int64_t kMaxPartials = 256;

constexpr int64_t state_floats(int rows, int head_dim) {
  return static_cast<int64_t>(rows) * (2 + padded_head_dim(head_dim));
}

int group_size(const AttentionParameters& parameters) {
  return parameters.num_heads / parameters.num_kv_heads;
}

}  // namespace

Result<void> SimdBackend::prepare_kv_cache() {
  const int head_dim = kv_shape_.head_dim;
  const uint64_t floats = static_cast<uint64_t>(kAttentionRows) * static_cast<uint64_t>(head_dim + 2) +
                          2 * static_cast<uint64_t>(state_floats(kAttentionRows, head_dim)) +
                          attention_scratch_floats(head_dim);
  attention_scratch_bytes_ =
      (floats * sizeof(float) + AlignedBuffer::kAlignment - 1) / AlignedBuffer::kAlignment * AlignedBuffer::kAlignment;
  LACUNA_ASSIGN_OR_RETURN(attention_scratch_,
                          claim(attention_scratch_bytes_ * static_cast<size_t>(num_threads()), "attention"));
  const auto partial_bytes = static_cast<uint64_t>(kMaxPartials * state_floats(kSplitRows, head_dim)) * sizeof(float);
  LACUNA_ASSIGN_OR_RETURN(partial_states_, claim(partial_bytes, "attention"));
  return {};
}

SimdBackend::AttentionScratch SimdBackend::attention_scratch(int worker) const {
  const int64_t head_dim = kv_shape_.head_dim;
  const int64_t padded = padded_head_dim(kv_shape_.head_dim);
  auto* next =
      reinterpret_cast<float*>(attention_scratch_.data() + attention_scratch_bytes_ * static_cast<size_t>(worker));
  const auto take = [&next](int64_t count) { return std::exchange(next, next + count); };
  AttentionScratch scratch{};
  scratch.pages = take(static_cast<int64_t>(attention_scratch_floats(kv_shape_.head_dim)));
  scratch.state = {take(kAttentionRows), take(kAttentionRows), take(kAttentionRows * padded)};
  scratch.segment = {take(kAttentionRows), take(kAttentionRows), take(kAttentionRows * padded)};
  scratch.queries = take(kAttentionRows * head_dim);
  scratch.first_token = reinterpret_cast<int32_t*>(take(kAttentionRows));
  scratch.last_token = reinterpret_cast<int32_t*>(take(kAttentionRows));
  return scratch;
}

SimdBackend::SoftmaxState SimdBackend::partial_state(int64_t index) const {
  float* maximum = partial_states_.as<float>() + index * state_floats(kSplitRows, kv_shape_.head_dim);
  return {maximum, maximum + kSplitRows, maximum + 2 * kSplitRows};
}

/// A page's keys are transposed, [head][head_dim, 16 tokens]; its values are [head][16 tokens, head_dim].
void SimdBackend::run_write_kv(int layer, Tensor keys, Tensor values, std::span<const int32_t> slots) {
  const int head_dim = kv_shape_.head_dim;
  for_each_row(keys.rows, [&](int64_t row, int) {
    const int32_t slot = slots[static_cast<size_t>(row)];
    auto* page_keys = reinterpret_cast<Half*>(block_keys(layer, slot / kBlockTokens));
    auto* page_values = reinterpret_cast<Half*>(block_values(layer, slot / kBlockTokens));
    const int token = slot % kBlockTokens;
    for (int head = 0; head < kv_shape_.num_kv_heads; ++head) {
      const float* key = keys.data + row * keys.cols + head * head_dim;
      const int64_t page = static_cast<int64_t>(head) * kBlockTokens * head_dim;
      Half halves[kBlockTokens];
      for (int d = 0; d < head_dim; d += kBlockTokens) {
        const int count = std::min(kBlockTokens, head_dim - d);
        kernels_.floats_to_halves(key + d, count, halves);
        for (int i = 0; i < count; ++i) page_keys[page + (d + i) * kBlockTokens + token] = halves[i];
      }
      kernels_.floats_to_halves(values.data + row * values.cols + head * head_dim, head_dim,
                                page_values + page + token * head_dim);
    }
  });
}

void SimdBackend::run_attention(const AttentionParameters& parameters, Tensor queries,
                                std::span<const AttentionSequence> sequences, Tensor out) {
  int64_t num_tiles = 0;
  for (const AttentionSequence& sequence : sequences) num_tiles += num_query_tiles(parameters, sequence);
  if (count_split_segments(parameters, sequences, num_tiles) > 0) {
    return attend_by_segments(parameters, queries, sequences, num_tiles, out);
  }
  pool_.for_each(num_tiles, [&](int64_t index, int worker) {
    attend_tile(parameters, query_tile(parameters, sequences, index), queries, attention_scratch(worker), out);
  });
}

int64_t SimdBackend::num_query_tiles(const AttentionParameters& parameters, const AttentionSequence& sequence) const {
  const int64_t rows = static_cast<int64_t>(sequence.num_tokens) * group_size(parameters);
  return (rows + kAttentionRows - 1) / kAttentionRows * parameters.num_kv_heads;
}

SimdBackend::QueryTile SimdBackend::query_tile(const AttentionParameters& parameters,
                                               std::span<const AttentionSequence> sequences, int64_t index) const {
  const AttentionSequence* sequence = sequences.data();
  for (; index >= num_query_tiles(parameters, *sequence); ++sequence) index -= num_query_tiles(parameters, *sequence);
  const int group = group_size(parameters);
  QueryTile tile{};
  tile.sequence = sequence;
  tile.kv_head = static_cast<int>(index % parameters.num_kv_heads);
  tile.first_row = static_cast<int>(index / parameters.num_kv_heads) * kAttentionRows;
  tile.num_rows = std::min(kAttentionRows, sequence->num_tokens * group - tile.first_row);
  const int start = sequence->context_tokens - sequence->num_tokens;
  const int first_query = start + tile.first_row / group;
  const int first_seen = parameters.window > 0 ? std::max(0, first_query - parameters.window + 1) : 0;
  tile.begin_token = first_seen / kBlockTokens * kBlockTokens;
  tile.end_token = start + (tile.first_row + tile.num_rows - 1) / group + 1;
  return tile;
}

void SimdBackend::load_queries(const AttentionParameters& parameters, const QueryTile& tile, Tensor queries,
                               const AttentionScratch& scratch) const {
  const int group = group_size(parameters);
  const int head_dim = parameters.head_dim;
  for (int r = 0; r < tile.num_rows; ++r) {
    const int token = (tile.first_row + r) / group;
    const int head = tile.kv_head * group + (tile.first_row + r) % group;
    const float* from = queries.data + (tile.sequence->first_row + token) * queries.cols + head * head_dim;
    for (int d = 0; d < head_dim; ++d) scratch.queries[r * head_dim + d] = from[d] * parameters.scale;
    const int position = tile.sequence->context_tokens - tile.sequence->num_tokens + token;
    scratch.last_token[r] = position;
    scratch.first_token[r] = parameters.window > 0 ? std::max(0, position - parameters.window + 1) : 0;
  }
}

void SimdBackend::attend_segment(const AttentionParameters& parameters, const QueryTile& tile, int segment,
                                 const AttentionScratch& scratch, const SoftmaxState& into) const {
  const size_t head_bytes = sizeof(Half) * kBlockTokens * static_cast<size_t>(parameters.head_dim);
  AttentionTile work{};
  work.queries = scratch.queries;
  work.num_rows = tile.num_rows;
  work.head_dim = parameters.head_dim;
  work.first_token = scratch.first_token;
  work.last_token = scratch.last_token;
  work.begin_token = std::max(tile.begin_token, segment * kSegmentTokens);
  work.end_token = std::min(tile.end_token, (segment + 1) * kSegmentTokens);
  work.context_tokens = tile.sequence->context_tokens;
  work.block_table = tile.sequence->block_table;
  work.layer = block_keys(parameters.layer, 0);
  work.block_bytes = kv_block_bytes();
  work.keys_offset = head_bytes * static_cast<size_t>(tile.kv_head);
  work.values_offset = kv_block_bytes() / 2 + work.keys_offset;
  work.maximum = into.maximum;
  work.total = into.total;
  work.out = into.out;
  work.scratch = scratch.pages;
  kernels_.attend(work);
}

void SimdBackend::attend_tile(const AttentionParameters& parameters, const QueryTile& tile, Tensor queries,
                              const AttentionScratch& scratch, Tensor out) const {
  load_queries(parameters, tile, queries, scratch);
  attend_segment(parameters, tile, tile.first_segment(), scratch, scratch.state);
  for (int i = 1; i < tile.num_segments(); ++i) {
    attend_segment(parameters, tile, tile.first_segment() + i, scratch, scratch.segment);
    kernels_.merge_segment(scratch.state.maximum, scratch.state.total, scratch.state.out, scratch.segment.maximum,
                           scratch.segment.total, scratch.segment.out, tile.num_rows,
                           padded_head_dim(parameters.head_dim));
  }
  store_heads(parameters, tile, scratch.state, out);
}

int64_t SimdBackend::count_split_segments(const AttentionParameters& parameters,
                                          std::span<const AttentionSequence> sequences, int64_t num_tiles) const {
  if (num_threads() == 1 || num_tiles >= 4 * static_cast<int64_t>(num_threads())) return 0;
  int64_t segments = 0;
  for (int64_t i = 0; i < num_tiles; ++i) {
    const QueryTile tile = query_tile(parameters, sequences, i);
    if (tile.num_rows > kSplitRows) return 0;
    segments += tile.num_segments();
  }
  return segments > num_tiles && segments <= kMaxPartials ? segments : 0;
}

void SimdBackend::attend_by_segments(const AttentionParameters& parameters, Tensor queries,
                                     std::span<const AttentionSequence> sequences, int64_t num_tiles, Tensor out) {
  const int64_t segments = count_split_segments(parameters, sequences, num_tiles);
  pool_.for_each(segments, [&](int64_t index, int worker) {
    int64_t segment = index;
    int64_t i = 0;
    QueryTile tile = query_tile(parameters, sequences, i);
    for (; segment >= tile.num_segments(); tile = query_tile(parameters, sequences, ++i))
      segment -= tile.num_segments();
    const AttentionScratch scratch = attention_scratch(worker);
    load_queries(parameters, tile, queries, scratch);
    attend_segment(parameters, tile, tile.first_segment() + static_cast<int>(segment), scratch, partial_state(index));
  });
  int64_t next = 0;
  for (int64_t i = 0; i < num_tiles; ++i) {
    const QueryTile tile = query_tile(parameters, sequences, i);
    const SoftmaxState state = partial_state(next++);
    for (int s = 1; s < tile.num_segments(); ++s) {
      const SoftmaxState later = partial_state(next++);
      kernels_.merge_segment(state.maximum, state.total, state.out, later.maximum, later.total, later.out,
                             tile.num_rows, padded_head_dim(parameters.head_dim));
    }
    store_heads(parameters, tile, state, out);
  }
}

void SimdBackend::store_heads(const AttentionParameters& parameters, const QueryTile& tile, const SoftmaxState& from,
                              Tensor out) const {
  const int group = group_size(parameters);
  const int head_dim = parameters.head_dim;
  for (int r = 0; r < tile.num_rows; ++r) {
    const int token = (tile.first_row + r) / group;
    const int head = tile.kv_head * group + (tile.first_row + r) % group;
    float* to = out.data + (tile.sequence->first_row + token) * out.cols + head * head_dim;
    const float* values = from.out + r * padded_head_dim(head_dim);
    const float inverse = 1.0f / from.total[r];
    for (int d = 0; d < head_dim; ++d) to[d] = values[d] * inverse;
  }
}

}  // namespace lacuna::kernels
