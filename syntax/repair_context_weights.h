/// The learned weights of repair_contexts: made by scripts/repair_train.py, which also writes their figures there.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lacuna::syntax {

constexpr size_t num_context_weights = size_t{1} << 15;

extern const int8_t context_weights[num_context_weights];
extern const float context_scale;
/// By how much the score of the first stage counts beside the contexts.
extern const float first_stage_weight;

}  // namespace lacuna::syntax
