#include "engine/runner/model_runner.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "support/check.h"

namespace lacuna::engine {

using kernels::kBlockTokens;

ModelRunner::ModelRunner(Decoder decoder, kernels::Backend& backend)
    : decoder_(std::move(decoder)),
      backend_(backend),
      groups_(layer_groups(config())),
      logits_(static_cast<size_t>(decoder_.max_logits_rows()) * static_cast<size_t>(config().vocabulary_size)) {
  input_.groups.resize(groups_.size());
}

bool ModelRunner::run(const Batch& batch, const std::function<bool()>& abandon) {
  for (size_t g = 0; g < batch.copies.size(); ++g) backend_.copy_blocks(batch.copies[g], groups_[g].layers);
  input_.tokens.clear();
  input_.positions.clear();
  for (DecoderInput::Group& group : input_.groups) {
    group.slots.clear();
    group.sequences.clear();
  }
  wanted_rows_.clear();
  for (const BatchEntry& entry : batch.entries) append(entry);
  if (!decoder_.forward(input_, abandon)) return false;
  download_logits(wanted_rows_);
  return true;
}

void ModelRunner::append(const BatchEntry& entry) {
  const Sequence& sequence = *entry.sequence;
  const int first = sequence.num_computed_tokens;
  const int end = first + entry.num_tokens;
  const int first_row = static_cast<int>(input_.tokens.size());
  for (int position = first; position < end; ++position) {
    input_.tokens.push_back(sequence.tokens[static_cast<size_t>(position)]);
    input_.positions.push_back(position);
  }
  for (size_t g = 0; g < input_.groups.size(); ++g) {
    const std::vector<int32_t>& blocks = sequence.blocks.groups[g].blocks;
    DecoderInput::Group& group = input_.groups[g];
    group.sequences.push_back(
        {.first_row = first_row, .num_tokens = entry.num_tokens, .context_tokens = end, .block_table = blocks});
    for (int position = first; position < end; ++position) {
      group.slots.push_back(blocks[static_cast<size_t>(position / kBlockTokens)] * kBlockTokens +
                            position % kBlockTokens);
    }
  }
  if (entry.wants_logits) wanted_rows_.push_back(static_cast<int32_t>(input_.tokens.size()) - 1);
}

void ModelRunner::download_logits(std::span<const int32_t> rows) {
  if (rows.empty()) return;
  const kernels::Tensor logits = decoder_.logits(rows);
  backend_.download(logits, std::span(logits_).first(rows.size() * static_cast<size_t>(logits.cols)));
}

std::span<const float> ModelRunner::logits(int index) const {
  const auto vocabulary = static_cast<size_t>(config().vocabulary_size);
  LACUNA_CHECK(index >= 0 && static_cast<size_t>(index) < wanted_rows_.size());
  return std::span(logits_).subspan(static_cast<size_t>(index) * vocabulary, vocabulary);
}

void ModelRunner::score_rows(const std::function<void(int, std::span<const float>)>& on_logits) {
  const int num_rows = static_cast<int>(input_.tokens.size());
  for (int first = 0; first < num_rows; first += decoder_.max_logits_rows()) {
    wanted_rows_.resize(static_cast<size_t>(std::min(decoder_.max_logits_rows(), num_rows - first)));
    std::iota(wanted_rows_.begin(), wanted_rows_.end(), first);
    download_logits(wanted_rows_);
    for (size_t i = 0; i < wanted_rows_.size(); ++i)
      on_logits(first + static_cast<int>(i), logits(static_cast<int>(i)));
  }
}

}  // namespace lacuna::engine
