/// ModelRunner: carries out a batch: block copies, one forward pass, and logits where they are wanted.
///
/// It turns the scheduler's words (sequences, blocks) into the decoder's (rows, positions, slots). No allocation in the
/// steady state. Engine thread only.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "engine/model/decoder.h"
#include "engine/scheduler/batch.h"
#include "kernels/backend.h"

namespace lacuna::engine {

class ModelRunner {
 public:
  ModelRunner(Decoder decoder, kernels::Backend& backend);

  /// Computes the batch, whose sequences have blocks for it. False if it was abandoned: see Decoder::forward().
  bool run(const Batch& batch, const std::function<bool()>& abandon = {});
  /// After run(): logits [vocabulary] of the n-th entry that wants them, valid until the next run().
  std::span<const float> logits(int index) const;

  /// Logits of all the rows of the last run(), some at a time, to `on_logits(row, logits)`.
  void score_rows(const std::function<void(int, std::span<const float>)>& on_logits);

  const ModelConfig& config() const { return decoder_.config(); }

 private:
  void append(const BatchEntry& entry);
  void download_logits(std::span<const int32_t> rows);

  Decoder decoder_;
  kernels::Backend& backend_;
  DecoderInput input_;
  std::vector<int32_t> wanted_rows_;
  std::vector<LayerGroup> groups_;
  std::vector<float> logits_;  // [max_logits_rows, vocabulary]
};

}  // namespace lacuna::engine
