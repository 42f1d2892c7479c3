/// Orders the candidates of one search by how likely a person would have meant each.
///
/// A linear model: dense features weighed for each kind of change, plus learned weights of what was changed among which
/// neighbours, looked up by hash. The weights are those of a softmax over the candidates of a search (listwise),
/// learned by scripts/repair_train.py from errors made in real sources.
#pragma once

#include <vector>

#include "syntax/repair_features.h"

namespace lacuna::syntax {

/// The score of one candidate; the chance that it is the right one is the softmax of the scores.
double score_of(const Candidate& candidate, const RepairFeatures& features);

}  // namespace lacuna::syntax
