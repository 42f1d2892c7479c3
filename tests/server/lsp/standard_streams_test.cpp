#include "server/lsp/standard_streams.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <thread>

using namespace lacuna;
using namespace lacuna::server;

namespace {

struct Pair {
  int near = -1;  ///< ours, given to the stream under test
  int far = -1;   ///< the client's
};

Pair make_pipe(bool reading) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  return reading ? Pair{ends[0], ends[1]} : Pair{ends[1], ends[0]};
}

Pair make_socket() {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {ends[0], ends[1]};
}

std::string temporary_file(int* descriptor) {
  std::string name = "/tmp/lacuna-stream-XXXXXX";
  *descriptor = ::mkstemp(name.data());
  REQUIRE(*descriptor >= 0);
  return name;
}

std::string read_to_end(int descriptor) {
  std::string all;
  std::array<char, 65536> buffer{};
  for (ssize_t count = 0; (count = ::read(descriptor, buffer.data(), buffer.size())) > 0;) {
    all.append(buffer.data(), static_cast<size_t>(count));
  }
  return all;
}

std::string content(size_t frame) {
  return "frame " + std::to_string(frame) + std::string(frame % 5000, 'x') + "\n";
}

/// Reads `descriptor` through an InputStream until its end.
std::string read_through_stream(int descriptor) {
  EventLoop loop;
  std::string all;
  auto input = InputStream::open(
      loop, descriptor, [&](std::string_view bytes) { all += bytes; }, [&] { loop.stop(); });
  REQUIRE(input.ok());
  loop.run();
  return all;
}

/// Writes frames 0 to 999 through an OutputStream.
void write_through_stream(int descriptor) {
  EventLoop loop;
  auto output = OutputStream::open(loop, descriptor, {});
  REQUIRE(output.ok());
  for (size_t i = 0; i < 1000; ++i) CHECK((*output)->write(content(i), Traffic::reply));
  (*output)->when_drained([&] { loop.stop(); });
  loop.run();
  CHECK((*output)->queued_bytes() == 0);
}

std::string all_content() {
  std::string all;
  for (size_t i = 0; i < 1000; ++i) all += content(i);
  return all;
}

}  // namespace

TEST_CASE("frames pass through pipes and sockets in order and whole") {
  for (const Pair pair : {make_pipe(false), make_socket()}) {
    std::string received;
    std::thread client([&] { received = read_to_end(pair.far); });
    write_through_stream(pair.near);
    client.join();
    CHECK(received == all_content());
    ::close(pair.far);
  }
}

TEST_CASE("frames pass into a file") {
  int descriptor = -1;
  const std::string name = temporary_file(&descriptor);
  const int reader = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  write_through_stream(descriptor);
  CHECK(read_to_end(reader) == all_content());
  ::close(reader);
  ::unlink(name.c_str());
}

TEST_CASE("input comes from pipes, sockets and files, up to its end") {
  const std::string sent = all_content();
  for (const Pair pair : {make_pipe(true), make_socket()}) {
    std::thread client([&] {
      for (size_t i = 0; i < sent.size();) {
        const ssize_t count = ::write(pair.far, sent.data() + i, sent.size() - i);
        if (count <= 0) break;
        i += static_cast<size_t>(count);
      }
      ::close(pair.far);
    });
    CHECK(read_through_stream(pair.near) == sent);
    client.join();
  }
  int descriptor = -1;
  const std::string name = temporary_file(&descriptor);
  REQUIRE(::write(descriptor, sent.data(), sent.size()) == static_cast<ssize_t>(sent.size()));
  ::lseek(descriptor, 0, SEEK_SET);
  CHECK(read_through_stream(descriptor) == sent);
  ::unlink(name.c_str());
  CHECK(read_through_stream(::open("/dev/null", O_RDONLY | O_CLOEXEC)).empty());
}

TEST_CASE("a client that never reads costs a bounded queue, and the stream can be left") {
  const Pair pair = make_pipe(false);
  EventLoop loop;
  constexpr size_t kCapacity = 1 << 20;
  auto output = OutputStream::open(loop, pair.near, {}, kCapacity);
  REQUIRE(output.ok());
  const std::string frame(1000, 'd');
  for (int i = 0; i < 5000; ++i) (*output)->write(frame, Traffic::diagnostics);
  CHECK((*output)->queued_bytes() <= kCapacity);
  CHECK((*output)->num_dropped() > 3000);
  CHECK((*output)->write("reply", Traffic::reply));
  loop.post([&] { loop.stop(); });
  loop.run();
  output->reset();
  ::close(pair.far);
}

TEST_CASE("a client that is gone is noticed once") {
  ::signal(SIGPIPE, SIG_IGN);
  const Pair pair = make_pipe(false);
  ::close(pair.far);
  EventLoop loop;
  int failures = 0;
  bool drained = false;
  auto output = OutputStream::open(loop, pair.near, [&] {
    ++failures;
    loop.stop();
  });
  REQUIRE(output.ok());
  (*output)->write("a", Traffic::reply);
  (*output)->write("b", Traffic::reply);
  (*output)->when_drained([&] { drained = true; });
  loop.run();
  CHECK(failures == 1);
  CHECK(drained);
  CHECK_FALSE((*output)->write("c", Traffic::reply));
}
