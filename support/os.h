/// The one place that knows the operating system: mappings, cores, priorities, the parent process, memory figures.
/// Linux is what is tested; macOS compiles from the same POSIX calls; Windows would be a second os_*.cpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "support/private_file.h"
#include "support/result.h"

namespace lacuna::os {

/// A read-only shared mapping of a whole regular file. Move-only; unmaps when destroyed.
/// The file must not shrink while it is mapped: reading past its new end faults.
class MappedFile {
 public:
  /// Errors: not_found, io, invalid_argument (a directory, device or pipe), corrupt (an empty file).
  static Result<MappedFile> open(const std::string& path);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  int64_t modified_ns() const { return modified_ns_; }  ///< when its contents were last written, since 1970
  /// Whether somebody has written to the file, or cut it, since it was mapped. One that was replaced under its name, as
  /// downloads and editors do, is still the same.
  bool changed() const;
  /// Says that [from, from + size) of it will rarely be read from now on: its pages need not stay in memory.
  void forget(uint64_t from, uint64_t size) const;

 private:
  MappedFile(const std::byte* data, size_t size, int64_t modified_ns, Descriptor file)
      : data_(data), size_(size), modified_ns_(modified_ns), file_(std::move(file)) {}
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
  int64_t modified_ns_ = 0;
  Descriptor file_;
};

/// Ends the process with a message on stderr, and `exit_code`, where it reads a mapped file that was cut short: it cannot
/// go on, and a system's own message would say less. Call once, before other threads start.
void end_on_lost_file(int exit_code);

/// Cores worth computing on, see cores.h: those that this process may use, one hardware thread of each, without little
/// ones beside big ones, and not more than its control group's quota. At least 1.
int num_useful_cores();

/// Pins the calling thread to the n-th of those cores; silently does nothing where that is refused.
void pin_thread(int core_index);

/// Lowers the calling thread's scheduling priority (nice +10). For work nobody waits for.
void lower_thread_priority();

void name_thread(const char* name);

/// Processor time that the calling thread has used: unlike the clock on the wall it does not run while others do.
std::chrono::nanoseconds thread_cpu_time();

int64_t parent_process();
int64_t current_process();
bool process_alive(int64_t pid);

uint64_t resident_bytes();       ///< of this process, now
uint64_t private_bytes();        ///< of these, memory that is no file's: what would be free without this process
uint64_t peak_resident_bytes();  ///< of this process, at its highest
uint64_t total_memory_bytes();   ///< of the machine (or of the cgroup's limit where that is lower)

/// The size that prefer_huge_pages() works in.
inline constexpr size_t kHugePageBytes = size_t{2} << 20;
/// Asks for large pages behind memory that is about to be filled and then read often; a hint without effect where they
/// are not to be had. Both arguments are multiples of kHugePageBytes.
void prefer_huge_pages(void* memory, size_t size);

/// Asks for the right of this process to use the tile registers of AMX, which Linux gives on demand; false where it does
/// not. Threads begun later have it too.
bool request_tile_registers();

/// The whole file as bytes. Errors: not_found, io, invalid_argument (not a regular file), exhausted (over max_bytes).
Result<std::string> read_file(const std::string& path, size_t max_bytes);

/// Writes a temporary file beside `path`, flushes it and renames it over `path`: readers see the old or the new file,
/// whole.
Result<void> write_file_atomically(const std::string& path, std::string_view contents);

}  // namespace lacuna::os
