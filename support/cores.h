/// Which cores a computation should use: what this process may use, and what is worth using of it.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace lacuna::os {

/// Where the system tells about itself; tests have trees of their own.
struct SystemFolders {
  std::string sys = "/sys";
  std::string proc = "/proc";
};

/// One hardware thread of each physical core among `allowed`: of cores that differ (big and little ones) only the fast
/// ones, since everybody would wait for the slow. In ascending order; `allowed` where nothing can be told.
std::vector<int> fast_cores(std::span<const int> allowed, const SystemFolders& folders = {});

/// Cores' worth of time that the control groups of this process allow (versions 1 and 2); 0: as much as there is.
double cpu_quota(const SystemFolders& folders = {});

/// Threads for work that shares its steps evenly: one for each fast core, not more than the quota, at least 1.
int num_useful_threads(std::span<const int> allowed, const SystemFolders& folders = {});

}  // namespace lacuna::os
