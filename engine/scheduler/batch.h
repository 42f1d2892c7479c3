/// Batch: what one step computes. Made by Scheduler, carried out by ModelRunner.
#pragma once

#include <vector>

#include "engine/scheduler/sequence.h"
#include "kernels/backend.h"

namespace lacuna::engine {

/// The next `num_tokens` of a sequence, behind its computed ones.
struct BatchEntry {
  Sequence* sequence = nullptr;
  int num_tokens = 0;
  bool wants_logits = false;  ///< of its last token, and of those in front of its drafts: the sequence goes on there
  bool scores_prompt = false;  ///< of some of its tokens the logits tell how probable the prompt's next one is
};

struct Batch {
  GroupCopies copies;  ///< to be done first
  std::vector<BatchEntry> entries;
  int num_tokens = 0;
  bool empty() const { return entries.empty(); }
};

}  // namespace lacuna::engine
