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
      best_(static_cast<size_t>(decoder_.max_logits_rows())),
      logits_(static_cast<size_t>(decoder_.max_logits_rows()) * static_cast<size_t>(config().vocabulary_size)) {
  const auto max_rows = static_cast<size_t>(decoder_.max_rows());
  input_.tokens.reserve(max_rows);
  input_.positions.reserve(max_rows);
  input_.groups.resize(groups_.size());
  for (DecoderInput::Group& group : input_.groups) group.slots.reserve(max_rows);
  wanted_.reserve(best_.size());
  chosen_rows_.reserve(best_.size());
}

bool ModelRunner::run(const Batch& batch, const std::function<bool()>& abandon) {
  for (size_t g = 0; g < batch.copies.size(); ++g) backend_.copy_blocks(batch.copies[g], groups_[g].layers);
  input_.tokens.clear();
  input_.positions.clear();
  for (DecoderInput::Group& group : input_.groups) {
    group.slots.clear();
    group.sequences.clear();
  }
  wanted_.clear();
  for (const BatchEntry& entry : batch.entries) append(entry);
  if (!decoder_.forward(input_, abandon)) return false;
  if (!wanted_.empty()) compute_wanted();
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
  if (!entry.wants_logits) return;
  const Wish wish = !sequence.best_only ? Wish::all : sequence.allowed.empty() ? Wish::best : Wish::allowed;
  const auto last = static_cast<int32_t>(input_.tokens.size()) - 1;
  for (int32_t row = last - sequence.num_draft_tokens; row <= last; ++row) wanted_.push_back({row, wish, &sequence});
}

void ModelRunner::compute_wanted() {
  chosen_rows_.clear();
  int counts[3] = {};
  for (const Wish wish : {Wish::best, Wish::all, Wish::allowed}) {
    for (Wanted& wanted : wanted_) {
      if (wanted.wish != wish) continue;
      wanted.place = static_cast<int>(chosen_rows_.size());
      chosen_rows_.push_back(wanted.row);
      counts[static_cast<int>(wish)] += 1;
    }
  }
  decoder_.choose(chosen_rows_);
  const int num_best = counts[static_cast<int>(Wish::best)];
  decoder_.best_tokens(0, std::span(best_).first(static_cast<size_t>(num_best)));
  download_logits(num_best, counts[static_cast<int>(Wish::all)]);
  for (const Wanted& wanted : wanted_) {
    if (wanted.wish != Wish::allowed) continue;
    const auto& tokens = wanted.sequence->allowed;
    backend_.download(decoder_.logits_of(wanted.place, tokens), logits_row(wanted.place).first(tokens.size()));
  }
}

void ModelRunner::download_logits(int first, int count) {
  if (count == 0) return;
  const kernels::Tensor logits = decoder_.logits(first, count);
  const auto size = static_cast<size_t>(logits.rows * logits.cols);
  backend_.download(logits, {logits_row(first).data(), size});
}

std::span<float> ModelRunner::logits_row(int place) {
  const auto vocabulary = static_cast<size_t>(config().vocabulary_size);
  return std::span(logits_).subspan(static_cast<size_t>(place) * vocabulary, vocabulary);
}

Scores ModelRunner::scores(int index) const {
  LACUNA_CHECK(index >= 0 && static_cast<size_t>(index) < wanted_.size());
  const Wanted& wanted = wanted_[static_cast<size_t>(index)];
  const auto vocabulary = static_cast<size_t>(config().vocabulary_size);
  const auto row = std::span(logits_).subspan(static_cast<size_t>(wanted.place) * vocabulary, vocabulary);
  const std::vector<TokenId>& allowed = wanted.sequence->allowed;
  Scores scores;
  if (wanted.wish == Wish::best) {
    scores.best = &best_[static_cast<size_t>(wanted.place)];
  } else {
    scores.logits = wanted.wish == Wish::allowed ? row.first(allowed.size()) : row;
    if (wanted.wish == Wish::allowed) scores.allowed = allowed;
  }
  return scores;
}

std::span<const float> ModelRunner::logits(int index) {
  LACUNA_CHECK(index >= 0 && static_cast<size_t>(index) < wanted_.size());
  const Wanted& wanted = wanted_[static_cast<size_t>(index)];
  if (wanted.wish != Wish::all) download_logits(wanted.place, 1);
  return logits_row(wanted.place);
}

void ModelRunner::score_rows(int first, int count, const std::function<void(int, std::span<const float>)>& on_logits) {
  const int end = first + count;
  LACUNA_CHECK(first >= 0 && static_cast<size_t>(end) <= input_.tokens.size());
  for (; first < end; first += decoder_.max_logits_rows()) {
    const int num_rows = std::min(decoder_.max_logits_rows(), end - first);
    chosen_rows_.resize(static_cast<size_t>(num_rows));
    std::iota(chosen_rows_.begin(), chosen_rows_.end(), first);
    decoder_.choose(chosen_rows_);
    download_logits(0, num_rows);
    for (int i = 0; i < num_rows; ++i) on_logits(first + i, logits_row(i));
  }
}

}  // namespace lacuna::engine
