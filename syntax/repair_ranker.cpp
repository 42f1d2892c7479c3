#include "syntax/repair_ranker.h"

#include "syntax/repair_weights.h"

namespace lacuna::syntax {

double score_of(const Candidate& candidate, const RepairFeatures& features) {
  const float* weights = dense_weights[static_cast<size_t>(candidate.kind)];
  double score = 0;
  for (size_t i = 0; i < num_dense_features; i++) score += weights[i] * features.dense[i];
  double sparse = 0;
  for (uint32_t each : features.sparse) sparse += sparse_weights[each % num_sparse_weights];
  return score + sparse * sparse_scale;
}

}  // namespace lacuna::syntax
