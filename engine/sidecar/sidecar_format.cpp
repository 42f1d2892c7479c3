#include "engine/sidecar/sidecar_format.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <filesystem>

#include "engine/sidecar/digest.h"
#include "kernels/weight_store.h"
#include "support/os.h"

namespace lacuna::engine {
namespace {

constexpr char kMagic[8] = {'L', 'A', 'C', 'U', 'N', 'A', 'W', 'T'};
constexpr uint32_t kFormatVersion = 1;
constexpr uint64_t kMostIndexBytes = uint64_t{64} << 20;
constexpr size_t kLongestStem = 40;

struct Header {
  char magic[8];
  uint32_t format_version;
  uint32_t num_sections;
  uint64_t model_path_bytes;
  uint64_t data_offset;
  uint64_t data_bytes;
  SidecarIdentity identity;
  uint64_t checksum;  // of header (with zero here), sections and path
};
static_assert(sizeof(Header) == 72 && sizeof(SidecarSection) == 32);

template <class... Args>
Error corrupt(const os::PrivateFile& file, fmt::format_string<Args...> text, Args&&... args) {
  return Error::format(ErrorCode::corrupt, "'{}' {}", file.path(), fmt::format(text, std::forward<Args>(args)...));
}

Result<void> check_header(const os::PrivateFile& file, const Header& header) {
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) return corrupt(file, "has no sidecar's magic");
  if (header.format_version != kFormatVersion) {
    return corrupt(file, "has format version {}, expected {}", header.format_version, kFormatVersion);
  }
  if (header.model_path_bytes > kMostIndexBytes || header.num_sections > kMostIndexBytes / sizeof(SidecarSection)) {
    return corrupt(file, "has {} sections and a path of {} bytes", header.num_sections, header.model_path_bytes);
  }
  const uint64_t index_bytes =
      sizeof header + header.num_sections * sizeof(SidecarSection) + header.model_path_bytes;
  if (header.data_offset % os::kHugePageBytes != 0 || header.data_offset < index_bytes ||
      header.data_offset > index_bytes + os::kHugePageBytes) {
    return corrupt(file, "has its data at {}", header.data_offset);
  }
  if (header.data_offset > file.size() || header.data_bytes != file.size() - header.data_offset) {
    return corrupt(file, "has {} bytes, expected {} and {}", file.size(), header.data_offset, header.data_bytes);
  }
  return {};
}

Result<void> check_sections(const os::PrivateFile& file, const SidecarIndex& index) {
  uint64_t end = 0;
  for (const SidecarSection& section : index.sections) {
    const bool fits = section.offset >= end && section.offset % kSidecarPageBytes == 0 &&
                      section.offset <= index.data_bytes && section.bytes <= index.data_bytes - section.offset &&
                      index.data_bytes - section.offset - section.bytes >= kernels::WeightStore::kSlackBytes;
    if (!fits) return corrupt(file, "has a section of {} bytes at {}", section.bytes, section.offset);
    end = section.offset + section.bytes;
  }
  return {};
}

}  // namespace

SidecarIdentity identify(const gguf::File& file, const std::string& path, const kernels::PackedLayout& layout) {
  uint64_t digest = digest_of(file.bytes().first(file.data_offset()));
  const uint64_t numbers[] = {file.bytes().size(), static_cast<uint64_t>(file.modified_ns())};
  digest = digest_of(std::as_bytes(std::span(numbers)), digest);
  for (const gguf::Tensor& tensor : file.tensors()) {
    digest = digest_of(tensor.data.first(std::min<size_t>(tensor.data.size(), 64)), digest);
  }
  return {.model = digest_of(path, digest), .layout = digest_of(layout.name), .layout_version = layout.version};
}

std::string sidecar_name(const std::string& model_path, const SidecarIdentity& identity) {
  std::string stem = std::filesystem::path(model_path).stem().string().substr(0, kLongestStem);
  for (char& c : stem) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                       c == '_' || c == '-';
    if (!plain) c = '_';
  }
  return fmt::format("{}-{:016x}{}", stem, digest_of(std::as_bytes(std::span(&identity, 1))), kSidecarSuffix);
}

std::string encode(SidecarIndex& index) {
  const uint64_t index_bytes =
      sizeof(Header) + index.sections.size() * sizeof(SidecarSection) + index.model_path.size();
  index.data_offset = (index_bytes + os::kHugePageBytes - 1) / os::kHugePageBytes * os::kHugePageBytes;
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.format_version = kFormatVersion;
  header.num_sections = static_cast<uint32_t>(index.sections.size());
  header.model_path_bytes = index.model_path.size();
  header.data_offset = index.data_offset;
  header.data_bytes = index.data_bytes;
  header.identity = index.identity;
  std::string bytes(sizeof header, '\0');
  bytes.append(reinterpret_cast<const char*>(index.sections.data()), index.sections.size() * sizeof(SidecarSection));
  bytes += index.model_path;
  std::memcpy(bytes.data(), &header, sizeof header);
  header.checksum = digest_of(bytes);
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

Result<SidecarIndex> read_sidecar_index(const os::PrivateFile& file) {
  Header header;
  LACUNA_RETURN_IF_ERROR(file.read(0, std::as_writable_bytes(std::span(&header, 1))));
  LACUNA_RETURN_IF_ERROR(check_header(file, header));
  const uint64_t section_bytes = header.num_sections * sizeof(SidecarSection);
  std::string bytes(sizeof header + section_bytes + header.model_path_bytes, '\0');
  LACUNA_RETURN_IF_ERROR(file.read(0, std::as_writable_bytes(std::span(bytes))));
  const uint64_t expected = std::exchange(header.checksum, 0);
  std::memcpy(bytes.data(), &header, sizeof header);
  if (digest_of(bytes) != expected) return corrupt(file, "has another checksum than its index");

  SidecarIndex index;
  index.identity = header.identity;
  index.model_path = bytes.substr(sizeof header + section_bytes);
  index.sections.resize(header.num_sections);
  if (section_bytes > 0) std::memcpy(index.sections.data(), bytes.data() + sizeof header, section_bytes);
  index.data_offset = header.data_offset;
  index.data_bytes = header.data_bytes;
  LACUNA_RETURN_IF_ERROR(check_sections(file, index));
  return index;
}

}  // namespace lacuna::engine
