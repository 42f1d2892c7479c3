/// What is told of a list of measured times: its median, its high percentiles, and how much it varies.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "support/check.h"

namespace lacuna::server {

/// The middle value, or the mean of the two in the middle. `values` is not empty.
inline double median(std::vector<double> values) {
  LACUNA_CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

struct SampleStatistics {
  size_t count = 0;
  double mean = 0;
  double p50 = 0;  ///< nearest rank: a value of the sample that at least half of it does not exceed; so the others
  double p95 = 0;
  double p99 = 0;
  double max = 0;
  double variation = 0;  ///< coefficient of variation: standard deviation / mean; 0 where the mean is 0
};

/// All zero for an empty sample.
inline SampleStatistics statistics_of(std::vector<double> values) {
  SampleStatistics statistics;
  statistics.count = values.size();
  if (values.empty()) return statistics;
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  const auto rank = [&](double share) {
    return values[std::max<size_t>(static_cast<size_t>(std::ceil(share * count)), 1) - 1];
  };
  statistics.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  statistics.p50 = rank(0.5);
  statistics.p95 = rank(0.95);
  statistics.p99 = rank(0.99);
  statistics.max = values.back();
  double squares = 0;
  for (const double value : values) squares += (value - statistics.mean) * (value - statistics.mean);
  if (statistics.mean > 0) statistics.variation = std::sqrt(squares / count) / statistics.mean;
  return statistics;
}

}  // namespace lacuna::server
