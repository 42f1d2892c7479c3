#include "engine/model/decoder.h"

#include <algorithm>
#include <utility>

#include "support/check.h"

namespace lacuna::engine {

using kernels::LinearTarget;
using kernels::Tensor;

namespace {

/// The heads of each row as rows of their own.
Tensor by_head(Tensor x, int head_dim) {
  return {x.data, x.rows * x.cols / head_dim, head_dim};
}

}  // namespace

Decoder::Decoder(const ModelConfig& config, Weights weights, kernels::Backend& backend)
    : config_(config),
      group_of_layer_(static_cast<size_t>(config.num_layers)),
      weights_(std::move(weights)),
      backend_(&backend) {
  const auto groups = layer_groups(config);
  for (size_t g = 0; g < groups.size(); ++g) {
    for (const int layer : groups[g].layers) group_of_layer_[static_cast<size_t>(layer)] = g;
  }
}

Result<Decoder> Decoder::create(const ModelConfig& config, Weights weights, kernels::Backend& backend, int max_rows,
                                int max_logits_rows) {
  Decoder decoder(config, std::move(weights), backend);
  LACUNA_ASSIGN_OR_RETURN(decoder.hidden_, backend.allocate(max_rows, config.embedding_length));
  LACUNA_ASSIGN_OR_RETURN(decoder.normed_, backend.allocate(max_rows, config.embedding_length));
  LACUNA_ASSIGN_OR_RETURN(decoder.queries_, backend.allocate(max_rows, config.query_length()));
  LACUNA_ASSIGN_OR_RETURN(decoder.keys_, backend.allocate(max_rows, config.kv_length()));
  LACUNA_ASSIGN_OR_RETURN(decoder.values_, backend.allocate(max_rows, config.kv_length()));
  LACUNA_ASSIGN_OR_RETURN(decoder.attended_, backend.allocate(max_rows, config.query_length()));
  LACUNA_ASSIGN_OR_RETURN(decoder.gated_, backend.allocate(max_rows, config.feed_forward_length));
  LACUNA_ASSIGN_OR_RETURN(decoder.last_, backend.allocate(max_logits_rows, config.embedding_length));
  LACUNA_ASSIGN_OR_RETURN(decoder.logits_, backend.allocate(max_logits_rows, config.vocabulary_size));
  return decoder;
}

uint64_t Decoder::activation_bytes(const ModelConfig& config, int max_rows, int max_logits_rows) {
  const auto width = [](int length) { return static_cast<uint64_t>(length); };
  const uint64_t row = 2 * width(config.embedding_length) + 2 * width(config.query_length()) +
                       2 * width(config.kv_length()) + width(config.feed_forward_length);
  const uint64_t logits_row = width(config.embedding_length) + width(config.vocabulary_size);
  return sizeof(float) * (row * width(max_rows) + logits_row * width(max_logits_rows));
}

bool Decoder::forward(const DecoderInput& input, const std::function<bool()>& abandon) {
  const auto num_rows = static_cast<int64_t>(input.tokens.size());
  LACUNA_CHECK(num_rows > 0 && num_rows <= hidden_.rows);
  // A layer of a few rows is over in a millisecond, and one of many may take a tenth of a second.
  constexpr int64_t kManyRows = 32;
  backend_->stop_when(num_rows >= kManyRows ? abandon : nullptr);
  backend_->embed(weights_.token_embedding, input.tokens, hidden_.first_rows(num_rows));
  if (config_.embedding_scale != 1) backend_->scale(hidden_.first_rows(num_rows), config_.embedding_scale);
  bool completed = false;
  for (int layer = 0; layer < config_.num_layers; ++layer) {
    if (backend_->stopped() || (abandon && abandon())) break;
    attention(layer, input, num_rows);
    feed_forward(weights_.layers[static_cast<size_t>(layer)], num_rows);
    completed = layer + 1 == config_.num_layers;
  }
  completed = completed && !backend_->stopped();
  backend_->stop_when(nullptr);
  return completed;
}

void Decoder::normalise(Tensor x, const NormWeights& norm, Tensor out) {
  if (config_.architecture->norm == Norm::rms) {
    backend_->rms_norm(x, norm.gain, config_.norm_epsilon, out);
  } else {
    backend_->layer_norm(x, norm.gain, norm.bias, config_.norm_epsilon, out);
  }
}

/// hidden += x · W, or hidden += Norm(x · W). normed_ is free by then.
void Decoder::add_to_residual(Tensor x, kernels::WeightId weight, kernels::WeightId bias, const NormWeights& norm) {
  const Tensor hidden = hidden_.first_rows(x.rows), added = normed_.first_rows(x.rows);
  const bool direct = !norm.gain.valid();
  const LinearTarget target[] = {
      {.weight = weight, .out = direct ? hidden : added, .bias = bias, .accumulate = direct}};
  backend_->linear(x, target);
  if (direct) return;
  normalise(added, norm, added);
  backend_->add(added, hidden);
}

/// hidden += Attention(Norm(hidden)) · Wo
void Decoder::attention(int layer, const DecoderInput& input, int64_t num_rows) {
  const LayerWeights& weights = weights_.layers[static_cast<size_t>(layer)];
  const DecoderInput::Group& group = input.groups[group_of_layer_[static_cast<size_t>(layer)]];
  const Tensor hidden = hidden_.first_rows(num_rows), normed = normed_.first_rows(num_rows);
  const Tensor queries = queries_.first_rows(num_rows), keys = keys_.first_rows(num_rows);
  const Tensor values = values_.first_rows(num_rows), attended = attended_.first_rows(num_rows);

  normalise(hidden, weights.attention_norm, normed);
  const LinearTarget projections[] = {{.weight = weights.query, .out = queries, .bias = weights.query_bias},
                                      {.weight = weights.key, .out = keys, .bias = weights.key_bias},
                                      {.weight = weights.value, .out = values, .bias = weights.value_bias}};
  backend_->linear(normed, projections);
  if (config_.architecture->qk_norms) {
    const Tensor query_heads = by_head(queries, config_.head_dim), key_heads = by_head(keys, config_.head_dim);
    normalise(query_heads, weights.query_norm, query_heads);
    normalise(key_heads, weights.key_norm, key_heads);
  }
  backend_->rope(queries, config_.head_dim, input.positions, config_.rope_of(layer));
  backend_->rope(keys, config_.head_dim, input.positions, config_.rope_of(layer));
  backend_->write_kv(layer, keys, values, group.slots);
  const kernels::AttentionParameters parameters = {.layer = layer,
                                                   .num_heads = config_.num_heads,
                                                   .num_kv_heads = config_.num_kv_heads,
                                                   .head_dim = config_.head_dim,
                                                   .scale = config_.attention_scale,
                                                   .window = config_.window_of(layer)};
  backend_->attention(parameters, queries, group.sequences, attended);
  add_to_residual(attended, weights.attention_output, weights.attention_output_bias, weights.post_attention_norm);
}

/// hidden += (activation(x · Wgate) * (x · Wup)) · Wdown, or activation(x · Wup) · Wdown; where x = Norm(hidden)
void Decoder::feed_forward(const LayerWeights& weights, int64_t num_rows) {
  const Tensor normed = normed_.first_rows(num_rows), gated = gated_.first_rows(num_rows);
  normalise(hidden_.first_rows(num_rows), weights.feed_forward_norm, normed);
  if (!config_.architecture->gated) {
    const LinearTarget up[] = {{.weight = weights.up, .out = gated, .bias = weights.up_bias}};
    backend_->linear(normed, up);
    backend_->gelu(gated);
  } else if (config_.architecture->activation == kernels::Activation::gelu) {
    backend_->linear_geglu(normed, weights.gate, weights.up, gated);
  } else {
    backend_->linear_swiglu(normed, weights.gate, weights.up, gated);
  }
  add_to_residual(gated, weights.down, weights.down_bias, weights.post_feed_forward_norm);
}

void Decoder::choose(std::span<const int32_t> rows) {
  const auto num_rows = static_cast<int64_t>(rows.size());
  LACUNA_CHECK(num_rows <= logits_.rows);
  const Tensor last = last_.first_rows(num_rows);
  backend_->gather_rows(hidden_, rows, last);
  normalise(last, weights_.output_norm, last);
}

Tensor Decoder::logits(int first, int count) {
  const Tensor logits = logits_.rows_from(first, count);
  const LinearTarget output[] = {{.weight = weights_.head, .out = logits}};
  backend_->linear(last_.rows_from(first, count), output);
  return logits;
}

Tensor Decoder::logits_of(int row, std::span<const TokenId> tokens) {
  const Tensor logits = {logits_.rows_from(row, 1).data, 1, static_cast<int64_t>(tokens.size())};
  backend_->linear_rows(last_.rows_from(row, 1), weights_.head, tokens, logits);
  return logits;
}

void Decoder::best_tokens(int first, std::span<kernels::BestRows> best) {
  for (size_t done = 0; done < best.size();) {
    const size_t count = std::min(best.size() - done, static_cast<size_t>(kernels::kMostBestRows));
    const Tensor rows = last_.rows_from(first + static_cast<int64_t>(done), static_cast<int64_t>(count));
    backend_->best_rows(rows, weights_.head, best.subspan(done, count));
    done += count;
  }
}

}  // namespace lacuna::engine
