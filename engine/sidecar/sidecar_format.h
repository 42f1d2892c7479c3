/// The sidecar's file: the repacked weights of one model in one layout, as they lie in memory.
///
///     header      magic, version, sizes, checksum of everything in front of the data, the model's identity
///     sections    for each: digest of its name, place, size, checksum
///     model path  whose weights these are, for finding what is out of date
///     data        from a huge page's boundary on; sections on pages, in the order in which a forward pass reads them
///
/// Numbers are little-endian, as the machine writes them. A reader believes nothing before it has checked it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/gguf/gguf_file.h"
#include "kernels/backend.h"
#include "support/private_file.h"
#include "support/result.h"

namespace lacuna::engine {

inline constexpr uint64_t kSidecarPageBytes = 4096;
inline constexpr const char* kSidecarSuffix = ".weights";

/// What weights are meant: which model, packed how.
struct SidecarIdentity {
  uint64_t model = 0;   ///< digest
  uint64_t layout = 0;  ///< digest of kernels::PackedLayout::name
  uint64_t layout_version = 0;
  bool operator==(const SidecarIdentity&) const = default;
};

/// From the file's size, time of change, whole metadata and the first bytes of every tensor: a file that was changed has
/// another identity, at the cost of a millisecond and not of reading it whole.
/// `path` is absolute, without links.
SidecarIdentity identify(const gguf::File& file, const std::string& path, const kernels::PackedLayout& layout);

/// "qwen2.5-coder-0.5b-3f09c2a4517bd0e6.weights"
std::string sidecar_name(const std::string& model_path, const SidecarIdentity& identity);

struct SidecarSection {
  uint64_t name_digest = 0;
  uint64_t offset = 0;  ///< in the data; a multiple of kSidecarPageBytes
  uint64_t bytes = 0;
  uint64_t checksum = 0;
};

struct SidecarIndex {
  SidecarIdentity identity;
  std::string model_path;
  std::vector<SidecarSection> sections;  ///< by offset
  uint64_t data_offset = 0;              ///< in the file
  uint64_t data_bytes = 0;               ///< to the file's end
};

/// The bytes in front of the data. Sets index.data_offset.
std::string encode(SidecarIndex& index);

/// Errors: corrupt (which field), io.
Result<SidecarIndex> read_sidecar_index(const os::PrivateFile& file);

}  // namespace lacuna::engine
