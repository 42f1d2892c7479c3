#include "support/cores.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/temporary_folder.h"

using namespace lacuna;
namespace fs = std::filesystem;

namespace {

/// A /sys and a /proc of our own.
class Machine {
 public:
  void put(const std::string& path, const std::string& line) const {
    fs::create_directories(fs::path(root_ / path).parent_path());
    std::ofstream(root_ / path) << line << "\n";
  }
  void put_cpu(int cpu, const std::string& file, const std::string& line) const {
    put("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/" + file, line);
  }
  os::SystemFolders folders() const { return {root_ / "sys", root_ / "proc"}; }

 private:
  testing::TemporaryFolder root_;
};

const std::vector<int> kEight = {0, 1, 2, 3, 4, 5, 6, 7};

}  // namespace

TEST_CASE("hardware threads of one core count once") {
  const Machine machine;
  for (int cpu = 0; cpu < 8; ++cpu) {
    const int core = cpu % 4;
    machine.put_cpu(cpu, "topology/thread_siblings_list", std::to_string(core) + "," + std::to_string(core + 4));
  }
  CHECK(os::fast_cores(kEight, machine.folders()) == std::vector<int>{0, 1, 2, 3});
  // An affinity that allows second threads only.
  CHECK(os::fast_cores(std::vector<int>{5, 6}, machine.folders()) == std::vector<int>{5, 6});
  CHECK(os::num_useful_threads(kEight, machine.folders()) == 4);
}

TEST_CASE("a machine that tells nothing has as many cores as the process may use") {
  const Machine machine;
  CHECK(os::fast_cores(kEight, machine.folders()) == kEight);
  CHECK(os::cpu_quota(machine.folders()) == 0);
  CHECK(os::num_useful_threads({}, machine.folders()) == 1);
}

TEST_CASE("little cores are left out, by capacity and by the list of a hybrid processor") {
  const Machine arm;
  for (int cpu = 0; cpu < 8; ++cpu) arm.put_cpu(cpu, "cpu_capacity", cpu < 4 ? "446" : cpu < 6 ? "871" : "1024");
  CHECK(os::fast_cores(kEight, arm.folders()) == std::vector<int>{4, 5, 6, 7});
  CHECK(os::fast_cores(std::vector<int>{0, 1}, arm.folders()) == std::vector<int>{0, 1});  // all that we may use

  const Machine hybrid;
  hybrid.put("sys/devices/cpu_core/cpus", "0-3");
  for (int cpu = 0; cpu < 4; ++cpu) {
    hybrid.put_cpu(cpu, "topology/thread_siblings_list", cpu < 2 ? "0-1" : "2-3");
  }
  CHECK(os::fast_cores(kEight, hybrid.folders()) == std::vector<int>{0, 2});
  CHECK(os::fast_cores(std::vector<int>{6, 7}, hybrid.folders()) == std::vector<int>{6, 7});
}

TEST_CASE("the quota is the least of a control group and those above it") {
  const Machine machine;
  machine.put("proc/self/cgroup", "0::/user.slice/editor.scope");
  CHECK(os::cpu_quota(machine.folders()) == 0);
  machine.put("sys/fs/cgroup/user.slice/editor.scope/cpu.max", "max 100000");
  machine.put("sys/fs/cgroup/user.slice/cpu.max", "250000 100000");
  CHECK(os::cpu_quota(machine.folders()) == doctest::Approx(2.5));
  CHECK(os::num_useful_threads(kEight, machine.folders()) == 2);
  machine.put("sys/fs/cgroup/user.slice/editor.scope/cpu.max", "50000 100000");
  CHECK(os::num_useful_threads(kEight, machine.folders()) == 1);
}

TEST_CASE("quotas of control groups of version 1 count too, and nonsense counts for nothing") {
  const Machine machine;
  machine.put("proc/self/cgroup", "4:cpu,cpuacct:/docker/abc");
  machine.put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000");  // what a container sees as its root
  machine.put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000");
  CHECK(os::num_useful_threads(kEight, machine.folders()) == 3);
  machine.put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1");
  CHECK(os::cpu_quota(machine.folders()) == 0);
  machine.put("proc/self/cgroup", "nonsense");
  CHECK(os::cpu_quota(machine.folders()) == 0);
}
