#include "support/private_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>

#include "support/memory_region.h"
#include "support/os.h"
#include "tests/temporary_folder.h"

using namespace lacuna;
namespace fs = std::filesystem;

namespace {

class Folder : public testing::TemporaryFolder {
 public:
  size_t num_files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(path()), fs::directory_iterator()));
  }
};

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

void write(const std::string& path, const std::string& text) {
  auto file = os::UnfinishedFile::create(path, text.size());
  REQUIRE(file.ok());
  REQUIRE(file->write(0, bytes_of(text)).ok());
  REQUIRE(file->finish().ok());
}

}  // namespace

TEST_CASE("an unfinished file appears whole under its name, or not at all") {
  const Folder folder;
  {
    auto file = os::UnfinishedFile::create(folder / "a", 10);
    REQUIRE(file.ok());
    REQUIRE(file->write(3, bytes_of("defg")).ok());
    CHECK_FALSE(fs::exists(folder / "a"));
    CHECK(folder.num_files() == 1);
  }
  CHECK(folder.num_files() == 0);
  write(folder / "a", "first");
  write(folder / "a", "second");
  const auto file = os::PrivateFile::open(folder / "a");
  REQUIRE(file.ok());
  CHECK(file->size() == 6);
  std::string text(6, '\0');
  REQUIRE(file->read(0, std::as_writable_bytes(std::span(text))).ok());
  CHECK(text == "second");
  CHECK(file->read(1, std::as_writable_bytes(std::span(text))).error().code == ErrorCode::corrupt);
  CHECK(folder.num_files() == 1);
}

TEST_CASE("a disk that cannot hold a file says so before anything is written") {
  const Folder folder;
  const auto file = os::UnfinishedFile::create(folder / "a", uint64_t{1} << 50);
  REQUIRE_FALSE(file.ok());
  CHECK(folder.num_files() == 0);
}

TEST_CASE("files that others may have written are refused") {
  const Folder folder;
  write(folder / "a", "text");
  REQUIRE(::chmod((folder / "a").c_str(), 0620) == 0);
  CHECK(os::PrivateFile::open(folder / "a").error().code == ErrorCode::unsupported);
  REQUIRE(::chmod((folder / "a").c_str(), 0600) == 0);
  fs::create_symlink(folder / "a", folder / "b");
  CHECK_FALSE(os::PrivateFile::open(folder / "b").ok());
  CHECK(os::PrivateFile::open(folder / "none").error().code == ErrorCode::not_found);
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(os::PrivateFile::open(folder / "pipe").error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a private folder is made with all above it, and one that others may write to is refused") {
  const Folder folder;
  REQUIRE(os::make_private_folder(folder / "x/y/z").ok());
  struct stat info {};
  REQUIRE(::stat((folder / "x/y/z").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  CHECK(os::make_private_folder(folder / "x/y/z").ok());
  REQUIRE(::chmod((folder / "x/y/z").c_str(), 0777) == 0);
  CHECK(os::make_private_folder(folder / "x/y/z").error().code == ErrorCode::unsupported);
  write(folder / "file", "x");
  CHECK_FALSE(os::make_private_folder(folder / "file/y").ok());
}

TEST_CASE("one holder has a lock at a time") {
  const Folder folder;
  {
    const auto first = os::FileLock::try_take(folder / "lock");
    REQUIRE(first.ok());
    CHECK(os::FileLock::try_take(folder / "lock").error().code == ErrorCode::unavailable);
  }
  CHECK(os::FileLock::try_take(folder / "lock").ok());
}

TEST_CASE("a file takes the place of memory with the same bytes, at the same addresses") {
  const Folder folder;
  constexpr uint64_t kSize = 2 * os::kHugePageBytes;
  auto region = os::MemoryRegion::reserve(3 * os::kHugePageBytes);
  REQUIRE(region.ok());
  CHECK(reinterpret_cast<uintptr_t>(region->data()) % os::kHugePageBytes == 0);
  REQUIRE(region->commit(0, kSize));
  CHECK(region->data()[kSize - 1] == std::byte{0});
  std::string text(kSize, '\0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7 % 251);
  std::memcpy(region->data(), text.data(), kSize);
  write(folder / "a", std::string(os::kHugePageBytes, 'h') + text);
  const auto file = os::PrivateFile::open(folder / "a");
  REQUIRE(file.ok());
  std::byte* const before = region->data();
  REQUIRE(region->map(*file, os::kHugePageBytes, kSize).ok());
  CHECK(region->data() == before);
  CHECK(std::memcmp(region->data(), text.data(), kSize) == 0);
  CHECK_FALSE(os::MemoryRegion::reserve(UINT64_MAX).ok());
}
