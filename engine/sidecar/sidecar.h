/// Sidecar: the repacked weights of a model, kept in a file beside the models' cache.
///
/// The first load packs into memory and writes the file in the background; then it maps the file in the memory's place,
/// as every later load does at once. So a model is ready without repacking, and processes share its weights' pages. The
/// file is never needed: whatever is wrong with it, or with the disk, the weights are packed as if there were none.
///
/// A file is believed after three checks: its index (checksum, bounds), the model's identity, and the checksum of all
/// data. Beyond those, some small sections are packed anew at each load and compared: a layout that was changed without
/// a new kPackedLayoutVersion is found out.
///
/// Threads: one loads; check() may run beside others that do not touch the sidecar; saving has a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "engine/sidecar/sidecar_format.h"
#include "kernels/weight_store.h"
#include "support/memory_region.h"

namespace lacuna::engine {

class Sidecar final : public kernels::WeightStore {
 public:
  /// Maps the file in `folder` if there is a sound one. `most_bytes` is what the weights may take, packed. Errors:
  /// exhausted (no addresses): do without.
  static Result<std::unique_ptr<Sidecar>> open(const std::string& folder, const std::string& model_path,
                                               const SidecarIdentity& identity, uint64_t most_bytes);
  ~Sidecar() override;  ///< gives up saving

  /// Whether sections come filled from the file.
  bool filled() const { return mode_ == Mode::filled; }
  /// Compares all data with their checksums, on `num_threads` threads; gives up where `cancel` says so. False: reject()
  /// it.
  bool check(int num_threads, const std::atomic<bool>* cancel) const;
  /// Forgets the file, and all that was claimed: sections will be packed. Errors: exhausted.
  Result<void> reject(std::string_view reason);

  Result<Section> claim(std::string_view name, uint64_t bytes) override;
  /// After the last claim. Errors: corrupt (the file has more than was claimed, or a section that was packed anew
  /// differs from it): reject() it and load again, into a new backend.
  Result<void> finish();

  /// Writes the file, if sections were packed, and maps it in their place. After finish().
  void save_in_background();
  /// The same, before it returns. Errors: why there is no file; none that matters to the engine.
  Result<void> save();

  /// Bytes of weights that are a mapped file's, shared with every process that maps it.
  uint64_t shared_bytes() const { return shared_bytes_.load(std::memory_order_relaxed); }
  const std::string& path() const { return path_; }

 private:
  enum class Mode { packing, filled };

  Sidecar(const std::string& folder, const std::string& model_path, const SidecarIdentity& identity,
          os::MemoryRegion region);
  Result<void> map_file();
  Result<Section> claim_filled(std::string_view name, uint64_t bytes);
  Result<Section> claim_memory(uint64_t bytes);
  Result<void> write_and_adopt();
  Result<void> write_file();
  Result<void> adopt_others_file();
  Result<void> adopt(const os::PrivateFile& file, uint64_t data_offset);
  Result<void> save_under_lock();
  void remove_outdated() const;
  /// Whether the bytes at `data` have the checksums of the index.
  bool check(const std::byte* data, int num_threads, const std::atomic<bool>* cancel) const;

  const std::string folder_, path_, model_path_;
  const SidecarIdentity identity_;
  os::MemoryRegion region_;
  Mode mode_ = Mode::packing;
  SidecarIndex index_;
  size_t num_claimed_ = 0;
  uint64_t committed_ = 0;  ///< bytes of region_ that have memory behind them
  /// Sections of the file that are packed anew, by their place in the index, and the memory for that.
  std::map<size_t, std::unique_ptr<std::byte[]>> samples_;
  std::set<uint64_t> sampled_sizes_;
  std::atomic<uint64_t> shared_bytes_{0};
  std::atomic<bool> stopping_{false};
  std::thread saver_;
};

}  // namespace lacuna::engine
