#include "engine/model/decoder.h"

#include <utility>

#include "support/check.h"

namespace lacuna::engine {

using kernels::LinearTarget;
using kernels::Tensor;

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
  backend_->embed(weights_.token_embedding, input.tokens, hidden_.first_rows(num_rows));
  for (int layer = 0; layer < config_.num_layers; ++layer) {
    if (abandon && abandon()) return false;
    attention(layer, input, num_rows);
    feed_forward(weights_.layers[static_cast<size_t>(layer)], num_rows);
  }
  return true;
}

/// hidden += Attention(RmsNorm(hidden)) · Wo
void Decoder::attention(int layer, const DecoderInput& input, int64_t num_rows) {
  const LayerWeights& weights = weights_.layers[static_cast<size_t>(layer)];
  const Tensor hidden = hidden_.first_rows(num_rows), normed = normed_.first_rows(num_rows);
  const Tensor queries = queries_.first_rows(num_rows), keys = keys_.first_rows(num_rows);
  const Tensor values = values_.first_rows(num_rows), attended = attended_.first_rows(num_rows);

  backend_->rms_norm(hidden, weights.attention_norm, config_.norm_epsilon, normed);
  const LinearTarget projections[] = {{.weight = weights.query, .out = queries, .bias = weights.query_bias},
                                      {.weight = weights.key, .out = keys, .bias = weights.key_bias},
                                      {.weight = weights.value, .out = values, .bias = weights.value_bias}};
  backend_->linear(normed, projections);
  backend_->rope(queries, config_.head_dim, input.positions, config_.rope);
  backend_->rope(keys, config_.head_dim, input.positions, config_.rope);
  backend_->write_kv(layer, keys, values, input.slots);
  const kernels::AttentionParameters parameters = {.layer = layer,
                                                   .num_heads = config_.num_heads,
                                                   .num_kv_heads = config_.num_kv_heads,
                                                   .head_dim = config_.head_dim,
                                                   .scale = config_.attention_scale,
                                                   .window = config_.window_of(layer)};
  backend_->attention(parameters, queries, input.sequences, attended);
  const LinearTarget output[] = {{.weight = weights.attention_output, .out = hidden, .accumulate = true}};
  backend_->linear(attended, output);
}

/// hidden += (SiLU(x · Wgate) * (x · Wup)) · Wdown, where x = RmsNorm(hidden)
void Decoder::feed_forward(const LayerWeights& weights, int64_t num_rows) {
  const Tensor hidden = hidden_.first_rows(num_rows), normed = normed_.first_rows(num_rows);
  const Tensor gated = gated_.first_rows(num_rows);
  backend_->rms_norm(hidden, weights.feed_forward_norm, config_.norm_epsilon, normed);
  backend_->linear_swiglu(normed, weights.gate, weights.up, gated);
  const LinearTarget output[] = {{.weight = weights.down, .out = hidden, .accumulate = true}};
  backend_->linear(gated, output);
}

Tensor Decoder::logits(std::span<const int32_t> rows) {
  const auto num_rows = static_cast<int64_t>(rows.size());
  LACUNA_CHECK(num_rows > 0 && num_rows <= logits_.rows);
  const Tensor last = last_.first_rows(num_rows), logits = logits_.first_rows(num_rows);
  backend_->gather_rows(hidden_, rows, last);
  backend_->rms_norm(last, weights_.output_norm, config_.norm_epsilon, last);
  const LinearTarget output[] = {{.weight = weights_.head, .out = logits}};
  backend_->linear(last, output);
  return logits;
}

}  // namespace lacuna::engine
