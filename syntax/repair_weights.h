/// The learned weights of the repair ranker: made by scripts/repair_train.py, which also writes their figures there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "syntax/repair_features.h"

namespace lacuna::syntax {

constexpr size_t num_repair_kinds = 9;
constexpr size_t num_sparse_weights = size_t{1} << 15;

extern const float dense_weights[num_repair_kinds][num_dense_features];
extern const int8_t sparse_weights[num_sparse_weights];
extern const float sparse_scale;

}  // namespace lacuna::syntax
