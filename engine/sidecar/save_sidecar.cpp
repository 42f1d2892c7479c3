/// Saving: packed weights go to an unfinished file, which is renamed under a lock, and then back into memory as a mapping.
#include <algorithm>
#include <chrono>
#include <new>
#include <system_error>
#include <utility>

#include "engine/sidecar/digest.h"
#include "engine/sidecar/sidecar.h"
#include "engine/sidecar/sidecar_folder.h"
#include "support/log.h"
#include "support/os.h"

namespace lacuna::engine {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t kChunkBytes = uint64_t{8} << 20;
/// A cache must not be what fills a disk.
constexpr uint64_t kSpareDiskBytes = uint64_t{512} << 20;
constexpr auto kLockPause = 100ms;

void warn(const Error& error) {
  log::warning("the repacked weights are not kept for the next start: {}", error.message);
}

Error given_up() {
  return Error{ErrorCode::cancelled, "saving the repacked weights was given up"};
}

}  // namespace

void Sidecar::save_in_background() {
  if (filled()) return;
  const auto run = [this] {
    os::name_thread("lacuna-sidecar");
    os::lower_thread_priority();
    if (const Result<void> saved = save(); !saved.ok() && saved.error().code != ErrorCode::cancelled) warn(saved.error());
  };
  try {
    saver_ = std::thread(run);
  } catch (const std::system_error& error) {
    warn({ErrorCode::exhausted, error.what()});
  }
}

Result<void> Sidecar::save() {
  if (filled()) return {};
  try {
    return write_and_adopt();
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::exhausted, "no memory for their index"};
  }
}

Result<void> Sidecar::write_and_adopt() {
  for (SidecarSection& section : index_.sections) {
    if (stopping_) return given_up();
    section.checksum = digest_of(std::span<const std::byte>(region_.data() + section.offset, section.bytes));
  }
  index_.identity = identity_;
  index_.model_path = model_path_;
  LACUNA_RETURN_IF_ERROR(os::make_private_folder(folder_));
  for (;;) {
    const Result<os::FileLock> lock = os::FileLock::try_take(folder_ + "/" + kSidecarLockName);
    if (lock.ok()) return save_under_lock();
    if (lock.error().code != ErrorCode::unavailable) return lock.error();
    if (stopping_) return given_up();
    std::this_thread::sleep_for(kLockPause);
  }
}

Result<void> Sidecar::save_under_lock() {
  if (adopt_others_file().ok()) return {};
  LACUNA_RETURN_IF_ERROR(write_file());
  remove_outdated();
  LACUNA_ASSIGN_OR_RETURN(const os::PrivateFile file, os::PrivateFile::open(path_));
  return adopt(file, index_.data_offset);
}

/// Another process may have been faster: then its file is as good, if it is sound.
Result<void> Sidecar::adopt_others_file() {
  LACUNA_ASSIGN_OR_RETURN(const os::PrivateFile file, os::PrivateFile::open(path_));
  LACUNA_ASSIGN_OR_RETURN(const SidecarIndex theirs, read_sidecar_index(file));
  const bool same = std::ranges::equal(theirs.sections, index_.sections, [](const auto& a, const auto& b) {
    return a.name_digest == b.name_digest && a.offset == b.offset && a.bytes == b.bytes && a.checksum == b.checksum;
  });
  if (!same || theirs.identity != identity_ || theirs.data_bytes != index_.data_bytes) {
    return Error::format(ErrorCode::corrupt, "'{}' has other sections", path_);
  }
  LACUNA_ASSIGN_OR_RETURN(os::MemoryRegion trial, os::MemoryRegion::reserve(theirs.data_bytes));
  LACUNA_RETURN_IF_ERROR(trial.map(file, theirs.data_offset, theirs.data_bytes));
  if (!check(trial.data(), 1, &stopping_)) return Error::format(ErrorCode::corrupt, "'{}' is damaged", path_);
  return adopt(file, theirs.data_offset);
}

Result<void> Sidecar::write_file() {
  const std::string head = encode(index_);
  const uint64_t size = index_.data_offset + index_.data_bytes;
  if (const uint64_t free = os::free_disk_bytes(folder_); free < size + kSpareDiskBytes) {
    return Error::format(ErrorCode::exhausted, "'{}' has {} bytes left on its disk, {} are wanted", folder_, free,
                         size + kSpareDiskBytes);
  }
  LACUNA_ASSIGN_OR_RETURN(auto file, os::UnfinishedFile::create(path_, size));
  LACUNA_RETURN_IF_ERROR(file.write(0, std::as_bytes(std::span(head))));
  for (uint64_t done = 0; done < index_.data_bytes;) {
    if (stopping_) return given_up();
    const uint64_t count = std::min(kChunkBytes, index_.data_bytes - done);
    LACUNA_RETURN_IF_ERROR(file.write(index_.data_offset + done, {region_.data() + done, count}));
    file.start_flush(index_.data_offset + done, count);
    done += count;
  }
  if (stopping_) return given_up();
  LACUNA_RETURN_IF_ERROR(file.finish());
  log::info("kept {} MiB of repacked weights in '{}'", size >> 20, path_);
  return {};
}

/// The engine may be reading all the while: the bytes are the same.
Result<void> Sidecar::adopt(const os::PrivateFile& file, uint64_t data_offset) {
  LACUNA_RETURN_IF_ERROR(region_.map(file, data_offset, index_.data_bytes));
  shared_bytes_ = index_.data_bytes;
  return {};
}

/// What processes left that died while they wrote; sidecars whose model is gone or has changed, and those of the same
/// model in an older layout. Layouts of other instruction sets stay.
void Sidecar::remove_outdated() const {
  for (const SidecarFile& file : list_sidecars(folder_)) {
    const bool same_model = file.model_path == model_path_;
    const bool superseded = same_model && (file.identity.model != identity_.model || file.identity.layout == identity_.layout);
    if (file.path != path_ && (!file.usable() || superseded)) (void)remove_sidecar(file);
  }
}

}  // namespace lacuna::engine
