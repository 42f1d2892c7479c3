#include "support/cores.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

namespace lacuna::os {
namespace {

/// Below this share of the fastest core's capacity a core is a little one.
constexpr double kFastShare = 0.75;

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// "0-3,8" as numbers; empty if it is no such list.
std::set<int> parse_list(const std::string& text) {
  std::set<int> numbers;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    int first = 0, last = 0;
    const int read = std::sscanf(part.c_str(), "%d-%d", &first, &last);
    if (read < 1) return {};
    if (read == 1) last = first;
    if (first < 0 || last < first || last - first > 65535) return {};
    for (int i = first; i <= last; ++i) numbers.insert(i);
  }
  return numbers;
}

/// By the kernel's figures for ARM, and by the list of Intel's hybrid processors.
std::vector<int> without_little_ones(std::span<const int> allowed, const SystemFolders& folders) {
  std::vector<int> fast(allowed.begin(), allowed.end());
  const std::set<int> performance = parse_list(first_line(folders.sys + "/devices/cpu_core/cpus"));
  if (!performance.empty()) {
    std::erase_if(fast, [&](int cpu) { return !performance.contains(cpu); });
    return fast;
  }
  const auto capacity = [&](int cpu) {
    return std::atof(first_line(fmt::format("{}/devices/system/cpu/cpu{}/cpu_capacity", folders.sys, cpu)).c_str());
  };
  double most = 0;
  for (const int cpu : allowed) most = std::max(most, capacity(cpu));
  if (most > 0) std::erase_if(fast, [&](int cpu) { return capacity(cpu) < kFastShare * most; });
  return fast;
}

/// The quota of one group: "200000 100000" of version 2. 0: none.
double quota_of_version_2(const std::string& folder) {
  double quota = 0, period = 0;
  if (std::sscanf(first_line(folder + "/cpu.max").c_str(), "%lf %lf", &quota, &period) != 2) return 0;
  return quota > 0 && period > 0 ? quota / period : 0;
}

double quota_of_version_1(const std::string& folder) {
  const double quota = std::atof(first_line(folder + "/cpu.cfs_quota_us").c_str());
  const double period = std::atof(first_line(folder + "/cpu.cfs_period_us").c_str());
  return quota > 0 && period > 0 ? quota / period : 0;
}

/// The least quota of a group and all above it. In a container the group's path may not be there: then its root is ours.
template <class QuotaOf>
double least_quota(const std::string& root, std::string group, QuotaOf quota_of) {
  double least = 0;
  for (;;) {
    const double quota = quota_of(root + group);
    if (quota > 0) least = least > 0 ? std::min(least, quota) : quota;
    const size_t slash = group.rfind('/');
    if (group.empty() || slash == std::string::npos) return least;
    group.resize(slash);
  }
}

bool names_controller(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (list.substr(0, comma) == wanted) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace

std::vector<int> fast_cores(std::span<const int> allowed, const SystemFolders& folders) {
  std::vector<int> cores;
  std::set<std::string> seen;  // the siblings list names a physical core, whichever of its threads is asked
  for (const int cpu : without_little_ones(allowed, folders)) {
    const std::string siblings =
        first_line(fmt::format("{}/devices/system/cpu/cpu{}/topology/thread_siblings_list", folders.sys, cpu));
    if (seen.insert(siblings.empty() ? fmt::format("cpu{}", cpu) : siblings).second) cores.push_back(cpu);
  }
  return cores.empty() ? std::vector<int>(allowed.begin(), allowed.end()) : cores;
}

double cpu_quota(const SystemFolders& folders) {
  double least = 0;
  std::ifstream groups(folders.proc + "/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "0::/user.slice" or "4:cpu,cpuacct:/user.slice"
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    std::string group = line.substr(second + 1);
    if (group == "/") group.clear();
    if (group.find("..") != std::string::npos) continue;
    double quota = 0;
    if (controllers.empty()) {
      quota = least_quota(folders.sys + "/fs/cgroup", group, quota_of_version_2);
    } else if (names_controller(controllers, "cpu")) {
      quota = least_quota(folders.sys + "/fs/cgroup/" + controllers, group, quota_of_version_1);
    }
    if (quota > 0) least = least > 0 ? std::min(least, quota) : quota;
  }
  return least;
}

int num_useful_threads(std::span<const int> allowed, const SystemFolders& folders) {
  int threads = std::max(1, static_cast<int>(fast_cores(allowed, folders).size()));
  const double quota = cpu_quota(folders);
  // Rounded down: a thread more than the quota lasts is halted in the middle of a step, and the others wait for it.
  if (quota > 0) threads = std::clamp(static_cast<int>(quota), 1, threads);
  return threads;
}

}  // namespace lacuna::os
