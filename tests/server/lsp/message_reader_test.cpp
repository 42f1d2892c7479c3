#include "server/lsp/message_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fakes.h"

using namespace lacuna;
using namespace lacuna::server;

namespace {

std::string frame(const std::string& body) {
  return "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// A reader and what it handed out, as text.
struct Reading {
  ManualScheduler scheduler;
  std::vector<std::string> events;
  MessageReader reader{
      scheduler,
      {.message = [this](const Json& message) { events.push_back(message["method"].get<std::string>()); },
       .malformed = [this](const Error&) { events.push_back("malformed"); },
       .failed = [this](const Error&) { events.push_back("failed"); },
       .ended = [this](bool mid_frame) { events.push_back(mid_frame ? "cut" : "end"); }}};
};

std::string message(const std::string& method, size_t padding = 0) {
  return frame(R"({"method":")" + method + R"(","params":")" + std::string(padding, 'x') + "\"}");
}

}  // namespace

TEST_CASE("small messages are handed out at once, large ones after a worker has parsed them, in order") {
  Reading reading;
  reading.reader.feed(message("a") + message("big", 1 << 20) + message("b"));
  CHECK(reading.events == std::vector<std::string>{"a"});
  reading.reader.feed(message("c"));
  CHECK(reading.events == std::vector<std::string>{"a"});
  reading.scheduler.settle();
  CHECK(reading.events == std::vector<std::string>{"a", "big", "b", "c"});
}

TEST_CASE("the end comes last, also while a worker parses") {
  Reading reading;
  reading.reader.feed(message("big", 1 << 20) + message("b"));
  reading.reader.end();
  CHECK(reading.events.empty());
  reading.scheduler.settle();
  CHECK(reading.events == std::vector<std::string>{"big", "b", "end"});
}

TEST_CASE("an end inside a frame is told") {
  Reading reading;
  reading.reader.feed(message("a") + "Content-Length: 5\r\n\r\n{");
  reading.reader.end();
  CHECK(reading.events == std::vector<std::string>{"a", "cut"});
}

TEST_CASE("a body that is not JSON is malformed, and what it swallowed is read again") {
  Reading reading;
  const std::string next = message("next");
  reading.reader.feed("Content-Length: " + std::to_string(2 + next.size()) + "\r\n\r\n{{" + next + message("last"));
  CHECK(reading.events == std::vector<std::string>{"malformed", "next", "last"});
}

TEST_CASE("a reader that ended does not answer a worker that did not") {
  ManualScheduler scheduler;
  int messages = 0;
  {
    MessageReader reader(scheduler, {.message = [&](const Json&) { ++messages; },
                                     .malformed = [](const Error&) {},
                                     .failed = [](const Error&) {},
                                     .ended = [](bool) {}});
    reader.feed(message("big", 1 << 20));
  }
  scheduler.settle();
  CHECK(messages == 0);
}
