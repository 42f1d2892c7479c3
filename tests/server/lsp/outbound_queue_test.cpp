#include "server/lsp/outbound_queue.h"

#include <doctest/doctest.h>

#include <string>

using namespace lacuna::server;

TEST_CASE("frames come out in order") {
  OutboundQueue queue(100);
  CHECK(queue.push("a", Traffic::reply));
  CHECK(queue.push("b", Traffic::diagnostics));
  CHECK(queue.pop() == "a");
  CHECK(queue.pop() == "b");
  CHECK(queue.empty());
  CHECK(queue.bytes() == 0);
}

TEST_CASE("a full queue drops diagnostics first, then notices, and never replies") {
  OutboundQueue queue(40);
  queue.push("diagnostic", Traffic::diagnostics);
  queue.push("notice....", Traffic::notice);
  queue.push("reply.....", Traffic::reply);
  queue.push("request...", Traffic::request);
  CHECK(queue.bytes() == 40);
  CHECK(queue.push("request 2.", Traffic::request));
  CHECK(queue.num_dropped() == 1);
  CHECK(queue.push("reply 2...", Traffic::reply));
  CHECK(queue.num_dropped() == 2);
  CHECK(queue.push("reply 3...", Traffic::reply));
  CHECK(queue.bytes() == 50);
  CHECK_FALSE(queue.push("request 3.", Traffic::request));
  CHECK_FALSE(queue.push("notice 2..", Traffic::notice));
  CHECK_FALSE(queue.push("diagnosti2", Traffic::diagnostics));
  CHECK(queue.num_dropped() == 5);
  for (const char* left : {"reply.....", "request...", "request 2.", "reply 2...", "reply 3..."})
    CHECK(queue.pop() == left);
  CHECK(queue.empty());
}

TEST_CASE("a class keeps its older frames") {
  OutboundQueue queue(2);
  CHECK(queue.push("1", Traffic::diagnostics));
  CHECK(queue.push("2", Traffic::diagnostics));
  CHECK_FALSE(queue.push("3", Traffic::diagnostics));
  CHECK(queue.pop() == "1");
  CHECK(queue.pop() == "2");
}
