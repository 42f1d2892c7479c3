#include "server/lsp/framing.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "server/lsp/json.h"

using namespace lacuna;
using namespace lacuna::server;

namespace {

std::string frame(const std::string& body) {
  return "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// A JSON string of `size` bytes.
std::string quoted(size_t size) {
  std::string text(size, 'x');
  text.front() = text.back() = '"';
  return text;
}

struct Outcome {
  std::vector<std::string> bodies;
  std::vector<std::string> faults;
  bool gave_up = false;
};

/// Takes out what there is, as MessageReader does: a body that is not JSON is rejected.
void drain(FrameReader& reader, Outcome& outcome) {
  while (auto next = reader.next()) {
    if (!next->ok()) {
      outcome.gave_up = outcome.gave_up || next->error().code == ErrorCode::exhausted;
      outcome.faults.push_back(next->error().message);
    } else if (parse_json(**next).ok()) {
      outcome.bodies.push_back(**next);
      reader.accept();
    } else {
      outcome.faults.push_back("body");
      reader.reject(**next);
    }
  }
}

Outcome read_all(const std::string& input, size_t stride = std::string::npos) {
  FrameReader reader;
  Outcome outcome;
  for (size_t i = 0; i < input.size(); i += std::min(stride, input.size() - i)) {
    reader.feed(std::string_view(input).substr(i, stride));
    drain(reader, outcome);
  }
  return outcome;
}

const std::string kGood = R"({"jsonrpc":"2.0","method":"good"})";

/// Whatever stands before it, the next good frame comes out, once; with all bytes at once and with single ones.
void check_recovers(const std::string& bad) {
  CAPTURE(bad.substr(0, 100));
  for (const size_t stride : {std::string::npos, size_t{1}, size_t{7}}) {
    const Outcome outcome = read_all(bad + frame(kGood) + frame(kGood), stride);
    REQUIRE(!outcome.bodies.empty());
    CHECK(outcome.bodies.back() == kGood);
    CHECK(outcome.bodies.size() <= 3);
    CHECK(!outcome.faults.empty());
    CHECK_FALSE(outcome.gave_up);
  }
}

}  // namespace

TEST_CASE("frames come out whole, wherever the input is cut") {
  const std::string input = frame("{}") + frame(kGood) + frame(R"("é")");
  for (size_t cut = 0; cut <= input.size(); ++cut) {
    FrameReader reader;
    Outcome outcome;
    reader.feed(std::string_view(input).substr(0, cut));
    drain(reader, outcome);
    reader.feed(std::string_view(input).substr(cut));
    drain(reader, outcome);
    CHECK(outcome.bodies == std::vector<std::string>{"{}", kGood, R"("é")"});
    CHECK(outcome.faults.empty());
    CHECK_FALSE(reader.mid_frame());
  }
}

TEST_CASE("an input that ends inside a frame is told from one that ends between frames") {
  const std::string input = frame(kGood);
  for (size_t cut = 0; cut < input.size(); ++cut) {
    FrameReader reader;
    Outcome outcome;
    reader.feed(std::string_view(input).substr(0, cut));
    drain(reader, outcome);
    CHECK(reader.mid_frame() == (cut > 0));
    CHECK(outcome.bodies.empty());
  }
}

TEST_CASE("random chunks give the same frames") {
  std::mt19937 random(1);
  std::string input;
  std::vector<std::string> bodies;
  for (int i = 0; i < 50; ++i) {
    bodies.push_back(quoted(2 + random() % 3000));
    input += frame(bodies.back());
  }
  for (int round = 0; round < 50; ++round) {
    FrameReader reader;
    Outcome outcome;
    for (size_t i = 0; i < input.size();) {
      const size_t size = std::min<size_t>(1 + random() % 5000, input.size() - i);
      reader.feed(std::string_view(input).substr(i, size));
      drain(reader, outcome);
      i += size;
    }
    CHECK(outcome.bodies == bodies);
    CHECK(outcome.faults.empty());
  }
}

TEST_CASE("headers that are odd but clear are accepted") {
  const auto accepted = [](const std::string& header) {
    const Outcome outcome = read_all(header + kGood);
    CAPTURE(header);
    CHECK(outcome.bodies == std::vector<std::string>{kGood});
    CHECK(outcome.faults.empty());
  };
  const std::string length = std::to_string(kGood.size());
  accepted("content-length: " + length + "\r\n\r\n");
  accepted("CONTENT-LENGTH:" + length + "\r\n\r\n");
  accepted("Content-Length : " + length + "\r\n\r\n");
  accepted("Content-Length: " + length + "\n\n");
  accepted("Content-Length: 00" + length + "\r\n\r\n");
  accepted("Content-Length: " + length + "\r\nContent-Length: " + length + "\r\n\r\n");
  accepted("Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: " + length + "\r\n\r\n");
  accepted("Content-Length: " + length + "\r\nContent-Type: application/vscode-jsonrpc; charset=\"utf8\"\r\n\r\n");
  accepted("X-Unknown: anything\r\nContent-Length: " + length + "\r\n\r\n");
  accepted("\r\n\r\nContent-Length: " + length + "\r\n\r\n");
}

TEST_CASE("after a bad header, reading goes on at the next good frame") {
  for (const char* length : {"-1", "+5", "0x10", "1e3", "", " ", "5 5", "12a", "2147483648", "9223372036854775808",
                             "18446744073709551616", "67108865"}) {
    check_recovers("Content-Length: " + std::string(length) + "\r\n\r\n" + kGood);
  }
  check_recovers("Content-Length: " + std::string(100, '9') + "\r\n\r\n" + kGood);
  check_recovers("Content-Length: 0\r\n\r\n");
  check_recovers("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}");
  check_recovers("Content-Length: 2\r\nContent-Type: text; charset=latin1\r\n\r\n{}");
  check_recovers("Content-Length: 2\r\r{}");
  check_recovers("Content-Type: text\r\n\r\n{}");
  check_recovers("no header at all\r\n\r\n");
  check_recovers("Content-Length: 5\r\n" + kGood);  // no blank line
  check_recovers("X: " + std::string(1 << 20, 'x'));
  std::string many;
  for (int i = 0; i < 100000; ++i) many += "X-Many: 1\r\n";
  check_recovers(many);
}

TEST_CASE("a body that is shorter or longer than said costs no more than its neighbours") {
  check_recovers("Content-Length: 10\r\n\r\n" + kGood);                                         // the rest is noise
  check_recovers("Content-Length: " + std::to_string(kGood.size() + 20) + "\r\n\r\n" + kGood);  // eats the next header
  check_recovers(frame(kGood + kGood));                                                         // two glued together
  check_recovers(frame(kGood + std::string(1, '\0')));
  check_recovers(frame(std::string("\xff\xfe{\0}\0", 6)));  // UTF-16
}

TEST_CASE("noise between frames is skipped") {
  std::mt19937 random(2);
  for (int round = 0; round < 30; ++round) {
    std::string noise = "\x01";
    for (int i = 0; i < 2000; ++i) noise += static_cast<char>(random());
    check_recovers(noise + "\n");
  }
}

TEST_CASE("a length that is only announced reserves no memory") {
  FrameReader reader;
  reader.feed("Content-Length: 67108864\r\n\r\n");
  CHECK_FALSE(reader.next().has_value());
  CHECK(reader.buffered_bytes() == 0);
  reader.feed("abc");
  CHECK_FALSE(reader.next().has_value());
  CHECK(reader.buffered_bytes() == 3);
}

TEST_CASE("the limits hold at their edge") {
  FrameLimits limits;
  limits.body_bytes = 100;
  limits.header_bytes = 50;
  const auto reads = [&](const std::string& input) {
    FrameReader reader(limits);
    Outcome outcome;
    reader.feed(input);
    drain(reader, outcome);
    return outcome.bodies.size() == 1;
  };
  CHECK(reads(frame(quoted(100))));
  CHECK_FALSE(reads(frame(quoted(101))));
  const std::string header = "Content-Length: 2\r\n";
  const auto padded = [&](size_t size) {
    return header + "X:" + std::string(size - header.size() - 6, 'y') + "\r\n\r\n{}";
  };
  CHECK(reads(padded(50)));
  CHECK_FALSE(reads(padded(51)));
}

TEST_CASE("input that is not the protocol is given up, and only after many faults") {
  std::string junk;
  for (int i = 0; i < 2000; ++i) junk += "Content-Length: x\r\n\r\n";
  FrameReader reader;
  Outcome outcome;
  reader.feed(junk);
  drain(reader, outcome);
  CHECK(outcome.gave_up);
  CHECK(outcome.faults.size() == 1002);
  reader.feed(frame(kGood));
  CHECK_FALSE(reader.next().has_value());
}

TEST_CASE("a good frame forgives the faults before it") {
  FrameReader reader;
  Outcome outcome;
  for (int i = 0; i < 3000; ++i) {
    reader.feed("Content-Length: x\r\n\r\n" + frame("{}"));
    drain(reader, outcome);
  }
  CHECK(outcome.bodies.size() == 3000);
  CHECK_FALSE(outcome.gave_up);
}
