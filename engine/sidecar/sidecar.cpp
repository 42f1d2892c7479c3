#include "engine/sidecar/sidecar.h"

#include <algorithm>
#include <cstring>
#include <system_error>
#include <utility>

#include "engine/sidecar/digest.h"
#include "support/check.h"
#include "support/log.h"
#include "support/os.h"

namespace lacuna::engine {
namespace {

/// Memory is committed in pieces of this size.
constexpr uint64_t kPieceBytes = uint64_t{64} << 20;
/// The first section of each size up to this one is packed anew at every load.
constexpr uint64_t kMostSampleBytes = uint64_t{256} << 10;
constexpr size_t kMostSamples = 8;

constexpr uint64_t rounded_up(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Where a page begins in memory that has one page more than is needed.
std::byte* first_page(std::byte* memory) {
  const auto address = reinterpret_cast<uintptr_t>(memory);
  return memory + (rounded_up(address, kSidecarPageBytes) - address);
}

}  // namespace

Sidecar::Sidecar(const std::string& folder, const std::string& model_path, const SidecarIdentity& identity,
                 os::MemoryRegion region)
    : folder_(folder),
      path_(folder + "/" + sidecar_name(model_path, identity)),
      model_path_(model_path),
      identity_(identity),
      region_(std::move(region)) {}

Result<std::unique_ptr<Sidecar>> Sidecar::open(const std::string& folder, const std::string& model_path,
                                               const SidecarIdentity& identity, uint64_t most_bytes) {
  LACUNA_ASSIGN_OR_RETURN(os::MemoryRegion region, os::MemoryRegion::reserve(most_bytes));
  std::unique_ptr<Sidecar> sidecar(new Sidecar(folder, model_path, identity, std::move(region)));
  if (const Result<void> mapped = sidecar->map_file(); !mapped.ok()) {
    if (mapped.error().code != ErrorCode::not_found) log::info("repacking the weights: {}", mapped.error().message);
  }
  return sidecar;
}

Sidecar::~Sidecar() {
  stopping_ = true;
  if (saver_.joinable()) saver_.join();
}

Result<void> Sidecar::map_file() {
  LACUNA_ASSIGN_OR_RETURN(const os::PrivateFile file, os::PrivateFile::open(path_));
  LACUNA_ASSIGN_OR_RETURN(SidecarIndex index, read_sidecar_index(file));
  if (index.identity != identity_) {
    return Error::format(ErrorCode::corrupt, "'{}' is of another model or layout", file.path());
  }
  if (index.data_bytes > region_.size()) {
    return Error::format(ErrorCode::corrupt, "'{}' has {} bytes of weights, more than {}", file.path(),
                         index.data_bytes, region_.size());
  }
  LACUNA_RETURN_IF_ERROR(region_.map(file, index.data_offset, index.data_bytes));
  index_ = std::move(index);
  mode_ = Mode::filled;
  shared_bytes_ = index_.data_bytes;
  return {};
}

bool Sidecar::check(int num_threads, const std::atomic<bool>* cancel) const {
  return check(region_.data(), num_threads, cancel);
}

bool Sidecar::check(const std::byte* data, int num_threads, const std::atomic<bool>* cancel) const {
  std::atomic<size_t> next{0};
  std::atomic<bool> sound{true};
  const auto work = [&] {
    for (size_t i = next++; i < index_.sections.size() && sound; i = next++) {
      if (cancel && cancel->load(std::memory_order_relaxed)) sound = false;
      const SidecarSection& section = index_.sections[i];
      if (digest_of(std::span(data + section.offset, section.bytes)) != section.checksum) sound = false;
    }
  };
  std::vector<std::thread> others;
  others.reserve(static_cast<size_t>(num_threads));
  try {
    for (int i = 1; i < num_threads; ++i) others.emplace_back(work);
  } catch (const std::system_error&) {  // no more threads to be had: then those that there are
  }
  work();
  for (std::thread& other : others) other.join();
  return sound;
}

Result<void> Sidecar::reject(std::string_view reason) {
  log::warning("the sidecar '{}' is not used: {}", path_, reason);
  const uint64_t size = region_.size();
  LACUNA_ASSIGN_OR_RETURN(region_, os::MemoryRegion::reserve(size));
  index_ = {};
  mode_ = Mode::packing;
  num_claimed_ = committed_ = 0;
  samples_.clear();
  shared_bytes_ = 0;
  return {};
}

Result<kernels::WeightStore::Section> Sidecar::claim(std::string_view name, uint64_t bytes) {
  if (mode_ == Mode::filled) return claim_filled(name, bytes);
  LACUNA_ASSIGN_OR_RETURN(const Section section, claim_memory(bytes));
  index_.sections.push_back({.name_digest = digest_of(name),
                             .offset = static_cast<uint64_t>(section.data - region_.data()),
                             .bytes = bytes,
                             .checksum = 0});
  return section;
}

Result<kernels::WeightStore::Section> Sidecar::claim_filled(std::string_view name, uint64_t bytes) {
  const size_t number = num_claimed_++;
  if (number >= index_.sections.size()) {
    return Error::format(ErrorCode::corrupt, "'{}' has only {} sections", path_, number);
  }
  const SidecarSection& section = index_.sections[number];
  if (section.name_digest != digest_of(name) || section.bytes != bytes) {
    return Error::format(ErrorCode::corrupt, "'{}' has another section than '{}' at place {}", path_, name, number);
  }
  const bool sample = bytes <= kMostSampleBytes && samples_.size() < kMostSamples && sampled_sizes_.insert(bytes).second;
  if (!sample) return Section{region_.data() + section.offset, true};
  auto& memory = samples_[number];
  memory = std::make_unique<std::byte[]>(bytes + kSlackBytes + kSidecarPageBytes);
  return Section{first_page(memory.get()), false};
}

/// The next pages of the region, where the section before ended.
Result<kernels::WeightStore::Section> Sidecar::claim_memory(uint64_t bytes) {
  const uint64_t offset = index_.data_bytes;
  if (bytes > region_.size() || offset > region_.size() - bytes ||
      region_.size() - offset - bytes < kSlackBytes + kSidecarPageBytes) {
    return Error::format(ErrorCode::exhausted, "weights of {} bytes and more, {} were expected at most",
                         offset + bytes, region_.size());
  }
  const uint64_t end = rounded_up(offset + bytes + kSlackBytes, kSidecarPageBytes);
  if (end > committed_) {
    const uint64_t piece =
        std::min(rounded_up(std::max(end - committed_, kPieceBytes), os::kHugePageBytes), region_.size() - committed_);
    if (!region_.commit(committed_, piece)) {
      return Error::format(ErrorCode::exhausted, "no memory for weights of {} bytes", bytes);
    }
    committed_ += piece;
  }
  index_.data_bytes = end;
  return Section{region_.data() + offset, false};
}

Result<void> Sidecar::finish() {
  if (mode_ == Mode::packing) return {};
  if (num_claimed_ != index_.sections.size()) {
    return Error::format(ErrorCode::corrupt, "'{}' has {} sections, of which {} are used", path_,
                         index_.sections.size(), num_claimed_);
  }
  for (const auto& [number, memory] : samples_) {
    const SidecarSection& section = index_.sections[number];
    if (std::memcmp(first_page(memory.get()), region_.data() + section.offset, section.bytes) == 0) continue;
    return Error::format(ErrorCode::corrupt, "section {} of '{}' is not what this build packs", number, path_);
  }
  return {};
}

}  // namespace lacuna::engine
