#include "support/os.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace lacuna::os {
namespace {

struct TemporaryDirectory {
  TemporaryDirectory() {
    char name[] = "/tmp/lacuna-os-test-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
  std::string path;
};

}  // namespace

TEST_CASE("a file written atomically is read back, keeps its mode and leaves nothing beside it") {
  const TemporaryDirectory directory;
  const std::string file = directory.path + "/a";
  REQUIRE(write_file_atomically(file, "first").ok());
  REQUIRE(chmod(file.c_str(), 0600) == 0);
  REQUIRE(write_file_atomically(file, std::string(100000, 'x')).ok());
  CHECK(read_file(file, 1 << 20)->size() == 100000);
  struct stat info {};
  REQUIRE(stat(file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path), {}) == 1);
}

TEST_CASE("a symbolic link is written through, not replaced") {
  const TemporaryDirectory directory;
  REQUIRE(write_file_atomically(directory.path + "/real", "old").ok());
  std::filesystem::create_symlink("real", directory.path + "/link");
  REQUIRE(write_file_atomically(directory.path + "/link", "new").ok());
  CHECK(std::filesystem::is_symlink(directory.path + "/link"));
  CHECK(*read_file(directory.path + "/real", 10) == "new");
}

TEST_CASE("reading and mapping say what is wrong with a path") {
  const TemporaryDirectory directory;
  CHECK(read_file(directory.path + "/none", 10).error().code == ErrorCode::not_found);
  CHECK(read_file(directory.path, 10).error().code == ErrorCode::invalid_argument);
  CHECK(MappedFile::open("/dev/zero").error().code == ErrorCode::invalid_argument);
  CHECK(MappedFile::open(directory.path + "/none").error().code == ErrorCode::not_found);
  REQUIRE(write_file_atomically(directory.path + "/empty", "").ok());
  CHECK(MappedFile::open(directory.path + "/empty").error().code == ErrorCode::corrupt);
  REQUIRE(write_file_atomically(directory.path + "/eleven", "hello world").ok());
  CHECK(read_file(directory.path + "/eleven", 10).error().code == ErrorCode::exhausted);
  REQUIRE(mkfifo((directory.path + "/pipe").c_str(), 0600) == 0);
  CHECK(read_file(directory.path + "/pipe", 10).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a mapping moves, and shows the file's bytes") {
  const TemporaryDirectory directory;
  REQUIRE(write_file_atomically(directory.path + "/m", "mapped").ok());
  auto opened = MappedFile::open(directory.path + "/m");
  REQUIRE(opened.ok());
  MappedFile moved = std::move(opened).value();
  MappedFile again;
  again = std::move(moved);
  CHECK(again.bytes().size() == 6);
  CHECK(static_cast<char>(again.bytes()[5]) == 'd');
}

TEST_CASE("figures of the machine and the process are plausible") {
  CHECK(num_useful_cores() >= 1);
  CHECK(resident_bytes() > 100000);
  CHECK(peak_resident_bytes() >= resident_bytes() / 2);
  CHECK(total_memory_bytes() > resident_bytes());
  CHECK(process_alive(current_process()));
  CHECK_FALSE(process_alive(-1));
}

TEST_CASE("a mapped file tells when it was written to, and not when it was replaced") {
  const TemporaryDirectory directory;
  const std::string path = directory.path + "/a";
  REQUIRE(write_file_atomically(path, std::string(10000, 'x')).ok());
  const auto mapped = MappedFile::open(path);
  REQUIRE(mapped.ok());
  CHECK(mapped->modified_ns() > 0);
  CHECK_FALSE(mapped->changed());
  mapped->forget(100, 1 << 20);
  CHECK(static_cast<char>(mapped->bytes()[9999]) == 'x');
  REQUIRE(write_file_atomically(path, "other").ok());
  CHECK_FALSE(mapped->changed());
  const auto again = MappedFile::open(path);
  REQUIRE(again.ok());
  REQUIRE(::truncate(path.c_str(), 2) == 0);
  CHECK(again->changed());
}

TEST_CASE("a process that reads a mapped file past its new end says so and ends with the code that was asked for") {
  const TemporaryDirectory directory;
  const std::string path = directory.path + "/a";
  REQUIRE(write_file_atomically(path, std::string(100000, 'x')).ok());
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    end_on_lost_file(42);
    const auto mapped = MappedFile::open(path);
    if (!mapped.ok() || ::truncate(path.c_str(), 0) != 0) ::_exit(1);
    volatile std::byte last = mapped->bytes()[99999];
    ::_exit(last == std::byte{0} ? 2 : 3);
  }
  ::close(ends[1]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 42);
  char message[200] = {};
  REQUIRE(::read(ends[0], message, sizeof message - 1) > 0);
  CHECK(std::string(message).find("was cut short") != std::string::npos);
  ::close(ends[0]);
}

}  // namespace lacuna::os
