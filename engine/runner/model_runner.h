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

/// What a sequence wants to know of its next token. Sequence::best_only and allowed say which.
struct Scores {
  std::span<const float> logits{};          ///< [vocabulary], or those of `allowed`; empty: see best
  std::span<const TokenId> allowed{};       ///< ascending; empty: all
  const kernels::BestRows* best = nullptr;  ///< the greatest logits
};

class ModelRunner {
 public:
  ModelRunner(Decoder decoder, kernels::Backend& backend);

  /// Computes the batch, whose sequences have blocks for it. False if it was abandoned: see Decoder::forward().
  bool run(const Batch& batch, const std::function<bool()>& abandon = {});
  /// After run(): of the n-th token whose logits were wanted, valid until the next run().
  Scores scores(int index) const;
  /// The same token's logits [vocabulary], whatever it wanted.
  std::span<const float> logits(int index);

  /// Logits of rows of the last run(), some at a time, to `on_logits(row, logits)`. What scores() and logits() gave is
  /// no longer valid.
  void score_rows(int first, int count, const std::function<void(int, std::span<const float>)>& on_logits);

  const ModelConfig& config() const { return decoder_.config(); }

 private:
  /// Rows with the same kind of wishes are neighbours, in this order.
  enum class Wish { best, all, allowed };
  /// A token whose logits are wanted.
  struct Wanted {
    int32_t row;  // of the forward pass
    Wish wish;
    const Sequence* sequence;
    int place = 0;  // among the decoder's chosen rows
  };

  void append(const BatchEntry& entry);
  void compute_wanted();
  void download_logits(int first, int count);
  std::span<float> logits_row(int place);

  Decoder decoder_;
  kernels::Backend& backend_;
  DecoderInput input_;
  std::vector<Wanted> wanted_;
  std::vector<int32_t> chosen_rows_;
  std::vector<LayerGroup> groups_;
  std::vector<kernels::BestRows> best_;  // [max_logits_rows]
  std::vector<float> logits_;            // [max_logits_rows, vocabulary]
};

}  // namespace lacuna::engine
