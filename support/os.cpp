#include "support/os.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string_view>
#include <utility>
#include <vector>

#include "support/cores.h"

namespace lacuna::os {
namespace {

/// Opens a regular file for reading. O_NONBLOCK keeps the open of a pipe from waiting for its writer.
Result<Descriptor> open_regular(const std::string& path, struct stat& info) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return io_error("cannot open", path, errno);
  if (::fstat(file.get(), &info) != 0) return io_error("cannot stat", path, errno);
  if (!S_ISREG(info.st_mode)) return Error::format(ErrorCode::invalid_argument, "'{}' is not a regular file", path);
  return file;
}

int64_t modified_ns(const struct stat& info) {
#ifdef __APPLE__
  const timespec& modified = info.st_mtimespec;
#else
  const timespec& modified = info.st_mtim;
#endif
  return int64_t{modified.tv_sec} * 1'000'000'000 + modified.tv_nsec;
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::vector<int> allowed_cpus() {
  std::vector<int> cpus;
#ifdef __linux__
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &set)) cpus.push_back(i);
    }
  }
#endif
  return cpus;
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::string& path) {
  struct stat info{};
  LACUNA_ASSIGN_OR_RETURN(Descriptor file, open_regular(path, info));
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return Error::format(ErrorCode::corrupt, "'{}' is empty", path);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (data == MAP_FAILED) return io_error("cannot map", path, errno);
  return MappedFile(static_cast<const std::byte*>(data), size, lacuna::os::modified_ns(info), std::move(file));
}

bool MappedFile::changed() const {
  struct stat info{};
  if (file_.get() < 0 || ::fstat(file_.get(), &info) != 0) return false;
  return lacuna::os::modified_ns(info) != modified_ns_ || static_cast<size_t>(info.st_size) != size_;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      modified_ns_(std::exchange(other.modified_ns_, 0)),
      file_(std::move(other.file_)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(modified_ns_, other.modified_ns_);
  std::swap(file_, other.file_);
  return *this;
}

void MappedFile::forget(uint64_t from, uint64_t size) const {
  const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  from = (from + page - 1) / page * page;
  if (from >= size_ || size < page) return;
  auto* const start = const_cast<std::byte*>(data_) + from;
  size = std::min<uint64_t>(size, size_ - from);
  (void)::madvise(start, size, MADV_RANDOM);    // no reading ahead: a row of a table is a page or two
  (void)::madvise(start, size, MADV_DONTNEED);  // of a shared file mapping: the pages come back when they are read
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void end_on_lost_file(int exit_code) {
  static int code;
  code = exit_code;
  struct sigaction action{};
  action.sa_sigaction = [](int, siginfo_t*, void*) {
    constexpr char kMessage[] =
        "lacuna: a file that is in use, such as the model's, was cut short or could not be read: start again\n";
    [[maybe_unused]] const ssize_t wrote = ::write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
    ::_exit(code);
  };
  action.sa_flags = SA_SIGINFO | SA_RESETHAND;
  (void)::sigaction(SIGBUS, &action, nullptr);
}

int num_useful_cores() {
  const std::vector<int> cpus = allowed_cpus();
  if (cpus.empty()) return std::max(1, static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)));
  return num_useful_threads(cpus);
}

void pin_thread([[maybe_unused]] int core_index) {
#ifdef __linux__
  const std::vector<int> cpus = fast_cores(allowed_cpus());
  if (cpus.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpus[static_cast<size_t>(core_index) % cpus.size()], &set);
  (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
#endif
}

void lower_thread_priority() {
#ifdef __linux__
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 10);
#endif
}

void name_thread([[maybe_unused]] const char* name) {
#ifdef __linux__
  (void)pthread_setname_np(pthread_self(), name);
#endif
}

std::chrono::nanoseconds thread_cpu_time() {
  timespec time{};
  if (::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) != 0) return std::chrono::nanoseconds::zero();
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

int64_t parent_process() {
  return ::getppid();
}
int64_t current_process() {
  return ::getpid();
}
bool process_alive(int64_t pid) {
  return pid > 0 && (::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM);
}

namespace {

struct PageCounts {
  uint64_t total = 0, resident = 0, of_files = 0;
};

PageCounts page_counts() {
  std::ifstream statm("/proc/self/statm");
  PageCounts counts;
  statm >> counts.total >> counts.resident >> counts.of_files;
  return counts;
}

}  // namespace

uint64_t resident_bytes() {
  return page_counts().resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t private_bytes() {
  const PageCounts counts = page_counts();
  return (counts.resident - std::min(counts.resident, counts.of_files)) *
         static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t peak_resident_bytes() {
  struct rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

void prefer_huge_pages([[maybe_unused]] void* memory, [[maybe_unused]] size_t size) {
#ifdef MADV_HUGEPAGE
  ::madvise(memory, size, MADV_HUGEPAGE);
#endif
}

bool request_tile_registers() {
#if defined(__linux__) && defined(__x86_64__)
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM, Linux 5.16
  constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

uint64_t total_memory_bytes() {
  const auto machine =
      static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::string limit = first_line("/sys/fs/cgroup/memory.max");
  const uint64_t cgroup = limit.empty() || limit == "max" ? 0 : std::strtoull(limit.c_str(), nullptr, 10);
  return cgroup != 0 ? std::min(machine, cgroup) : machine;
}

Result<std::string> read_file(const std::string& path, size_t max_bytes) {
  struct stat info{};
  LACUNA_ASSIGN_OR_RETURN(Descriptor file, open_regular(path, info));
  const auto size = static_cast<size_t>(info.st_size);
  std::string contents;
  constexpr size_t chunk = 1 << 16;
  for (;;) {  // not `size` bytes at once: files under /proc say 0, and a file may grow while it is read
    const size_t old_size = contents.size();
    contents.resize(old_size + std::max(chunk, size - std::min(size, old_size)));
    const ssize_t got = ::read(file.get(), contents.data() + old_size, contents.size() - old_size);
    if (got < 0 && errno == EINTR) {
      contents.resize(old_size);
      continue;
    }
    if (got < 0) return io_error("cannot read", path, errno);
    contents.resize(old_size + static_cast<size_t>(got));
    if (contents.size() > max_bytes) {
      return Error::format(ErrorCode::exhausted, "'{}' is larger than {} bytes", path, max_bytes);
    }
    if (got == 0) return contents;
  }
}

Result<void> write_file_atomically(const std::string& given_path, std::string_view contents) {
  // Through a symbolic link: the rename must replace what the link names, not the link.
  char* const resolved = ::realpath(given_path.c_str(), nullptr);
  const std::string path = resolved != nullptr ? resolved : given_path;
  std::free(resolved);
  struct stat old{};
  const mode_t mode = ::stat(path.c_str(), &old) == 0 ? old.st_mode & 07777 : 0644;
  LACUNA_ASSIGN_OR_RETURN(UnfinishedFile file, UnfinishedFile::create(path, contents.size()));
  LACUNA_RETURN_IF_ERROR(file.set_mode(mode));
  LACUNA_RETURN_IF_ERROR(file.write(0, std::as_bytes(std::span(contents))));
  return file.finish();
}

}  // namespace lacuna::os
